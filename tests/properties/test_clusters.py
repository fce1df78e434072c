"""What must hold of clusters and exposure for any sites at all, against literal and slow answers."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import DBSCAN

from clusterpanel.clusters.draw import draw_clusters
from clusterpanel.clusters.earth import GEOD, reach_m, to_ecef
from clusterpanel.clusters.exposure import measure_exposure
from clusterpanel.engine.table_folder import TableFolder
from clusterpanel.errors import NotIdentifiedError
from clusterpanel.registry.registry import Registry
from clusterpanel.spec.clusters import ClusterSpec, DbscanDraw
from clusterpanel.spec.design import DesignSpec
from clusterpanel.spec.study import PanelSpec, Study, StudySpec

EPS_KM, MINIMUM, RADII = 2.345, 3, (1.9, 6.3)
SPEC = ClusterSpec(
    name="near",
    title="Near",
    draw=DbscanDraw(method="dbscan", eps_km=EPS_KM, minimum_members=MINIMUM),
    vintages=(2001,),
    radii_km=RADII,
    activity="employment",
)
KEY = ["site_id", "year"]
MEASURES = ["in_cluster", "distance_edge_km", "depth_km", "distance_member_km"]
RING_COLUMNS = [
    f"{kind}_{r}km"
    for r in ("1_9", "6_3")
    for kind in ("own_count", "all_count", "own_activity", "all_activity")
]


@dataclass(frozen=True)
class Measured:
    clusters: pd.DataFrame
    members: pd.DataFrame
    exposure: pd.DataFrame


def study_of(spec: ClusterSpec, folder: Path) -> Study:
    design = DesignSpec(name="any", comparison="pooled", outcome="size", exposure="in_cluster")
    panel = PanelSpec(first_year=2000, last_year=2003, size="employment")
    study = StudySpec(
        name="small", title="Small", sources=("none",), clusters=spec.name, panel=panel, designs=(design,)
    )
    return Study(folder / "study.toml", study, (), (), spec, {spec.name: folder})


def measured(sites: pd.DataFrame, spec: ClusterSpec = SPEC) -> Measured:
    with TemporaryDirectory() as name:
        folder = Path(name)
        tables = TableFolder.at(folder / "registry")
        table = pa.Table.from_pandas(sites, preserve_index=False)
        tables.write("sites", table.drop_columns(["latitude", "longitude"]))
        tables.write("site_points", table.select([*KEY, "latitude", "longitude"]))
        study, registry = study_of(spec, folder), Registry(tables)
        drawn = draw_clusters(study, registry, folder / "clusters")
        exposure = measure_exposure(study, registry, drawn)
        return Measured(*(t.to_pandas() for t in (drawn.clusters, drawn.members, exposure)))


@st.composite
def worlds(draw: st.DrawFn, middle: tuple[float, float] = (57.1, 14.2)) -> pd.DataFrame:
    """Up to 40 sites of a few firms and two industries on a small lattice, so that many share a point."""
    n = draw(st.integers(6, 40))
    seed = draw(st.integers(0, 2**32 - 1))
    spread = draw(st.sampled_from([3, 6, 12]))
    firms = draw(st.sampled_from([3, 8, 40]))
    random = np.random.default_rng(seed)
    cells = random.integers(0, spread, size=(n, 2))
    employment = random.integers(1, 50, n).astype(float)
    employment[random.random(n) < 0.1] = np.nan
    one_year = pd.DataFrame(
        {
            "site_id": [f"s{i:03d}" for i in range(n)],
            "firm_id": [f"f{i}" for i in random.integers(0, firms, n)],
            "industry_code": random.choice(["a", "b"], n, p=[0.7, 0.3]),
            "latitude": middle[0] + 0.0101 * cells[:, 0],
            "longitude": middle[1] + 0.0193 * cells[:, 1],
            "employment": employment,
        }
    )
    moved = one_year.sample(frac=0.7, random_state=seed % 1000).copy()
    moved["firm_id"] = random.permutation(moved["firm_id"].to_numpy())
    years = [one_year.assign(year=2001), moved.assign(year=2002)]
    return pd.concat(years, ignore_index=True).astype({"year": "int32"})


def distances_km(one: pd.DataFrame, other: pd.DataFrame) -> np.ndarray:
    shape = (len(one), len(other))
    here = [np.broadcast_to(one[c].to_numpy()[:, None], shape) for c in ("longitude", "latitude")]
    there = [np.broadcast_to(other[c].to_numpy()[None, :], shape) for c in ("longitude", "latitude")]
    if 0 in shape:
        return np.zeros(shape)
    return np.asarray(GEOD.inv(*here, *there)[2]).reshape(shape) / 1000


def redrawn_without(site: Any, sites: pd.DataFrame) -> dict[str, float]:
    """Draw the clusters of the site's industry again without its firm, by the definition and nothing else."""
    rest = sites[
        (sites.year == 2001) & (sites.industry_code == site.industry_code) & (sites.firm_id != site.firm_id)
    ]
    cores = rest[(distances_km(rest, rest) <= EPS_KM).sum(axis=1) >= MINIMUM]
    here = pd.DataFrame({"latitude": [site.latitude], "longitude": [site.longitude]})
    if not len(cores):
        return {"in_cluster": 0.0, **dict.fromkeys(MEASURES[1:], np.nan)}
    nearest = distances_km(here, cores).min()
    members = rest[(distances_km(rest, cores) <= EPS_KM).any(axis=1)]
    return {
        "in_cluster": float(nearest <= EPS_KM),
        "distance_edge_km": max(0.0, nearest - EPS_KM),
        "depth_km": max(0.0, EPS_KM - nearest),
        "distance_member_km": distances_km(here, members).min(),
    }


def measured_or_none(sites: pd.DataFrame) -> Measured | None:
    try:
        return measured(sites)
    except NotIdentifiedError:
        return None


@settings(max_examples=30, deadline=None)
@given(worlds())
def test_nearness_equals_a_literal_redraw_without_the_firm(sites: pd.DataFrame) -> None:
    result = measured_or_none(sites)
    if result is None:
        return
    found = result.exposure.set_index(KEY)
    for site in sites.itertuples():
        expected = redrawn_without(site, sites)
        got = found.loc[(site.site_id, site.year), MEASURES].astype(float)
        for name, value in expected.items():
            assert got[name] == pytest.approx(value, abs=1e-5, nan_ok=True), (name, site)


@settings(max_examples=20, deadline=None)
@given(worlds())
def test_rings_equal_the_sum_over_all_pairs(sites: pd.DataFrame) -> None:
    result = measured_or_none(sites)
    if result is None:
        return
    found = result.exposure.set_index(KEY)
    for year, one_year in sites.groupby("year"):
        apart = distances_km(one_year, one_year)
        others = one_year.firm_id.to_numpy()[:, None] != one_year.firm_id.to_numpy()[None, :]
        same = one_year.industry_code.to_numpy()[:, None] == one_year.industry_code.to_numpy()[None, :]
        activity = one_year.employment.fillna(0).to_numpy()
        rows = found.loc[[(site, year) for site in one_year.site_id]]
        for radius, label in zip(RADII, ("1_9", "6_3"), strict=True):
            near = (apart <= radius) & others
            assert (rows[f"all_count_{label}km"].to_numpy() == near.sum(axis=1)).all()
            assert (rows[f"own_count_{label}km"].to_numpy() == (near & same).sum(axis=1)).all()
            np.testing.assert_allclose(rows[f"all_activity_{label}km"], near @ activity, rtol=1e-12)
            np.testing.assert_allclose(rows[f"own_activity_{label}km"], (near & same) @ activity, rtol=1e-12)


@settings(max_examples=20, deadline=None)
@given(worlds(), st.integers(0, 1000))
def test_more_sites_of_a_firm_never_change_its_own_exposure(sites: pd.DataFrame, seed: int) -> None:
    random = np.random.default_rng(seed)
    firm = str(random.choice(sites.firm_id.unique()))
    extra = sites.sample(12, replace=True, random_state=seed).assign(firm_id=firm)
    extra["site_id"] = [f"x{i}" for i in range(len(extra))]
    before, after = measured_or_none(sites), measured_or_none(pd.concat([sites, extra], ignore_index=True))
    if before is None or after is None:
        return
    own = sites.loc[sites.firm_id == firm, KEY]
    columns = [*MEASURES, *RING_COLUMNS]
    one, other = (m.exposure.merge(own, on=KEY)[columns].astype(float) for m in (before, after))
    np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)


@settings(max_examples=12, deadline=None)
@given(worlds(), st.randoms(use_true_random=False))
def test_row_order_changes_nothing(sites: pd.DataFrame, random: Any) -> None:
    order = list(range(len(sites)))
    random.shuffle(order)
    one, other = measured_or_none(sites), measured_or_none(sites.iloc[order].reset_index(drop=True))
    if one is None or other is None:
        assert one is other
        return
    for name in ("clusters", "members", "exposure"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name), check_exact=True)


@settings(max_examples=12, deadline=None)
@given(worlds(), st.sampled_from([165.73, -194.27, 165.79, 40.0, -100.0]))
def test_turning_the_earth_changes_nothing(sites: pd.DataFrame, turn: float) -> None:
    turned = sites.assign(longitude=(sites.longitude + turn + 180) % 360 - 180)
    one, other = measured_or_none(sites), measured_or_none(turned)
    if one is None or other is None:
        assert one is other
        return
    columns = [*MEASURES, *RING_COLUMNS]
    np.testing.assert_allclose(
        one.exposure[columns].astype(float), other.exposure[columns].astype(float), rtol=1e-7, atol=1e-6
    )
    assert partition(one.members) == partition(other.members)
    for size in ("area_km2", "members"):
        np.testing.assert_allclose(np.sort(one.clusters[size]), np.sort(other.clusters[size]), rtol=1e-6)


def partition(members: pd.DataFrame) -> set[frozenset[str]]:
    return {frozenset(group) for _, group in members.groupby("cluster_id").site_id}


@settings(max_examples=20, deadline=None)
@given(worlds())
def test_cores_and_their_clusters_are_those_of_scikit_learn(sites: pd.DataFrame) -> None:
    result = measured_or_none(sites)
    for industry in ("a", "b"):
        chosen = sites[(sites.year == 2001) & (sites.industry_code == industry)].reset_index(drop=True)
        if not len(chosen):
            continue
        xyz = to_ecef(chosen.latitude.to_numpy(), chosen.longitude.to_numpy())
        peer = DBSCAN(eps=float(reach_m(EPS_KM)), min_samples=MINIMUM).fit(xyz)
        peer_cores = chosen.site_id[peer.core_sample_indices_]
        expected = {
            frozenset(group) for _, group in peer_cores.groupby(peer.labels_[peer.core_sample_indices_])
        }
        if result is None:
            assert not expected
            continue
        ours = result.members[result.members.cluster_id.str.startswith(f"{industry}-")]
        assert partition(ours[ours.is_core]) == expected
        assert set(ours.site_id) == set(chosen.site_id[peer.labels_ >= 0])


@settings(max_examples=12, deadline=None)
@given(worlds())
def test_ranks_follow_members_and_every_member_is_counted_once(sites: pd.DataFrame) -> None:
    result = measured_or_none(sites)
    if result is None:
        return
    assert not result.members.site_id.duplicated().any()
    for (_, industry), group in result.clusters.groupby(["vintage", "industry"]):
        assert list(group.cluster_id) == [f"{industry}-2001-{rank:03d}" for rank in range(1, len(group) + 1)]
        assert (np.diff(group.members) <= 0).all()
    counted = result.members.groupby("cluster_id").size()
    assert (counted.loc[result.clusters.cluster_id].to_numpy() == result.clusters.members.to_numpy()).all()
