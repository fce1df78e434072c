"""Density clusters of a handful of sites."""

import numpy as np
import pandas as pd
import pytest
import shapely

from clusterpanel.clusters.earth import GEOD
from clusterpanel.errors import DataError, NotIdentifiedError, SpecError
from clusterpanel.spec.clusters import ClusterSpec

from .conftest import Draw, a_spec

SPEC = a_spec({"method": "dbscan", "eps_km": 3.0, "minimum_members": 4})


def row_of_sites(n: int, *, firms: list[str] | None = None, longitude: float = 14.0) -> pd.DataFrame:
    """Sites a kilometre apart going north from 57 degrees, each of its own firm unless said otherwise."""
    return pd.DataFrame(
        {
            "site_id": [f"s{i}" for i in range(n)],
            "year": 2001,
            "firm_id": firms or [f"f{i}" for i in range(n)],
            "industry_code": "a",
            "latitude": 57 + np.arange(n) / 111.4,
            "longitude": longitude,
        }
    )


def stacked(n: int, latitude: float = 57.0, longitude: float = 14.0) -> pd.DataFrame:
    """Sites on one point, each of its own firm."""
    return row_of_sites(n).assign(latitude=latitude, longitude=longitude)


def test_a_cluster_of_exactly_the_minimum_is_none_for_its_own_members(drawn: Draw) -> None:
    clusters, exposure = drawn(stacked(4), SPEC)
    assert clusters.clusters.column("members").to_pylist() == [4]
    assert not exposure.in_cluster.any()
    assert exposure.distance_edge_km.isna().all()


def test_one_more_than_the_minimum_is_a_cluster_for_every_member(drawn: Draw) -> None:
    _, exposure = drawn(stacked(5), SPEC)
    assert exposure.in_cluster.all()
    assert (exposure.distance_edge_km == 0).all()
    assert (exposure.depth_km == 3).all()


def test_many_sites_of_one_firm_are_a_cluster_for_others_only(drawn: Draw) -> None:
    sites = stacked(6).assign(firm_id=["big"] * 5 + ["small"])
    _, exposure = drawn(sites, SPEC)
    assert exposure.set_index("site_id").in_cluster.to_dict() == {f"s{i}": i == 5 for i in range(6)}


def test_an_outsider_is_as_far_from_the_edge_as_the_geodesic_less_eps(drawn: Draw) -> None:
    outsider = stacked(1, longitude=14.5).assign(site_id="far", firm_id="far")
    _, exposure = drawn(pd.concat([stacked(4), outsider]), SPEC)
    far = exposure.set_index("site_id").loc["far"]
    kilometres = GEOD.inv(14.0, 57.0, 14.5, 57.0)[2] / 1000
    assert not far.in_cluster
    assert far.cluster_id == "a-2001-001"
    assert far.distance_edge_km == pytest.approx(kilometres - 3, abs=1e-9)
    assert far.depth_km == 0
    assert far.distance_centre_km == pytest.approx(kilometres, abs=1e-6)
    assert far.distance_member_km == pytest.approx(kilometres, abs=1e-9)


def test_the_drawn_shape_is_the_circle_of_eps_around_the_core(drawn: Draw) -> None:
    clusters, _ = drawn(stacked(5), SPEC)
    shape = shapely.from_wkb(clusters.clusters.column("geometry")[0].as_py())
    corners = shapely.get_coordinates(shape)
    radii = [GEOD.inv(14.0, 57.0, *corner)[2] for corner in corners]
    assert radii == pytest.approx([3000.0] * len(corners), abs=1e-3)
    area = clusters.clusters.column("area_km2")[0].as_py()
    assert area == pytest.approx(np.pi * 9, rel=5e-4)


def test_border_sites_are_members_but_no_cores(drawn: Draw) -> None:
    clusters, _ = drawn(row_of_sites(4), a_spec({"method": "dbscan", "eps_km": 2.2, "minimum_members": 4}))
    members = clusters.members.to_pandas().set_index("site_id")
    assert members.is_core.to_dict() == {"s0": False, "s1": True, "s2": True, "s3": False}


def test_a_cluster_across_the_antimeridian_is_cut_there_and_keeps_its_area(drawn: Draw) -> None:
    across, _ = drawn(stacked(5, longitude=179.99), SPEC)
    shape = shapely.from_wkb(across.clusters.column("geometry")[0].as_py())
    assert shape.geom_type == "MultiPolygon"
    west, _, east, _ = shape.bounds
    assert (west, east) == (-180, 180)
    assert all(part.bounds[2] - part.bounds[0] < 1 for part in shape.geoms)
    assert sum(abs(GEOD.geometry_area_perimeter(part)[0]) for part in shape.geoms) / 1e6 == pytest.approx(
        across.clusters.column("area_km2")[0].as_py(), rel=1e-4
    )


def test_neighbours_across_the_antimeridian_are_neighbours(drawn: Draw) -> None:
    sites = stacked(5).assign(longitude=[179.99, -179.99, 180.0, -180.0, 179.995])
    clusters, exposure = drawn(sites, SPEC)
    assert clusters.clusters.column("members").to_pylist() == [5]
    assert exposure.in_cluster.all()
    assert (exposure.own_count_5km == 4).all()


def test_a_cluster_on_a_pole_is_refused(drawn: Draw) -> None:
    with pytest.raises(DataError, match="pole"):
        drawn(stacked(5, latitude=90.0), SPEC)


def test_the_label_is_the_commonest_place(drawn: Draw) -> None:
    sites = stacked(5).assign(place=["Orrefors", "Kosta", "Kosta", "Orrefors", None])
    clusters, _ = drawn(sites, SPEC)
    assert clusters.clusters.column("label").to_pylist() == ["Kosta"]


def test_no_cluster_at_all_says_how_near_it_came(drawn: Draw) -> None:
    with pytest.raises(NotIdentifiedError, match=r"4 sites .* within 3 km.* most found is 3") as caught:
        drawn(stacked(3), SPEC)
    assert caught.value.exit_code == 10


def test_no_point_at_all_is_a_fault_of_the_data(drawn: Draw) -> None:
    with pytest.raises(DataError, match="no site has a point"):
        drawn(stacked(5).assign(latitude=np.nan), SPEC)


def test_a_vintage_without_sites_is_refused(drawn: Draw) -> None:
    with pytest.raises(SpecError, match="1999"):
        drawn(stacked(5), a_spec(SPEC.draw.model_dump(), vintages=(1999, 2001)))


def test_an_industry_without_a_cluster_is_outside_and_has_no_distance(drawn: Draw) -> None:
    other = stacked(1).assign(site_id="other", firm_id="other", industry_code="b")
    _, exposure = drawn(pd.concat([stacked(5), other]), SPEC)
    row = exposure.set_index("site_id").loc["other"]
    assert row.in_cluster is False or row.in_cluster == np.False_
    assert pd.isna(row.cluster_id)
    assert pd.isna(row.distance_edge_km)
    assert row.all_count_5km == 5
    assert row.own_count_5km == 0


def with_every_gap() -> tuple[pd.DataFrame, ClusterSpec]:
    sites = pd.concat(
        [
            stacked(5),
            stacked(1).assign(site_id="lost", firm_id="lost", latitude=np.nan),
            stacked(1).assign(site_id="out", firm_id="out", industry_code="x"),
            stacked(1).assign(site_id="s0", year=2000, firm_id="f0"),
        ]
    )
    scheme = {"exclude": ["x"]}
    return sites, a_spec(SPEC.draw.model_dump(), industries=scheme)


def test_what_cannot_be_measured_is_missing_and_nothing_else(drawn: Draw) -> None:
    _, exposure = drawn(*with_every_gap())
    rows = exposure.set_index(["site_id", "year"])
    lost, out, early = rows.loc[("lost", 2001)], rows.loc[("out", 2001)], rows.loc[("s0", 2000)]
    cluster = ["in_cluster", "cluster_id", "distance_edge_km", "depth_km", "distance_member_km"]
    assert lost[[*cluster, "own_count_5km", "all_count_5km"]].isna().all()
    assert lost[["cluster_industry", "cluster_vintage"]].notna().all()
    assert out[[*cluster, "cluster_industry", "cluster_vintage", "own_count_5km"]].isna().all()
    assert out.all_count_5km == 5
    assert early[[*cluster, "cluster_vintage"]].isna().all()
    assert early[["own_count_5km", "all_count_5km"]].tolist() == [0, 0]
    assert rows.in_cluster.notna().sum() == 5


def test_the_flow_accounts_for_every_row(drawn: Draw) -> None:
    clusters, exposure = drawn(*with_every_gap())
    aside = {(step.table, step.step): step.rows_set_aside for step in clusters.flow}
    assert aside == {
        ("sites", "keep sites with a point"): 1,
        ("sites", "keep sites of the years clusters are drawn in"): 1,
        ("sites", "keep sites of cluster industries"): 1,
        ("sites", "keep members of clusters"): 0,
        ("exposure", "keep site-years with rings"): 1,
        ("exposure", "keep site-years with a cluster industry"): 1,
        ("exposure", "keep site-years with a vintage"): 1,
    }
    assert clusters.flow[-1].rows_out == exposure.in_cluster.notna().sum()


def test_codes_of_the_scheme_that_no_site_has_are_named(drawn: Draw) -> None:
    sites, _ = with_every_gap()
    scheme = {"groups": {"wood": ["misspelt"]}, "exclude": ["x"]}
    clusters, _ = drawn(sites, a_spec(SPEC.draw.model_dump(), industries=scheme))
    assert clusters.flow[0].reason == "no site has these codes of the cluster spec: misspelt"


def test_each_year_is_measured_against_the_latest_vintage_not_after_it(drawn: Draw) -> None:
    early = stacked(5).assign(year=2001)
    late = pd.concat([stacked(5, latitude=58.0).assign(year=year) for year in (2004, 2005)])
    _, exposure = drawn(pd.concat([early, late]), a_spec(SPEC.draw.model_dump(), vintages=(2001, 2005)))
    by_year = exposure.groupby("year").agg(vintage=("cluster_vintage", "first"), inside=("in_cluster", "all"))
    assert by_year.vintage.to_dict() == {2001: 2001, 2004: 2001, 2005: 2005}
    assert by_year.inside.to_dict() == {2001: True, 2004: False, 2005: True}


def test_of_two_clusters_equally_near_the_first_by_name_is_taken(drawn: Draw) -> None:
    east = stacked(5, longitude=14.3).assign(
        site_id=[f"e{i}" for i in range(5)], firm_id=[f"e{i}" for i in range(5)]
    )
    west = stacked(5, longitude=13.7)
    between = stacked(1).assign(site_id="mid", firm_id="mid")
    clusters, exposure = drawn(pd.concat([east, west, between]), SPEC)
    assert clusters.clusters.column("centre_longitude").to_pylist() == pytest.approx([13.7, 14.3])
    assert exposure.set_index("site_id").cluster_id["mid"] == "a-2001-001"
