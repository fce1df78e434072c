"""The map neither distorts areas nor gives sites away."""

import numpy as np
import pytest
from pyproj import Geod
from shapely import Point, Polygon, get_coordinates, points, union_all

from clusterpanel.report.map_sites import Sites, far_sentence
from clusterpanel.report.projection import Projection, coarsened, cut_corners, projection_of


@pytest.mark.parametrize("latitude", [0.0, 35.0, 62.0])
def test_projection_keeps_areas(latitude: float) -> None:
    square = Polygon([(10, latitude), (11, latitude), (11, latitude + 1), (10, latitude + 1)]).segmentize(
        0.01
    )
    truth = abs(Geod(ellps="WGS84").geometry_area_perimeter(square)[0])
    assert Projection(14.0, latitude + 3).shape(square).area == pytest.approx(truth, rel=1e-3)


def test_map_of_islands_on_both_sides_of_the_antimeridian_is_centred_there() -> None:
    fiji = np.array([[179.5, -17.0], [-179.5, -18.0]])
    projection = projection_of(fiji)
    assert abs(projection.longitude) == pytest.approx(180, abs=0.1)
    assert np.ptp(projection.forward(fiji)[:, 0]) < 120_000


def test_coarsened_border_is_made_of_grid_points_alone() -> None:
    sites = np.array([[3_123.4, 4_321.0], [9_876.5, 8_008.8], [14_014.1, 5_555.5]])
    coarse = coarsened(union_all(points(sites)).buffer(6_000), 5_000)
    # Two rounds of cutting corners at a quarter leave sixteenths of the grid.
    sixteenths = get_coordinates(coarse) / (5_000 / 16)
    assert np.abs(sixteenths - np.round(sixteenths)).max() < 1e-6


def test_coarsened_shape_covers_about_the_same_place() -> None:
    shape = union_all([Point(0, 0).buffer(20_000), Point(25_000, 8_000).buffer(20_000)])
    coarse = coarsened(shape, 2_000)
    assert coarse.intersection(shape).area / coarse.union(shape).area > 0.85


def test_shape_smaller_than_a_cell_does_not_vanish() -> None:
    assert coarsened(Point(0, 0).buffer(10), 5_000).area > 0


def test_cut_corners_keeps_a_ring_closed_and_inside_its_hull() -> None:
    ring = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0], [0.0, 0.0]])
    cut = cut_corners(ring)
    assert len(cut) == 9
    assert (cut[0] == cut[-1]).all()
    assert Polygon(ring).covers(Polygon(cut))


def test_few_far_sites_are_not_counted_out_loud() -> None:
    sites = Sites(np.array([1, 1, 2]), np.zeros((3, 2)), np.array([4, 1, 1]))
    assert far_sentence(sites, 3) == " A few sites, far from the others, lie outside the map."
    assert far_sentence(sites, 2) == " 6 sites, far from the others, lie outside the map."
    assert far_sentence(sites.where(np.array([False, False, True])), 1).startswith(
        " 1 site, far from the others, lies"
    )
    assert far_sentence(sites.where(np.zeros(3, dtype=bool)), 1) == ""
