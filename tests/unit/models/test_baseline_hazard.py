"""Baseline hazards and foretold survival: the risk sets written out, and influence by refitting."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterpanel.errors import SpecError
from clusterpanel.models.survival import baseline
from clusterpanel.models.survival.baseline import baseline_hazard, mean_regressors, survival_at
from clusterpanel.models.survival.cox import fit_cox
from clusterpanel.models.survival.cox_ties import Ties

from .simulated_episodes import simulated_episodes, slow_fit

few = settings(max_examples=12, deadline=None)
seeds = st.integers(0, 10_000)
all_ties = st.sampled_from(["efron", "breslow"])
PATTERN = {"in_cluster": 1.0, "size": 2.5}


@few
@given(seed=seeds, ties=all_ties, is_yearly=st.booleans())
def test_the_baseline_is_that_of_the_risk_sets_written_out(seed: int, ties: Ties, is_yearly: bool) -> None:
    source = simulated_episodes(seed, is_yearly=is_yearly)
    found, slow = baseline_hazard(fit_cox(source, ties)), slow_fit(source, ties)
    for _, row in found.iterrows():
        wanted = slow.cumulative_hazard(row["time"], int(row["stratum"]))
        assert row["cumulative_hazard"] == pytest.approx(wanted, rel=1e-6)
    assert found["events"].sum() == source.columns[0].sum()


@few
@given(seed=seeds, ties=all_ties, is_yearly=st.booleans())
def test_survival_and_its_error_are_those_of_the_risk_sets_written_out(
    seed: int, ties: Ties, is_yearly: bool
) -> None:
    source, times = simulated_episodes(seed, is_yearly=is_yearly), [0.2, 1.0, 2.75, 4.0, 50.0]
    slow = slow_fit(source, ties)
    found = survival_at(fit_cox(source, ties), {"one": PATTERN}, times)
    pattern = np.array(list(PATTERN.values()))
    wanted = [slow.survival(time, pattern, stratum) for stratum in (0, 1) for time in times]
    np.testing.assert_allclose(found[["survival", "std_error"]], wanted, rtol=1e-5, atol=1e-9)


@few
@given(seed=seeds, ties=all_ties)
def test_by_default_curves_have_all_event_times_of_each_stratum(seed: int, ties: Ties) -> None:
    fit = fit_cox(simulated_episodes(seed), ties)
    zero, mean = baseline_hazard(fit), baseline_hazard(fit, at="mean")
    patterns = {"zero": dict.fromkeys(fit.source.names, 0.0)}
    patterns["mean"] = dict(zip(fit.source.names, mean_regressors(fit).tolist(), strict=True))
    curves = survival_at(fit, patterns)
    for label, table in (("zero", zero), ("mean", mean)):
        curve = curves[curves["pattern"] == label]
        np.testing.assert_array_equal(curve[["stratum", "time"]], table[["stratum", "time"]])
        np.testing.assert_allclose(curve["cumulative_hazard"], table["cumulative_hazard"], rtol=1e-12)
        np.testing.assert_allclose(curve["std_error"] / curve["survival"], table["std_error"], rtol=1e-10)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("is_yearly", [False, True])
def test_grouped_errors_are_those_of_reweighting_each_group(ties: Ties, is_yearly: bool) -> None:
    source, times, step = simulated_episodes(8, is_yearly=is_yearly), [1.0, 2.5, 4.0], 1e-4
    assert source.weights is not None

    def hazards(weights: np.ndarray) -> np.ndarray:
        fit = fit_cox(replace(source, weights=weights), ties)
        return survival_at(fit, {"one": PATTERN}, times)["cumulative_hazard"].to_numpy()

    moves = []
    for group in range(7):
        more = 1 + step * (source.groups[0].codes == group)
        moves.append((hazards(source.weights * more) - hazards(source.weights / more)) / (2 * step))
    found = survival_at(fit_cox(source, ties), {"one": PATTERN}, times, way=0)
    errors = found["survival"] * np.sqrt(np.square(moves).sum(axis=0))
    np.testing.assert_allclose(found["std_error"], errors, rtol=1e-4)


def test_the_mean_of_regressors_is_weighted() -> None:
    source = simulated_episodes(1)
    means = [np.average(column, weights=source.weights) for column in source.columns[3:]]
    np.testing.assert_allclose(mean_regressors(fit_cox(source)), means, rtol=1e-12)


def test_limits_hold_the_survival_and_follow_the_interval_asked_for() -> None:
    fit = fit_cox(simulated_episodes(1))
    log, plain = (survival_at(fit, {"one": PATTERN}, [1.0], [0], interval=kind) for kind in ("log", "plain"))
    survival, error = log["survival"][0], log["std_error"][0]
    assert log["conf_low"][0] == pytest.approx(survival * np.exp(-1.959964 * error / survival), rel=1e-6)
    assert plain["conf_low"][0] == pytest.approx(survival - 1.959964 * error, rel=1e-6)


def test_patterns_and_strata_that_do_not_fit_are_refused() -> None:
    fit = fit_cox(simulated_episodes(1))
    with pytest.raises(SpecError, match="the pattern one and the regression differ in age, size"):
        survival_at(fit, {"one": {"in_cluster": 1.0, "age": 3.0}}, [1.0])
    with pytest.raises(SpecError, match="stratum 2 came; there are 0 to 1"):
        survival_at(fit, {"one": PATTERN}, [1.0], [0, 2])


def test_grouped_errors_that_would_fill_the_memory_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    fit = fit_cox(simulated_episodes(1))
    monkeypatch.setattr(baseline, "MOST_NUMBERS", 10)
    with pytest.raises(SpecError, match="need more memory than they may take"):
        survival_at(fit, {"one": PATTERN}, way=0)


def test_some_strata_are_those_of_all() -> None:
    fit = fit_cox(simulated_episodes(1))
    for times in (None, [1.0, 3.0]):
        everywhere = survival_at(fit, {"one": PATTERN, "other": PATTERN}, times)
        second = survival_at(fit, {"one": PATTERN}, times, [1])
        chosen = everywhere[(everywhere["stratum"] == 1) & (everywhere["pattern"] == "one")]
        pd.testing.assert_frame_equal(second, chosen.reset_index(drop=True))
