"""Weights over chances of staying and of exposure: against loops, and on simulated selection."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

import clusterpanel as cp
from clusterpanel.designs.chances import chances
from clusterpanel.designs.inverse_probability import exposure_weights, staying_weights
from clusterpanel.errors import NotIdentifiedError, SpecError

YEARS = 4


def attrition(seed: int = 1, firms: int = 4_000) -> pd.DataFrame:
    """Simulate firms that leave the sooner the smaller they are; size has the same mean in every year."""
    rng = np.random.default_rng(seed)
    size = rng.standard_normal((firms, YEARS)).cumsum(axis=1)
    leaves = rng.random((firms, YEARS)) < expit(-1.5 - size)
    rows = []
    for firm in range(firms):
        for year in range(YEARS):
            rows.append((f"f{firm:05}", 2010 + year, size[firm, year], bool(leaves[firm, year])))
            if leaves[firm, year]:
                break
    frame = pd.DataFrame(rows, columns=["firm_id", "year", "size", "is_exit"])
    frame["is_exit"] = frame["is_exit"].astype("boolean").mask(frame["year"] == 2010 + YEARS - 1)
    return frame


def treated(seed: int = 2, firms: int = 3_000) -> pd.DataFrame:
    """Simulate an exposure that follows last year's size, and a size that exposure moves: effect 1 a year."""
    rng = np.random.default_rng(seed)
    size, before = rng.standard_normal(firms), np.zeros(firms)
    frames = []
    for year in range(3):
        exposed = rng.random(firms) < expit(-0.5 + size + before)
        lag_size = size
        size = 0.5 * size + exposed + rng.standard_normal(firms)
        frames.append(
            pd.DataFrame(
                {
                    "firm_id": [f"f{firm:05}" for firm in range(firms)],
                    "year": 2010 + year,
                    "lag_size": lag_size,
                    "in_cluster": exposed,
                    "size": size,
                }
            )
        )
        before = exposed.astype(float)
    return pd.concat(frames)


def test_a_row_weighs_one_over_the_chances_of_the_years_before() -> None:
    panel = cp.Panel.from_frame(attrition(firms=500))
    found = staying_weights(panel, ["size"], truncate=(0, 1))
    frame = found.panel.read(["firm_id", "year", "size", "is_exit", "staying_weight"]).to_pandas()
    seen = frame[frame["year"] < 2010 + YEARS - 1]
    stays = 1 - seen["is_exit"].astype(float)
    everyone = cp.Panel.from_frame(frame.assign(stays=1 - frame["is_exit"].astype("float64")))
    spec = cp.design("stays ~ size", estimator="logit", vcov="HC1")
    fitted = cp.estimate(spec, everyone).estimate.set_index("term")["estimate"]
    stay = expit(fitted["constant"] + fitted["size"] * frame["size"])
    for _, rows in frame.assign(stay=stay).groupby("firm_id"):
        expected = np.cumprod(np.concatenate([[1.0], 1 / rows["stay"].to_numpy()[:-1]]))
        assert rows["staying_weight"].to_numpy() == pytest.approx(expected, rel=1e-10)
    assert 0 < stays.mean() < 1


def test_survivors_weighted_are_like_all_who_started() -> None:
    panel = cp.Panel.from_frame(attrition(firms=20_000))
    found = staying_weights(panel, ["size"], truncate=(0, 1))
    last = found.panel.read(["year", "size", "staying_weight"]).to_pandas().query("year == 2013")
    assert last["size"].mean() > 0.5, "without weights survivors are larger"
    assert np.average(last["size"], weights=last["staying_weight"]) == pytest.approx(0, abs=0.15)


def test_stabilised_weights_have_mean_one_and_less_spread() -> None:
    panel = cp.Panel.from_frame(attrition())
    plain = staying_weights(panel, ["size", "i(year)"], truncate=(0, 1))
    stable = staying_weights(panel, ["size", "i(year)"], numerator=["i(year)"], truncate=(0, 1))
    assert stable.facts["mean"] == pytest.approx(1, abs=0.05)
    assert stable.facts["effective_rows"] > plain.facts["effective_rows"]


def test_truncation_cuts_and_counts() -> None:
    panel = cp.Panel.from_frame(attrition())
    found = staying_weights(panel, ["size"], truncate=(0, 0.9))
    weights = found.panel.read(["staying_weight"]).column("staying_weight").to_numpy()
    assert found.facts["largest"] == weights.max()
    assert found.facts["truncated"] == pytest.approx(len(weights) * 0.1, abs=2)


def test_weighted_exposure_gives_the_effect_that_regression_misses() -> None:
    panel = cp.Panel.from_frame(treated(firms=20_000))
    found = exposure_weights(panel, "in_cluster", ["lag_size"], truncate=(0, 1))
    assert found.facts["mean"] == pytest.approx(1, abs=0.1)
    last = found.panel.read(["year", "in_cluster", "size", "exposure_weight"]).to_pandas()
    first = last[last["year"] == 2010]
    effects = []
    for weights in (np.ones(len(first)), first["exposure_weight"]):
        sides = [
            np.average(first["size"][side], weights=np.asarray(weights)[side])
            for side in (first["in_cluster"], ~first["in_cluster"])
        ]
        effects.append(sides[0] - sides[1])
    assert effects[0] > 1.2
    assert effects[1] == pytest.approx(1, abs=0.08)


def test_weighting_balances_the_predictors() -> None:
    panel = cp.Panel.from_frame(treated(firms=10_000).query("year == 2010"))
    balance = exposure_weights(panel, "in_cluster", ["lag_size"], truncate=(0, 1)).balance
    assert balance is not None
    (row,) = balance.to_dict("records")
    assert row["column"] == "lag_size"
    assert row["difference"] > 0.5
    assert abs(row["weighted_difference"]) < 0.05


def test_a_missing_predictor_leaves_no_weight_there_and_after() -> None:
    frame = attrition(firms=400).sort_values(["firm_id", "year"], ignore_index=True)
    stayers = frame.groupby("firm_id")["year"].transform("count") == YEARS
    hole = frame.index[stayers & (frame["year"] == 2011)][0]
    frame.loc[hole, "size"] = np.nan
    found = staying_weights(cp.Panel.from_frame(frame), ["size"])
    weights = found.panel.read(["staying_weight"]).to_pandas()["staying_weight"]
    assert weights.isna().to_numpy().nonzero()[0].tolist() == [hole + 1, hole + 2]
    assert found.facts["missing"] == 2


def test_an_exposure_of_many_values_is_refused() -> None:
    panel = cp.Panel.from_frame(treated(firms=50))
    with pytest.raises(SpecError, match="not yes or no"):
        exposure_weights(panel, "size", ["lag_size"])


def test_nobody_leaving_is_not_identified() -> None:
    frame = attrition(firms=50)
    panel = cp.Panel.from_frame(frame.assign(is_exit=False))
    with pytest.raises(NotIdentifiedError, match="one kind only"):
        staying_weights(panel, ["size"])


def test_without_terms_the_chance_is_the_share() -> None:
    panel = cp.Panel.from_frame(attrition(firms=10))
    rows = panel.data.rows
    is_yes = np.arange(rows) % 2 * 1.0
    found = chances("share", panel, is_yes, np.ones(rows, dtype=bool), [])
    assert found == pytest.approx(np.full(rows, is_yes.mean()))
