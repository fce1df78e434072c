import numpy as np
import pytest

from clusterpanel.geocode.points import Points, centres_of, distance_m


def points(*pairs: tuple[float, float]) -> Points:
    latitude, longitude = np.array(pairs, dtype=np.float64).T
    return Points(latitude, longitude)


def test_a_degree_of_latitude_and_of_longitude_is_as_long_as_on_wgs84() -> None:
    # Geodesic lengths by Vincenty on WGS84: 0-1 N on a meridian, 0-1 E on the equator.
    found = distance_m(points((0, 0), (0, 0)), points((1, 0), (0, 1)))
    assert found == pytest.approx([110_574.4, 111_319.5], rel=2e-5)


def test_the_centre_of_points_on_both_sides_of_the_antimeridian_lies_on_it() -> None:
    centres = centres_of(points((0, 179), (0, -179)), np.array([0, 1]), np.array([0]))
    assert abs(centres.points.longitude[0]) == pytest.approx(180)
    assert centres.spread_m[0] == pytest.approx(111_319, rel=1e-3)


def test_a_single_point_is_its_own_centre_to_the_last_bit() -> None:
    centres = centres_of(points((47.123456789, 15.987654321)), np.array([0]), np.array([0]))
    assert centres.points.latitude[0] == 47.123456789
    assert centres.points.longitude[0] == 15.987654321
    assert centres.spread_m[0] == 0


def test_each_group_has_its_own_centre_and_nearest_member() -> None:
    here = points((10, 10), (10, 10.1), (10, 10.3), (50, 0), (50, 2))
    centres = centres_of(here, np.array([3, 4, 0, 1, 2]), np.array([0, 2]))
    assert centres.points.longitude == pytest.approx([1, 10.1333], abs=1e-3)
    assert centres.nearest.tolist() == [3, 1]
