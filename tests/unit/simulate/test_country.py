import json
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterpanel.simulate.country import Country, distance_km, draw_country
from clusterpanel.simulate.dials import Dials
from clusterpanel.simulate.economy import BELT_KM, CLUSTER_RADIUS_KM, CLUSTER_SEPARATION_KM
from clusterpanel.simulate.geography_files import zoning_text
from clusterpanel.simulate.names import place_names, postcodes


def country_of(**given: int) -> Country:
    dials = Dials(**given)  # type: ignore[arg-type]
    return draw_country(dials, np.random.default_rng(dials.seed))


@given(regions=st.integers(1, 99), seed=st.integers(0, 1_000))
@settings(max_examples=25, deadline=None)
def test_regions_tile_the_land_within_its_box(regions: int, seed: int) -> None:
    country = country_of(regions=regions, industries=2, seed=seed)
    polygons = shapely.polygons(country.borders)
    land = shapely.union_all(polygons)
    assert len(polygons) == regions
    assert shapely.is_valid(polygons).all()
    assert land.geom_type == "Polygon"
    assert len(land.interiors) == 0
    assert shapely.area(polygons).sum() == pytest.approx(land.area, rel=1e-9)
    assert shapely.box(-35, 44, -25, 50).covers(land)


def test_every_postcode_lies_in_its_region() -> None:
    country = country_of(firm_years=200_000)
    own = shapely.polygons(country.borders)[country.region]
    assert shapely.intersects_xy(own, country.longitude, country.latitude).all()


def test_clusters_are_discs_and_the_rest_of_the_industry_keeps_away() -> None:
    country = country_of(firm_years=60_000)
    for industry in range(12):
        centre = np.flatnonzero(country.cluster_industry == industry)
        distance = distance_km(
            country.latitude[:, None],
            country.longitude[:, None],
            country.cluster_latitude[centre],
            country.cluster_longitude[centre],
        ).min(axis=1)
        assert len(centre) in {2, 3}
        assert distance[country.inside[industry]].max() <= CLUSTER_RADIUS_KM
        assert distance[country.outside[industry]].min() > BELT_KM


def test_clusters_of_an_industry_lie_apart() -> None:
    country = country_of(firm_years=200_000)
    for industry in range(40):
        own = country.cluster_industry == industry
        latitude, longitude = country.cluster_latitude[own], country.cluster_longitude[own]
        between = distance_km(latitude[:, None], longitude[:, None], latitude, longitude)
        # The flat distance is taken at either end's latitude: 2 % apart across the whole country.
        assert between[~np.eye(own.sum(), dtype=bool)].min() > 0.97 * CLUSTER_SEPARATION_KM


def test_postcodes_and_places_are_named_once_and_tell_their_region() -> None:
    country = country_of(firm_years=60_000)
    codes = postcodes(country).to_pylist()
    assert len(set(codes)) == len(codes)
    assert [int(code[:2]) - 1 for code in codes] == country.region.tolist()
    names = place_names(country).to_pylist()
    assert len(set(names)) == len(names)
    assert all(name.startswith("Simulated ") for name in names)


def test_the_zoning_is_geojson_with_closed_rings(tmp_path: Path) -> None:
    features = json.loads(zoning_text(country_of(regions=6)))["features"]
    assert [feature["properties"]["region_code"] for feature in features] == [f"XS-0{n}" for n in range(1, 7)]
    for feature in features:
        (ring,) = feature["geometry"]["coordinates"]
        assert ring[0] == ring[-1]
        assert shapely.LinearRing(ring).is_ccw
