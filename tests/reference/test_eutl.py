"""The real plants: what is known of them must come out of the whole line.

The districts and the ceramics figures are those noted beside the data (descriptive, from another program):
closure of ceramics plants on the log number of others in rings of 0-5, 5-25 and 25-100 km, country effects.
"""

from pathlib import Path

import pandas as pd
import pyarrow.compute as pc
import pytest

from clusterpanel.clusters.cluster_map import ClusterMap
from clusterpanel.clusters.draw import draw_clusters
from clusterpanel.designs.design import design
from clusterpanel.designs.estimate import estimate
from clusterpanel.geocode.geocode import geocode
from clusterpanel.models.result import Result
from clusterpanel.panel.assemble import build_panel
from clusterpanel.panel.panel import Panel
from clusterpanel.registry.ingest import ingest
from clusterpanel.registry.registry import Registry
from clusterpanel.spec.read import read_study
from clusterpanel.spec.study import Study

DISTRICTS = {
    "ceramics": ("Castell", "Sassuolo"),
    "paper": ("Lucca",),
    "glass": ("Tettau",),
    "chemicals": ("Antwerp",),
}
INSTALLATIONS = 16_318
PLANT_YEARS = 192_830


@pytest.fixture(scope="module")
def study(shared_data: Path) -> Study:
    folders = {"eutl": shared_data / "eutl", "geonames_postal_europe": shared_data / "places"}
    return read_study("eutl", folders)


@pytest.fixture(scope="module")
def registry(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return geocode(study, ingest(study, tmp_path_factory.mktemp("ingest")), tmp_path_factory.mktemp("geocode"))


@pytest.fixture(scope="module")
def clusters(study: Study, registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> ClusterMap:
    return draw_clusters(study, registry, tmp_path_factory.mktemp("clusters"))


@pytest.fixture(scope="module")
def panel(
    study: Study, registry: Registry, clusters: ClusterMap, tmp_path_factory: pytest.TempPathFactory
) -> Panel:
    return build_panel(study, registry, clusters, tmp_path_factory.mktemp("panel"))


def test_every_row_of_the_register_is_kept_or_quarantined(registry: Registry) -> None:
    read = {step.table: step for step in registry.flow if step.step.startswith("read")}
    quarantined = registry.read("quarantine").num_rows
    assert registry.read("firms").num_rows + quarantined >= INSTALLATIONS
    assert sum(step.rows_in + step.rows_made for step in read.values()) >= 2 * INSTALLATIONS + PLANT_YEARS


def test_nine_plants_of_ten_outside_greece_are_found_by_their_postcode(registry: Registry) -> None:
    points = registry.read("site_points").to_pandas()
    known = points[points["country_code"] != "GR"].drop_duplicates("site_id")
    assert (known["match_level"] == "postcode").mean() > 0.9


@pytest.mark.parametrize(("industry", "places"), DISTRICTS.items())
def test_the_known_districts_are_drawn(
    clusters: ClusterMap, registry: Registry, industry: str, places: tuple[str, ...]
) -> None:
    members = clusters.members.to_pandas()
    sites = registry.read("sites").to_pandas()[["site_id", "place"]].drop_duplicates("site_id")
    drawn = members[members["cluster_id"].str.startswith(f"{industry}-")].merge(sites, on="site_id")
    regions = {**dict.fromkeys(places, False)}
    for place in places:
        regions[place] = drawn["place"].str.contains(place, case=False, na=False).any()
    assert all(regions.values()), regions


def ceramics(panel: Panel) -> pd.DataFrame:
    columns = [
        "firm_id", "year", "country_code", "cluster_industry", "is_exit", "is_regulatory_entry",
        "log_own_ring_0_5km", "log_own_ring_5_25km", "log_own_ring_25_100km",
    ]  # fmt: skip
    rows = panel.read(columns)
    frame = rows.filter(pc.equal(rows["cluster_industry"], "ceramics")).to_pandas()
    exits = frame.groupby("firm_id")["is_exit"].max().rename("has_exit")
    last = frame.sort_values("year").groupby("firm_id").last()
    return last.drop(columns="is_exit").join(exits).reset_index()


def test_ceramics_closure_depends_on_the_radius_as_noted(panel: Panel) -> None:
    plants = Panel.from_frame(ceramics(panel))
    rings = design(
        name="rings",
        comparison="region",
        region="country_code",
        outcome="has_exit",
        exposure="log_own_ring_0_5km",
        controls=("log_own_ring_5_25km", "log_own_ring_25_100km"),
        vcov="HC1",
    )
    result = estimate(rings, plants)
    assert isinstance(result, Result)
    near, middle, far = result.tidy().set_index("term")["estimate"].loc[list((rings.exposure, *rings.controls))]
    print(result.tidy())
    assert abs(near) < 0.05
    assert -0.12 < middle < -0.02
    assert -0.10 < far < 0.02
