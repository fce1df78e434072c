"""Distances on WGS84 against Karney's test set and lengths known from the ellipsoid itself."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clusterpanel.clusters.earth import (
    EQUATOR_M,
    GEOD,
    chord_m,
    from_ecef,
    geodesic_km,
    to_ecef,
    wrapped_longitude,
)


def one(*degrees: float) -> list[np.ndarray]:
    return [np.array([value]) for value in degrees]


def test_geodesics_are_karneys_to_a_millimetre(shared_data: Path) -> None:
    # GeographicLib 2.1's published test set, of which 20 lines are kept in cases/.
    cases = pd.read_csv(shared_data / "cases" / "geodesic_wgs84_tests.csv")
    columns = [cases[name].to_numpy() for name in ("lat1", "lon1", "lat2", "lon2")]
    np.testing.assert_allclose(geodesic_km(*columns) * 1000, cases.s12_m, atol=1e-3, rtol=0)


@pytest.mark.parametrize(
    ("pair", "kilometres"),
    [
        # A degree of the equator: 2 pi a / 360.
        ((0, 0, 0, 1), 2 * np.pi * EQUATOR_M / 360 / 1000),
        # The same degree across 180 degrees of longitude.
        ((0, 179.5, 0, -179.5), 2 * np.pi * EQUATOR_M / 360 / 1000),
        # A quarter of the meridian ellipse of WGS84 (Rapp 1991; 10 001.965 729 km).
        ((0, 0, 90, 0), 10_001.965729),
        # Over the pole: a degree of latitude each side, 111.693 9 km each (meridian arc 89 to 90 degrees).
        ((89, 10, 89, -170), 2 * 111.693865),
        # The pole has one place and any longitude.
        ((90, 0, 90, 123), 0.0),
    ],
)
def test_geodesics_known_from_the_ellipsoid(pair: tuple[float, ...], kilometres: float) -> None:
    assert geodesic_km(*one(*pair))[0] == pytest.approx(kilometres, rel=1e-7, abs=1e-9)


def test_chords_stand_in_for_geodesics_to_a_tenth_of_a_per_mille_up_to_1000_km() -> None:
    random = np.random.default_rng(3)
    n = 20_000
    latitude, longitude = random.uniform(-89, 89, n), random.uniform(-180, 180, n)
    kilometres = 10 ** random.uniform(-2, 3, n)
    far = GEOD.fwd(longitude, latitude, random.uniform(0, 360, n), kilometres * 1000)
    apart = np.linalg.norm(to_ecef(latitude, longitude) - to_ecef(far[1], far[0]), axis=1)
    error = np.abs(apart - chord_m(kilometres))
    assert (error / (kilometres * 1000)).max() < 1e-4
    assert error[kilometres <= 100].max() < 0.02


def test_earth_centred_coordinates_go_there_and_back() -> None:
    latitude, longitude = np.array([0.0, 57.1, -89.9, 90.0]), np.array([180.0, 14.2, -179.9, 0.0])
    back = from_ecef(to_ecef(latitude, longitude))
    np.testing.assert_allclose(back[0], latitude, atol=1e-11)
    np.testing.assert_allclose(back[1], longitude, atol=1e-11)


def test_longitudes_are_wrapped_and_those_within_keep_every_bit() -> None:
    longitude = np.array([180.0, -180.0, 190.0, -190.0, 0.1, 359.0])
    np.testing.assert_array_equal(wrapped_longitude(longitude), [-180, -180, -170, 170, 0.1, -1])
