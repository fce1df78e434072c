from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from clusterpanel.errors import NotIdentifiedError, SpecError
from clusterpanel.models.arrays import Codes, ModelArrays
from clusterpanel.models.conditional_logit import fit_conditional_logit


def simulated(seed: int = 0, firms: int = 120, longest: int = 7) -> ModelArrays:
    rng = np.random.default_rng(seed)
    years = rng.integers(1, longest + 1, firms)
    codes = np.repeat(np.arange(firms, dtype=np.int32), years)
    skill, rows = rng.normal(size=firms)[codes], len(codes)
    exposure, size = rng.normal(size=rows) + skill, rng.normal(size=rows)
    events = (rng.random(rows) < 1 / (1 + np.exp(0.4 - 0.6 * exposure + 0.3 * size - skill))).astype(float)
    firm = Codes("firm_id", codes, firms)
    return ModelArrays(
        (events, exposure, size), ("in_cluster", "size"), firm, (), True, groups=(firm,), rows_per_block=60
    )


def log_likelihood(sample: ModelArrays, coefficients: np.ndarray) -> float:
    """Sum over firms, by every way to choose as many rows as are 1."""
    total = 0.0
    for firm in range(sample.firms.levels):
        rows = sample.firms.codes == firm
        eta = coefficients @ np.stack(sample.columns[1:])[:, rows]
        ones = int(sample.columns[0][rows].sum())
        choices = [eta[list(chosen)].sum() for chosen in combinations(range(rows.sum()), ones)]
        total += eta @ sample.columns[0][rows] - np.log(np.exp(choices).sum())
    return total


def test_likelihood_is_the_sum_over_all_choices_and_highest_at_the_fit() -> None:
    sample = simulated()
    fit = fit_conditional_logit(sample)
    assert fit.facts["loglik"] == pytest.approx(log_likelihood(sample, fit.coefficients), rel=1e-12)
    for shift in np.eye(2) * 1e-4:
        for sign in (1, -1):
            assert log_likelihood(sample, fit.coefficients + sign * shift) < fit.facts["loglik"]


def test_two_years_are_a_logit_of_first_differences() -> None:
    """Chamberlain (1980): with one 1 in two rows, the later row is the 1 with odds exp(b'(x2 - x1))."""
    from scipy.optimize import minimize

    rng = np.random.default_rng(5)
    firm = Codes("firm_id", np.repeat(np.arange(300, dtype=np.int32), 2), 300)
    exposure = rng.normal(size=600)
    events = (rng.random(600) < 1 / (1 + np.exp(-0.7 * exposure))).astype(float)
    fit = fit_conditional_logit(
        ModelArrays((events, exposure), ("exposure",), firm, (), True, groups=(firm,))
    )
    change, difference = np.diff(events.reshape(-1, 2))[:, 0], np.diff(exposure.reshape(-1, 2))[:, 0]
    mixed = change != 0

    def loss(slope: np.ndarray) -> float:
        return float(np.log1p(np.exp(-slope[0] * difference[mixed] * change[mixed])).sum())

    best = minimize(loss, [0.0], method="BFGS", options={"gtol": 1e-10})
    assert fit.coefficients[0] == pytest.approx(best.x[0], abs=1e-7)
    assert fit.facts["informative_firms"] == mixed.sum()
    assert fit.notes == (f"{(~mixed).sum()} levels of firm_id have one outcome only, and say nothing.",)


def test_scores_by_firm_add_up_to_nothing_and_give_the_rows_outer_product() -> None:
    fit = fit_conditional_logit(simulated())
    np.testing.assert_allclose(fit.sums.groups[0].sum(axis=0), 0, atol=1e-8)
    np.testing.assert_allclose(fit.sums.groups[0].T @ fit.sums.groups[0], fit.sums.meat, rtol=1e-12)


def test_long_firms_and_extreme_regressors_stay_finite() -> None:
    """The sum over all choices of 300 from 600 is about 1e179, and each term may be as large again."""
    rng = np.random.default_rng(1)
    exposure = rng.normal(size=1200) * 40
    events = (rng.random(1200) < 1 / (1 + np.exp(-exposure / 40))).astype(float)
    firm = Codes("firm_id", np.repeat(np.arange(2, dtype=np.int32), 600), 2)
    fit = fit_conditional_logit(ModelArrays((events, exposure), ("exposure",), firm, (), True))
    assert fit.coefficients[0] == pytest.approx(1 / 40, abs=4 * np.sqrt(fit.sums.bread[0, 0]))


def test_weights_are_firms_repeated() -> None:
    sample = simulated(2)
    weights = (1.0 + sample.firms.codes % 3)[...]
    weighted = fit_conditional_logit(replace(sample, weights=weights, weight_kind="frequency"))
    rows = np.concatenate([np.flatnonzero(weights > copy) for copy in range(3)])
    copies = np.concatenate([np.full((weights > copy).sum(), copy) for copy in range(3)])
    order = np.lexsort((rows, copies, sample.firms.codes[rows]))
    rows, copies = rows[order], copies[order]
    firm = np.unique(sample.firms.codes[rows] * 3 + copies, return_inverse=True)[1].astype(np.int32)
    group = Codes("firm_id", sample.firms.codes[rows], sample.firms.levels)
    repeated = ModelArrays(
        tuple(column[rows] for column in sample.columns),
        sample.names,
        Codes("copy", firm, int(firm.max()) + 1),
        (),
        True,
    )
    fit = fit_conditional_logit(repeated)
    assert group.levels == sample.firms.levels
    np.testing.assert_allclose(weighted.coefficients, fit.coefficients, rtol=1e-10)
    np.testing.assert_allclose(weighted.sums.bread, fit.sums.bread, rtol=1e-10)
    np.testing.assert_allclose(weighted.sums.meat, fit.sums.meat, rtol=1e-10)
    assert weighted.counts.rows == fit.counts.rows


def test_regressors_constant_within_firms_are_dropped_or_refused() -> None:
    sample = simulated()
    fixed = (sample.firms.codes % 5).astype(float)
    fit = fit_conditional_logit(
        replace(sample, columns=(*sample.columns, fixed), names=(*sample.names, "fixed"))
    )
    assert [(item.name, item.reason) for item in fit.collinear] == [
        ("fixed", "it is constant within firm_id")
    ]
    with pytest.raises(NotIdentifiedError, match="odds ratio of in_cluster is not identified"):
        fit_conditional_logit(replace(sample, columns=(sample.columns[0], fixed, sample.columns[2])))


def test_a_regressor_that_separates_within_firms_is_refused() -> None:
    sample = simulated()
    events = sample.columns[0]
    with pytest.raises(NotIdentifiedError, match="in_cluster"):
        fit_conditional_logit(replace(sample, columns=(events, events * 2.0, sample.columns[2])))


def test_firms_of_one_outcome_alone_are_refused() -> None:
    sample = simulated()
    events = (sample.firms.codes % 2).astype(float)
    with pytest.raises(NotIdentifiedError, match="no firm_id has both outcomes"):
        fit_conditional_logit(replace(sample, columns=(events, *sample.columns[1:])))


def test_what_has_no_place_in_the_conditional_likelihood_is_refused() -> None:
    sample = simulated()
    year = Codes("year", np.arange(sample.rows, dtype=np.int32) % 2, 2)
    for changed, words in (
        ({"absorbs_firm": False}, "needs the firm's effect"),
        ({"effects": (year,)}, "came with the effects year"),
        ({"groups": (year,)}, "cannot group errors by year"),
        ({"weights": 1.0 + np.arange(sample.rows), "weight_kind": "analytic"}, "differ within firms"),
    ):
        with pytest.raises(SpecError, match=words):
            fit_conditional_logit(replace(sample, **changed))
