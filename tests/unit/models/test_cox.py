"""A Cox regression's likelihood, scores and information against loops over every risk set."""

from dataclasses import replace

import numpy as np
import pytest

from clusterpanel.models.arrays import Codes, Flags, Floats, ModelArrays
from clusterpanel.models.survival.cox import CoxFit, fit_cox
from clusterpanel.models.survival.cox_ties import Ties

NAMES = ("exposure", "size", "capital")


def sample(seed: int = 1, *, has_strata: bool = True, has_weights: bool = True) -> ModelArrays:
    """Simulate 80 firms of one to four intervals, tied and untied times, in three strata."""
    rng = np.random.default_rng(seed)
    intervals = rng.integers(1, 5, 80)
    firm = np.repeat(np.arange(80, dtype=np.int32), intervals)
    rows = len(firm)
    start = rng.integers(0, 6, rows).astype(float)
    stop = start + rng.choice([1.0, 2.0, 0.5, 3.0], rows)
    event = (rng.random(rows) < 0.4).astype(float)
    region = rng.integers(0, 5, rows).astype(np.int32)
    regressors = (rng.random(rows) < 0.5) * 1.0, rng.normal(size=rows), rng.normal(5, 2, rows)
    return ModelArrays(
        columns=(event, start, stop, *regressors),
        names=NAMES,
        firms=Codes("firm_id", firm, 80),
        effects=(Codes("stratum", rng.integers(0, 3, rows).astype(np.int32), 3),) if has_strata else (),
        absorbs_firm=False,
        groups=(Codes("firm_id", firm, 80), Codes("region", region, 5)),
        weights=rng.uniform(0.5, 2.0, rows) if has_weights else None,
        offset=rng.normal(0, 0.3, rows),
        outcomes=3,
        rows_per_block=20,
    )


def slow_likelihood(arrays: ModelArrays, beta: Floats, ties: Ties, weights: Floats) -> float:
    """Go through the events of every stratum and time."""
    event, start, stop = arrays.columns[:3]
    eta = np.column_stack(arrays.columns[3:]) @ beta + (0.0 if arrays.offset is None else arrays.offset)
    strata = arrays.effects[0].codes if arrays.effects else np.zeros(arrays.rows, dtype=np.int32)
    total = 0.0
    for stratum in np.unique(strata):
        for time in np.unique(stop[(event > 0) & (strata == stratum)]):
            at_risk = (strata == stratum) & (start < time) & (time <= stop)
            fails = at_risk & (event > 0) & (stop == time)
            total += weights[fails] @ eta[fails]
            total -= weights[fails].mean() * denominators(weights * np.exp(eta), at_risk, fails, ties)
    return float(total)


def denominators(risks: Floats, at_risk: Flags, fails: Flags, ties: Ties) -> float:
    count = int(fails.sum())
    shares = np.arange(count) / count if ties == "efron" else np.zeros(count)
    return float(np.log(risks[at_risk].sum() - shares * risks[fails].sum()).sum())


def weights_of(arrays: ModelArrays) -> Floats:
    return np.ones(arrays.rows) if arrays.weights is None else arrays.weights


def slow_score(arrays: ModelArrays, beta: Floats, ties: Ties, weights: Floats) -> Floats:
    step = 1e-5
    moves = np.eye(len(beta)) * step
    ends = [
        [slow_likelihood(arrays, beta + sign * move, ties, weights) for sign in (1, -1)] for move in moves
    ]
    return np.array([(up - down) / (2 * step) for up, down in ends])


cases = pytest.mark.parametrize(
    ("ties", "has_strata", "has_weights"),
    [("efron", True, True), ("breslow", True, True), ("efron", False, False), ("breslow", False, True)],
)


@cases
def test_the_likelihood_is_that_of_every_risk_set(ties: Ties, has_strata: bool, has_weights: bool) -> None:
    arrays = sample(has_strata=has_strata, has_weights=has_weights)
    fit = fit_cox(arrays, ties).likelihood
    for key, beta in (("loglik", fit.coefficients), ("loglik_null", np.zeros(3))):
        slow = slow_likelihood(arrays, beta, ties, weights_of(arrays))
        np.testing.assert_allclose(fit.facts[key], slow, rtol=1e-12)


@cases
def test_the_score_is_nothing_at_the_top(ties: Ties, has_strata: bool, has_weights: bool) -> None:
    arrays = sample(has_strata=has_strata, has_weights=has_weights)
    fit = fit_cox(arrays, ties).likelihood
    score = slow_score(arrays, fit.coefficients, ties, weights_of(arrays))
    np.testing.assert_allclose(score, 0.0, atol=1e-6)


@cases
def test_the_bread_inverts_the_likelihoods_curvature(ties: Ties, has_strata: bool, has_weights: bool) -> None:
    arrays = sample(has_strata=has_strata, has_weights=has_weights)
    fit, weights, step = fit_cox(arrays, ties).likelihood, weights_of(arrays), 1e-3
    curvature = np.empty((3, 3))
    for place, move in enumerate(np.eye(3) * step):
        up, down = (slow_score(arrays, fit.coefficients + sign * move, ties, weights) for sign in (1, -1))
        curvature[place] = (down - up) / (2 * step)
    np.testing.assert_allclose(fit.sums.bread @ curvature, np.eye(3), atol=2e-5)


@cases
def test_a_groups_score_is_what_its_weight_adds_to_the_score(
    ties: Ties, has_strata: bool, has_weights: bool
) -> None:
    # The derivative of the score in a row's weight, times the weight, is the row's score; with Efron's ties
    # R takes the mean weight of those who fail together as given, so that only equal weights tell.
    arrays = sample(has_strata=has_strata, has_weights=has_weights and ties == "breslow")
    fit, weights = fit_cox(arrays, ties).likelihood, weights_of(arrays)
    for way, group in enumerate(arrays.groups):
        for level in range(0, group.levels, 7):
            change = np.where(group.codes == level, weights, 0.0) * 1e-3
            up, down = (
                slow_score(arrays, fit.coefficients, ties, weights + sign * change) for sign in (1, -1)
            )
            np.testing.assert_allclose(fit.sums.groups[way][level], (up - down) / 2e-3, atol=2e-5)


def test_the_meat_is_the_firms_outer_product() -> None:
    fit = fit_cox(sample()).likelihood
    by_firm = fit.sums.groups[0]
    np.testing.assert_allclose(fit.sums.meat, by_firm.T @ by_firm, rtol=1e-12)


def test_frequency_weights_divide_the_meat_by_the_copies() -> None:
    arrays = sample()
    copies = np.random.default_rng(2).integers(1, 4, 80).astype(float)[arrays.firms.codes]
    fit = fit_cox(replace(arrays, weights=copies, weight_kind="frequency"), "breslow").likelihood
    by_firm, firm_copies = fit.sums.groups[0], copies[arrays.starts[:-1]]
    np.testing.assert_allclose(fit.sums.meat, (by_firm / firm_copies[:, None]).T @ by_firm, rtol=1e-12)
    assert fit.counts.rows == copies.sum()


def test_groups_sums_add_up_to_the_score_which_is_nothing() -> None:
    fit = fit_cox(sample()).likelihood
    for sums in fit.sums.groups:
        np.testing.assert_allclose(sums.sum(axis=0), 0.0, atol=1e-7)


def test_an_entry_at_an_event_time_is_not_yet_at_risk() -> None:
    # One firm fails at 1 while another enters then: the risk sets are {0, 1} at 1 and {1, 2} at 2.
    event, start, stop = np.array([1.0, 0, 1]), np.array([0.0, 0, 1]), np.array([1.0, 2, 2])
    exposure = np.array([1.0, 0, -0.3])
    firm = Codes("firm_id", np.arange(3, dtype=np.int32), 3)
    arrays = ModelArrays((event, start, stop, exposure), ("exposure",), firm, (), False, outcomes=3)
    fit = fit_cox(arrays).likelihood
    assert fit.facts["loglik_null"] == pytest.approx(-2 * np.log(2))


def test_other_causes_are_censored() -> None:
    arrays = sample()
    event = arrays.columns[0] * (1 + np.arange(arrays.rows) % 2)
    both = replace(arrays, columns=(event, *arrays.columns[1:]))
    alone = replace(arrays, columns=((event == 2) * 1.0, *arrays.columns[1:]))
    one, two = fit_cox(both, cause=2).likelihood, fit_cox(alone).likelihood
    np.testing.assert_array_equal(one.coefficients, two.coefficients)
    assert one.facts["other_events"] == (event == 1).sum()
    assert one.facts["events"] == (event == 2).sum()


def test_threads_change_no_bit() -> None:
    def numbers(fit: CoxFit) -> list[Floats]:
        likelihood = fit.likelihood
        return [likelihood.coefficients, likelihood.sums.bread, *likelihood.sums.groups]

    for one, two in zip(numbers(fit_cox(sample())), numbers(fit_cox(sample(), threads=2)), strict=True):
        np.testing.assert_array_equal(one, two)


def test_the_facts_tell_the_tests_and_counts() -> None:
    arrays = sample()
    fit = fit_cox(arrays).likelihood
    facts = fit.facts
    assert facts["lr_chi2"] == pytest.approx(2 * (facts["loglik"] - facts["loglik_null"]))
    wald = fit.coefficients @ np.linalg.solve(fit.sums.bread, fit.coefficients)
    assert facts["wald_chi2"] == pytest.approx(wald)
    assert facts["hazard_ratio"] == pytest.approx(np.exp(fit.coefficients[0]))
    assert facts["strata"] == 3
    assert facts["events"] == arrays.columns[0].sum()


def test_the_sums_of_each_cell_are_those_of_its_risk_set() -> None:
    arrays = sample()
    fit = fit_cox(arrays)
    cells, centre = fit.rows.cells, fit.rows.centre
    sums, _ = fit.passes().risk_sums(fit.rows.coefficients, needs_squares=True)
    event, start, stop = arrays.columns[:3]
    values = np.column_stack(arrays.columns[3:]) - centre
    assert arrays.weights is not None
    assert arrays.offset is not None
    risks = arrays.weights * np.exp(values @ fit.rows.coefficients + arrays.offset)
    assert sums.at_risk_squares is not None
    assert sums.failing_squares is not None
    for cell in range(cells.size):
        in_stratum = arrays.effects[0].codes == cells.strata[cell]
        at_risk = in_stratum & (start < cells.times[cell]) & (cells.times[cell] <= stop)
        fails = in_stratum & (event > 0) & (stop == cells.times[cell])
        np.testing.assert_allclose(sums.s0[cell], risks[at_risk].sum(), rtol=1e-10)
        np.testing.assert_allclose(sums.s1[cell], risks[at_risk] @ values[at_risk], atol=1e-10)
        np.testing.assert_allclose(sums.d0[cell], risks[fails].sum(), rtol=1e-10)
        np.testing.assert_allclose(sums.d1[cell], risks[fails] @ values[fails], atol=1e-10)
        np.testing.assert_allclose(sums.event_values[cell], arrays.weights[fails] @ values[fails], atol=1e-10)
        squares = (values * risks[:, None]).T
        np.testing.assert_allclose(
            sums.at_risk_squares[cell], squares[:, at_risk] @ values[at_risk], atol=1e-9
        )
        np.testing.assert_allclose(sums.failing_squares[cell], squares[:, fails] @ values[fails], atol=1e-9)
        assert sums.events[cell] == fails.sum()
