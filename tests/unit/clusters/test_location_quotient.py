"""Regions where an industry weighs more than it does overall, each firm left out of its own."""

from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely

from clusterpanel.errors import DataError, NotIdentifiedError, SpecError
from clusterpanel.spec.clusters import ClusterSpec
from clusterpanel.spec.places import ZoningSpec

from .conftest import Draw, a_spec

ZONING = ZoningSpec(
    kind="zoning",
    name="squares",
    title="Squares",
    origin="invented",
    licence="none",
    file="zones.geojson",
    columns={"region_code": "code"},
)
THRESHOLD, MINIMUM = 1.25, 2


def spec_of(weight: str = "sites") -> ClusterSpec:
    return a_spec(
        {
            "method": "location_quotient",
            "zoning": "squares",
            "threshold": THRESHOLD,
            "minimum_members": MINIMUM,
            "weight": weight,
        }
    )


def random_sites(seed: int, n: int = 60) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    longitude, latitude = 14 + random.uniform(0, 4, n), 57 + random.uniform(0, 1, n)
    return pd.DataFrame(
        {
            "site_id": [f"s{i:02d}" for i in range(n)],
            "year": 2001,
            "firm_id": [f"f{i}" for i in random.integers(0, 25, n)],
            "industry_code": random.choice(["a", "b", "c"], n),
            "latitude": latitude,
            "longitude": longitude,
            "region_code": [f"r{int(value)}" for value in longitude - 14],
            "employment": random.integers(1, 100, n).astype(float),
        }
    )


@pytest.fixture
def zones(tmp_path: Path) -> Path:
    squares = [shapely.box(14 + i, 57, 15 + i, 58) for i in range(4)]
    frame = geopandas.GeoDataFrame({"code": [f"r{i}" for i in range(4)]}, geometry=squares, crs=4326)
    frame.to_file(tmp_path / "zones.geojson", driver="GeoJSON")
    return tmp_path


def clusters_of(sites: pd.DataFrame, weight: str) -> set[tuple[str, str]]:
    """The definition, region by region."""
    amount = sites.employment if weight == "employment" else pd.Series(1.0, sites.index)
    found = set()
    for (industry, region), chosen in sites.groupby(["industry_code", "region_code"]):
        local = amount[chosen.index].sum() / amount[sites.region_code == region].sum()
        overall = amount[sites.industry_code == industry].sum() / amount.sum()
        if local / overall >= THRESHOLD and len(chosen) >= MINIMUM:
            found.add((str(industry), str(region)))
    return found


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("weight", ["sites", "employment"])
def test_membership_equals_a_literal_redraw_without_the_firm(
    drawn: Draw, zones: Path, seed: int, weight: str
) -> None:
    sites = random_sites(seed)
    clusters, exposure = drawn(sites, spec_of(weight), (ZONING,))
    table = clusters.clusters.to_pandas()
    assert set(zip(table.industry, table.region_code, strict=True)) == clusters_of(sites, weight)
    found = exposure.set_index("site_id")
    for site in sites.itertuples():
        expected = clusters_of(sites[sites.firm_id != site.firm_id], weight)
        row = found.loc[site.site_id]
        assert row.in_cluster == ((site.industry_code, site.region_code) in expected)
        regions = [int(region[1]) for industry, region in expected if industry == site.industry_code]
        if not regions:
            assert np.isnan(row.distance_edge_km)
            continue
        off = min(max(14 + region - site.longitude, site.longitude - 15 - region, 0) for region in regions)
        # A degree of longitude between the parallels of 57 and 58 is 59 to 61 km.
        assert 59 * off <= row.distance_edge_km <= 61 * off + 1e-9
        assert (row.depth_km > 0) == row.in_cluster


def test_the_whole_firm_is_subtracted_from_the_industry_and_the_country_too(drawn: Draw, zones: Path) -> None:
    # Without the big firm in r1, industry a is rarer overall, and r0 becomes a cluster of it for that firm.
    places = {"r0": (14.5, "aabbb"), "r1": (15.5, "aaaabbb")}
    rows = [(code, longitude, industry) for code, (longitude, mix) in places.items() for industry in mix]
    sites = pd.DataFrame(rows, columns=["region_code", "longitude", "industry_code"]).assign(
        site_id=lambda f: [f"s{i:02d}" for i in range(len(f))], year=2001, latitude=57.5
    )
    is_big = (sites.region_code == "r1") & (sites.industry_code == "a")
    sites["firm_id"] = np.where(is_big, "big", sites.site_id)
    sites = pd.concat([sites, sites[is_big].assign(region_code="r0", longitude=14.5, site_id="s99").head(1)])
    spec = a_spec({**spec_of().draw.model_dump(), "threshold": 1.05})
    clusters, exposure = drawn(sites, spec, (ZONING,))
    assert (
        "r0"
        not in clusters.clusters.filter(np.array(clusters.clusters.column("industry").to_pylist()) == "a")
        .column("region_code")
        .to_pylist()
    )
    row = exposure.set_index("site_id").loc["s99"]
    assert row.in_cluster
    assert pd.isna(row.cluster_id)


def test_no_region_high_enough_says_the_highest(drawn: Draw, zones: Path) -> None:
    spec = a_spec({**spec_of().draw.model_dump(), "threshold": 50.0})
    with pytest.raises(NotIdentifiedError, match="the highest quotient is"):
        drawn(random_sites(1), spec, (ZONING,))


def test_another_zoning_than_the_sites_have_is_refused(drawn: Draw) -> None:
    with pytest.raises(SpecError, match="squares"):
        drawn(random_sites(1), spec_of())


def test_a_region_without_a_polygon_is_refused(drawn: Draw, zones: Path) -> None:
    with pytest.raises(DataError, match="each have a polygon"):
        drawn(random_sites(1).assign(region_code="r9"), spec_of(), (ZONING,))


def test_employment_that_no_site_has_is_refused(drawn: Draw, zones: Path) -> None:
    with pytest.raises(SpecError, match="employment"):
        drawn(random_sites(1).drop(columns="employment"), spec_of("employment"), (ZONING,))
