"""The clusters a study would draw from the files agree with the true ones."""

import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clusterpanel.simulate.country import KM_PER_DEGREE
from clusterpanel.simulate.dials import Dials
from clusterpanel.simulate.register import simulate_register
from clusterpanel.spec.clusters import ClusterSpec, DbscanDraw
from clusterpanel.spec.shipped import shipped_specs


@pytest.fixture(scope="module")
def cluster_spec() -> ClusterSpec:
    text = (shipped_specs() / "clusters" / "simulated.toml").read_text("utf-8")
    return ClusterSpec.model_validate(tomllib.loads(text))


def agreement(folder: Path, spec: ClusterSpec) -> float:
    """Share of located firm-years where leave-one-out DBSCAN on registered postcodes says what is true."""
    assert isinstance(spec.draw, DbscanDraw)
    places = pd.read_csv(folder / "gazetteer.csv", sep=";", dtype={"postcode": str})
    near = nearness(places, spec.draw.eps_km)
    sites = pd.read_csv(
        folder / "sites.csv", sep=";", encoding="cp1252", decimal=",", dtype={"postcode": str, "nace": str}
    )
    number = pd.Series(places.index, index=places["postcode"])
    sites["point"] = sites["postcode"].str.replace(" ", "").map(number)
    sites = sites.dropna(subset="point").astype({"point": int})
    main = sites.sort_values("employees", kind="stable").drop_duplicates(["firm_id", "year"], keep="last")
    vintages = np.array(spec.vintages)
    main["vintage"] = vintages[np.searchsorted(vintages, main["year"], side="right") - 1]
    found = [
        belongs(
            rows, sites[(sites["nace"] == nace) & (sites["year"] == vintage)], near, spec.draw.minimum_members
        )
        for (nace, vintage), rows in main.groupby(["nace", "vintage"])
    ]
    truth = pd.read_parquet(folder / "truth.parquet").set_index(["firm_id", "year"])["in_cluster"]
    drawn = pd.concat(found)
    return float((drawn == truth.reindex(drawn.index)).mean())


def nearness(places: pd.DataFrame, eps_km: float) -> np.ndarray:
    latitude, longitude = np.radians(places["lat"].to_numpy()), np.radians(places["lon"].to_numpy())
    half = np.sin((latitude[:, None] - latitude) / 2) ** 2
    half += np.cos(latitude[:, None]) * np.cos(latitude) * np.sin((longitude[:, None] - longitude) / 2) ** 2
    return 2 * np.degrees(np.arcsin(np.sqrt(half))) * KM_PER_DEGREE <= eps_km


def belongs(rows: pd.DataFrame, members: pd.DataFrame, near: np.ndarray, minimum: int) -> pd.Series:
    """Say of each firm-year whether it lies near a core site, none of the firm's own sites counted."""
    at = np.bincount(members["point"], minlength=len(near))
    around = near.astype(int) @ at
    own = members.groupby("firm_id")["point"].agg(list).to_dict()
    answers = {}
    for firm, year, point in zip(rows["firm_id"], rows["year"], rows["point"], strict=True):
        others = np.bincount(own.get(firm, []), minlength=len(near))
        is_core = (at > others) & (around - near[:, own.get(firm, [])].sum(axis=1) >= minimum)
        answers[firm, year] = bool((near[point] & is_core).any())
    return pd.Series(answers)


def test_drawn_clusters_agree_with_the_truth_at_default_size(
    tmp_path: Path, cluster_spec: ClusterSpec
) -> None:
    simulate_register(Dials(), tmp_path)
    assert agreement(tmp_path, cluster_spec) > 0.97


def test_without_misplaced_addresses_nearly_all_agree(tmp_path: Path, cluster_spec: ClusterSpec) -> None:
    simulate_register(Dials(firm_years=20_000, location_error=0.0), tmp_path)
    clean = agreement(tmp_path, cluster_spec)
    simulate_register(Dials(firm_years=20_000, location_error=0.10), tmp_path)
    assert clean > 0.995
    # One wrong address in ten puts about half of these on the wrong side of a border.
    assert 0.90 < agreement(tmp_path, cluster_spec) < 0.97
