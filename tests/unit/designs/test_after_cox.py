"""What a Cox design tells afterwards is of its own rows, strata and groups."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

import clusterpanel as cp
from clusterpanel.errors import SpecError
from clusterpanel.spec.design import DesignSpec

from .survival_panel import simulated_exits

SAID: dict[str, Any] = {
    "comparison": "pooled",
    "estimator": "cox",
    "outcome": "is_exit",
    "exposure": "in_cluster",
}


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return simulated_exits(250, seed=9)


@pytest.fixture(scope="module")
def panel(frame: pd.DataFrame) -> cp.Panel:
    return cp.Panel.from_frame(frame)


def cox(**more: Any) -> DesignSpec:
    return cp.design(**{**SAID, "controls": ["size"], **more})


def test_residuals_stand_beside_their_firm_and_year(frame: pd.DataFrame, panel: cp.Panel) -> None:
    found = cp.martingale_residuals(cox(strata=["region_code"]), panel)
    joined = found.merge(frame, on=["firm_id", "year"], validate="one_to_one")
    expected = joined["is_exit"].astype(float) - joined["residual"]

    assert len(joined) == frame["is_exit"].notna().sum()
    assert (expected >= 0).all()
    assert found["residual"].sum() == pytest.approx(0, abs=1e-9)
    assert np.sign(cp.deviance_residuals(cox(strata=["region_code"]), panel)["residual"]).equals(
        np.sign(found["residual"])
    )


def test_scores_sum_to_nothing_and_schoenfeld_has_a_row_per_event(
    frame: pd.DataFrame, panel: cp.Panel
) -> None:
    said = cox(strata=["region_code"])
    scores, events = cp.score_residuals(said, panel), cp.schoenfeld_residuals(said, panel)
    exits = frame[frame["is_exit"].eq(True)]
    joined = events.merge(exits, on=["firm_id", "year"], validate="one_to_one")

    assert scores[["in_cluster", "size"]].sum().to_numpy() == pytest.approx([0, 0], abs=1e-6)
    assert len(joined) == len(exits)
    assert (joined["stratum"] == joined["region_code"]).all()
    assert (joined["event_time"] == joined["age"] + 1).all()
    sides = joined["in_cluster_y"].astype(bool)
    assert (joined.loc[sides, "in_cluster_x"] >= -1e-9).all()
    assert (joined.loc[~sides, "in_cluster_x"] <= 1e-9).all()


def test_moves_of_a_firms_rows_add_up_to_its_influence(panel: cp.Panel) -> None:
    moves = cp.dfbeta_residuals(cox(), panel).groupby("firm_id")[["in_cluster", "size"]].sum()
    influence = cp.estimate(cox(), panel).influence  # type: ignore[union-attr]

    assert influence is not None
    assert np.allclose(moves, influence.loc[moves.index], rtol=1e-6, atol=1e-12)


def test_formula_with_regions_compares_firms_of_a_region(panel: cp.Panel) -> None:
    said = cp.design("is_exit ~ in_cluster + size | region_code", estimator="cox")
    result = cp.estimate(said, panel)

    assert result.provenance["effects"] == ("region_code",)
    assert result.glance["strata"] == 4
    with pytest.raises(SpecError, match="A Cox model has strata"):
        cp.design("is_exit ~ in_cluster | region_code + year", estimator="cox")


def test_baseline_counts_the_events_of_each_stratum(frame: pd.DataFrame, panel: cp.Panel) -> None:
    found = cp.baseline_hazard(cox(strata=["region_code", "in_cluster"], exposure="size", controls=[]), panel)
    exits = frame[frame["is_exit"].eq(True)]
    counts = exits.groupby([exits["region_code"] + "^" + exits["in_cluster"].astype(str).str.lower()]).size()

    assert found.groupby("stratum")["events"].sum().to_dict() == counts.to_dict()
    assert set(cp.baseline_hazard(cox(), panel)["stratum"]) == {"all"}


def test_predicted_survival_is_of_the_baseline_and_the_ratio(panel: cp.Panel) -> None:
    base = cp.baseline_hazard(cox(), panel)["cumulative_hazard"].to_numpy()
    ratio = np.exp(cp.estimate(cox(), panel).term("in_cluster")["estimate"])  # type: ignore[union-attr]
    found = cp.predicted_survival(cox(), panel, {"inside": {"in_cluster": 1, "size": 0}})

    assert found["survival"].to_numpy() == pytest.approx(np.exp(-base * ratio))


def test_hazard_ratio_of_early_years_is_that_of_early_rows(frame: pd.DataFrame, panel: cp.Panel) -> None:
    """Without controls each period's coefficient comes from its own risk sets only."""
    split = cp.time_varying_coefficients(cox(controls=[]), panel, [5.0])
    early = cp.estimate(cox(controls=[]), cp.Panel.from_frame(frame[frame["age"] < 5]))

    assert split.estimate["term"].tolist() == ["in_cluster:until 5", "in_cluster:after 5"]
    assert split.term("in_cluster:until 5")["estimate"] == pytest.approx(
        early.term("in_cluster")["estimate"]  # type: ignore[union-attr]
    )
    assert split.influence is not None
    assert cp.wald(split, "`in_cluster:until 5` = `in_cluster:after 5`") is not None


def test_standardised_survival_is_lower_where_hazards_are_higher(panel: cp.Panel) -> None:
    found = cp.standardised_survival(cox(), panel, [2.0, 8.0])
    inside, outside = (
        found.curves.loc[found.curves["arm"] == f"in_cluster = {side}", "survival"].to_numpy()
        for side in (1, 0)
    )

    assert found.differences["estimate"].to_numpy() == pytest.approx(inside - outside)
    assert (inside < outside).all()
    assert "firm_id" in found.rule


def test_arm_that_leaves_a_product_is_refused(panel: cp.Panel) -> None:
    with pytest.raises(SpecError, match="in_cluster:size as in the data"):
        cp.standardised_survival(cox(controls=["size", "in_cluster:size"]), panel, [2.0])


def test_concordance_is_what_the_estimate_tells(panel: cp.Panel) -> None:
    result = cp.estimate(cox(), panel)
    found = cp.concordance(cox(), panel)

    assert result.glance["concordance"] == found.concordance
    assert result.glance["concordance_std_error"] == found.std_error
    assert 0.5 < found.concordance < 1


def test_proportional_hazards_are_told_by_the_estimate_too(panel: cp.Panel) -> None:
    table = cp.proportional_hazards_test(cox(), panel)
    told = cp.estimate(cox(), panel).glance["proportional_hazards"]

    assert table["term"].tolist() == ["in_cluster", "size", "GLOBAL"]
    assert told == table.iloc[-1].drop("term").to_dict()


def test_frailties_are_of_their_groups(panel: cp.Panel) -> None:
    """Hazards rise from N to W by simulation."""
    found = cp.frailties(cox(frailty="region_code", vcov="iid"), panel).set_index("region_code")["frailty"]

    assert found.mean() == pytest.approx(1, abs=0.05)
    assert found["N"] < found["W"]


@pytest.mark.parametrize("verb", ["baseline_hazard", "concordance", "proportional_hazards_test", "frailties"])
@pytest.mark.parametrize(
    "said",
    [{"estimator": "weibull"}, {"frailty": "region_code", "vcov": "iid"}, {}],
    ids=["weibull", "frailty", "cox"],
)
def test_verb_refuses_designs_it_is_not_for(verb: str, said: dict[str, Any], panel: cp.Panel) -> None:
    is_fine = said == {} if verb != "frailties" else "frailty" in said
    if is_fine:
        assert getattr(cp, verb)(cox(**said), panel) is not None
        return
    with pytest.raises(SpecError, match=r"another estimator|frailty"):
        getattr(cp, verb)(cox(**said), panel)
