"""Tests, means and incidence of exposure groups, and their time at risk, from a panel."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from clusterpanel.designs.cumulative_incidence import cumulative_incidence
from clusterpanel.designs.curve_tests import gray_test, log_rank
from clusterpanel.designs.design import design
from clusterpanel.designs.exposure_time import exposure_time
from clusterpanel.designs.restricted_mean import restricted_mean_survival
from clusterpanel.designs.survival_curves import estimate_kaplan_meier
from clusterpanel.designs.survival_rows import SurvivalTimes
from clusterpanel.engine.firm_blocks import write_firm_blocks
from clusterpanel.errors import NotIdentifiedError, SpecError
from clusterpanel.models.survival.gray import gray_test as gray_test_of
from clusterpanel.models.survival.kaplan_meier import fit_survival
from clusterpanel.models.survival.log_rank import log_rank_test
from clusterpanel.models.survival.poisson_rate import poisson_interval
from clusterpanel.models.survival.restricted_mean import restricted_means
from clusterpanel.models.survival.risk_counts import Episodes, risk_sets
from clusterpanel.panel.panel import Panel
from clusterpanel.spec.design import DesignSpec

SURVIVAL = design(comparison="pooled", estimator="kaplan_meier", outcome="is_exit", exposure="in_cluster")


@pytest.fixture
def exits(frame: pd.DataFrame) -> pd.DataFrame:
    """The simulated panel with a cause of each exit, some missing."""
    causes = np.random.default_rng(4).choice(["closure", "merger", None], len(frame))  # type: ignore[arg-type]
    return frame.assign(exit_cause=np.where(frame["is_exit"], causes, None))


def rows_of(frame: pd.DataFrame, causes: "np.ndarray | None" = None) -> Episodes:
    """Return a year per row, sorted as the panel is."""
    ages = frame["age"].to_numpy(dtype=float)
    codes = frame["is_exit"].to_numpy(dtype=int) if causes is None else causes
    return Episodes(ages, ages + 1, codes, frame["in_cluster"].to_numpy(dtype=int))


def test_the_log_rank_test_is_that_of_the_rows(frame: pd.DataFrame) -> None:
    found = log_rank(SURVIVAL, Panel.from_frame(frame))
    expected = log_rank_test(risk_sets(rows_of(frame), 2))
    assert found.tidy().iloc[0].tolist() == [
        "log-rank test",
        pytest.approx(expected.statistic, rel=1e-12),
        1,
        pytest.approx(expected.p_value, rel=1e-12),
    ]
    assert found.table["group"].tolist() == ["no", "yes"]
    np.testing.assert_allclose(found.table["expected"], expected.expected)
    assert found.glance["events"] == frame["is_exit"].sum()


def test_a_stratified_test_compares_within_joint_values_of_columns(frame: pd.DataFrame) -> None:
    found = log_rank(SURVIVAL, Panel.from_frame(frame), strata=["region_code", "industry_code"])
    strata = frame.groupby(["region_code", "industry_code"]).ngroup().to_numpy()
    rows = rows_of(frame)
    sets = risk_sets(rows._replace(groups=strata * 2 + rows.groups), 2 * (strata.max() + 1))
    expected = log_rank_test(sets, strata=int(strata.max()) + 1)
    assert found.statistic == pytest.approx(expected.statistic, rel=1e-10)
    assert found.test == "log-rank test, stratified by region_code, industry_code"
    assert found.glance["strata"] == strata.max() + 1


def test_families_are_named(frame: pd.DataFrame) -> None:
    found = log_rank(SURVIVAL, Panel.from_frame(frame), "fleming_harrington", rho=0.5)
    assert found.test == "Fleming-Harrington test, rho 0.5, gamma 0"


def test_curves_carry_the_test_medians_and_time_at_risk(frame: pd.DataFrame) -> None:
    curves = estimate_kaplan_meier(SURVIVAL, Panel.from_frame(frame))
    test = log_rank(SURVIVAL, Panel.from_frame(frame))
    assert curves.glance["log_rank"]["statistic"] == test.statistic
    assert [row["group"] for row in curves.glance["medians"]] == ["no", "yes"]
    totals = [row for row in curves.glance["exposure_time"] if row["year"] is None]
    assert sum(row["events"] for row in totals) == frame["is_exit"].sum()


def test_grays_test_is_that_of_the_rows(exits: pd.DataFrame) -> None:
    found = gray_test(SURVIVAL, Panel.from_frame(exits), cause="exit_cause", cause_of_interest="merger")
    causes = np.where(~exits["is_exit"], 0, np.where(exits["exit_cause"] == "merger", 1, 2))
    expected = gray_test_of(risk_sets(rows_of(exits, causes), 2, 2))
    assert found.statistic == pytest.approx(expected.statistic, rel=1e-10)
    assert found.test == "Gray's test of merger"


def test_a_cause_nobody_has_is_refused_with_those_there_are(exits: pd.DataFrame) -> None:
    with pytest.raises(SpecError, match="mergers; allowed: closure, merger, unknown"):
        gray_test(SURVIVAL, Panel.from_frame(exits), cause="exit_cause", cause_of_interest="mergers")


def test_incidence_adds_up_to_exits_and_unknown_causes_are_named(exits: pd.DataFrame) -> None:
    found = cumulative_incidence(SURVIVAL, Panel.from_frame(exits), cause="exit_cause")
    missing = int(exits.loc[exits["is_exit"], "exit_cause"].isna().sum())
    assert found.glance["causes"]["unknown"] == missing > 0
    assert list(found.glance["causes"]) == ["closure", "merger", "unknown"]
    survival = estimate_kaplan_meier(SURVIVAL, Panel.from_frame(exits)).curve
    total = found.curve.groupby(["group", "time"])["incidence"].sum()
    np.testing.assert_allclose(total, 1 - survival.set_index(["group", "time"])["survival"], rtol=1e-12)


def test_restricted_means_and_their_difference(frame: pd.DataFrame) -> None:
    found = restricted_mean_survival(SURVIVAL, Panel.from_frame(frame), until=6.5)
    expected = restricted_means(risk_sets(rows_of(frame), 2), 6.5)
    assert found.estimate["term"].tolist() == ["in_cluster = no", "in_cluster = yes", "yes - no"]
    np.testing.assert_allclose(found.estimate["estimate"][:2], expected.means, rtol=1e-12)
    gap, error = expected.difference(1, 0)
    last = found.term("yes - no")
    np.testing.assert_allclose([last["estimate"], last["std_error"]], [gap, error], rtol=1e-12)
    assert found.influence is None


def test_means_grouped_by_region_carry_influences(frame: pd.DataFrame) -> None:
    found = restricted_mean_survival(SURVIVAL, Panel.from_frame(frame), grouped_by="region_code")
    assert found.influence is not None
    assert sorted(found.influence.index) == ["A", "B", "C"]
    np.testing.assert_allclose((found.influence**2).sum(), found.estimate["std_error"] ** 2)
    assert "infinitesimal jackknife grouped by region_code (3 groups)" in found.provenance["vcov"]


def test_a_mean_beyond_the_last_age_is_refused(frame: pd.DataFrame) -> None:
    with pytest.raises(NotIdentifiedError, match="no is seen up to 7, yes is seen up to 7") as refused:
        restricted_mean_survival(SURVIVAL, Panel.from_frame(frame), until=9)
    assert "up to 7" in str(refused.value.hint)


def test_errors_grouped_by_firm_are_near_greenwoods(frame: pd.DataFrame) -> None:
    plain = estimate_kaplan_meier(SURVIVAL, Panel.from_frame(frame))
    by_firm = estimate_kaplan_meier(SURVIVAL, Panel.from_frame(frame), grouped_by="firm_id")
    np.testing.assert_allclose(by_firm.curve["survival"], plain.curve["survival"])
    np.testing.assert_allclose(by_firm.curve["std_error"], plain.curve["std_error"], rtol=0.1)
    assert by_firm.provenance["vcov"].startswith("infinitesimal jackknife grouped by firm_id (60 groups)")


def test_a_panel_on_disk_gives_the_same_numbers(exits: pd.DataFrame, tmp_path: Path) -> None:
    """Firms are numbered and texts coded block by block; blocks hold other texts, and some no row."""
    frame = exits.assign(kept=exits["firm_id"] > "f20", region_code=exits["region_code"].astype("category"))
    write_firm_blocks(pa.Table.from_pandas(frame), "firm_id", tmp_path / "panel.parquet", 16)
    asked = design(
        comparison="pooled",
        estimator="kaplan_meier",
        outcome="is_exit",
        exposure="region_code",
        where={"kept": [True]},
    )
    panels = Panel.from_frame(frame), Panel.open(tmp_path / "panel.parquet")
    here, there = (cumulative_incidence(asked, panel, cause="exit_cause") for panel in panels)
    pd.testing.assert_frame_equal(here.curve, there.curve)
    assert here.glance == there.glance
    one, other = (restricted_mean_survival(asked, panel, grouped_by="firm_id") for panel in panels)
    assert one.influence is not None and other.influence is not None
    pd.testing.assert_frame_equal(one.influence, other.influence)
    assert one.influence.index[0] == "f21"


def weighted(kind: str) -> DesignSpec:
    return design(
        comparison="pooled",
        estimator="cloglog",
        outcome="is_exit",
        exposure="in_cluster",
        weights={kind: "weight"},
    )


def test_weights_of_copies_have_greenwoods_variance_and_others_the_jackknife(frame: pd.DataFrame) -> None:
    weights = np.random.default_rng(3).integers(1, 4, len(frame))
    panel = Panel.from_frame(frame.assign(weight=weights))
    copies = estimate_kaplan_meier(weighted("frequency"), panel)
    rows = rows_of(frame)._replace(weights=weights.astype(float))
    expected = fit_survival(rows, ("no", "yes"))
    np.testing.assert_allclose(copies.curve["std_error"], expected["std_error"], rtol=1e-12)
    assert copies.provenance["vcov"].startswith("Greenwood")
    drawn = estimate_kaplan_meier(weighted("probability"), panel)
    np.testing.assert_allclose(drawn.curve["survival"], copies.curve["survival"], rtol=1e-12)
    assert "jackknife grouped by firm_id (60 groups)" in drawn.provenance["vcov"]
    # Every row counts as one however it is weighed, so errors are larger than those of as many copies.
    last = drawn.curve["time"] == 7
    assert (drawn.curve.loc[last, "std_error"] > copies.curve.loc[last, "std_error"]).all()
    assert "log_rank" not in drawn.glance


def test_tests_of_curves_refuse_weights(frame: pd.DataFrame) -> None:
    with pytest.raises(SpecError, match="tests of curves count firms alike"):
        log_rank(weighted("probability"), Panel.from_frame(frame.assign(weight=1.0)))


def test_columns_of_start_and_stop_take_the_place_of_ages(frame: pd.DataFrame) -> None:
    days = frame.assign(opened=frame["age"] * 365, closed=frame["age"] * 365 + 200).drop(columns="age")
    times = SurvivalTimes("opened", "closed")
    asked = DesignSpec.model_validate({**SURVIVAL.model_dump(), "estimator": "kaplan_meier"})
    with pytest.raises(SpecError, match="age"):
        estimate_kaplan_meier(asked, Panel.from_frame(days))
    table = exposure_time(asked, Panel.from_frame(days.assign(age=0)), times).table
    total = table[table["year"].isna()]
    np.testing.assert_allclose(total["time_at_risk"].sum(), 200 * len(frame))


def test_unknown_columns_are_refused_together(frame: pd.DataFrame) -> None:
    with pytest.raises(SpecError) as refused:
        log_rank(SURVIVAL, Panel.from_frame(frame), strata=["region", "industry"])
    assert len(refused.value.faults) == 2
    assert "region_code" in str(refused.value)


def test_a_sample_in_which_nothing_happens_is_refused(frame: pd.DataFrame) -> None:
    with pytest.raises(NotIdentifiedError, match="has the event"):
        log_rank(SURVIVAL, Panel.from_frame(frame.assign(is_exit=False)))


def test_time_at_risk_counts_firms_years_and_exits(frame: pd.DataFrame) -> None:
    table = exposure_time(SURVIVAL, Panel.from_frame(frame)).table
    years = table[table["year"].notna()]
    expected = frame.groupby(["in_cluster", "year"])["is_exit"].agg(["size", "sum"])
    assert years["firms"].tolist() == years["time_at_risk"].tolist() == expected["size"].tolist()
    assert years["events"].tolist() == expected["sum"].tolist()
    totals = table[table["year"].isna()].set_index("group")
    by_group = frame.groupby("in_cluster")["firm_id"].nunique().tolist()
    assert totals["firms"].tolist() == by_group
    assert totals["time_at_risk"].tolist() == frame.groupby("in_cluster").size().tolist()
    low, high = poisson_interval(table["events"].to_numpy(float), table["time_at_risk"].to_numpy(float))
    np.testing.assert_allclose(table["conf_low"], low)
    np.testing.assert_allclose(table["conf_high"], high)
    np.testing.assert_allclose(table["rate"], table["events"] / table["time_at_risk"])
