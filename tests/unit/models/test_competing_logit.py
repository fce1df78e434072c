from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from clusterpanel.errors import DataError, NotIdentifiedError, SpecError
from clusterpanel.models.arrays import Codes, ModelArrays
from clusterpanel.models.competing_logit import chances_of, fit_competing_logit
from clusterpanel.models.competing_logit_margins import competing_marginal_effects
from clusterpanel.models.fit import Fit
from clusterpanel.models.glm import fit_glm
from clusterpanel.models.vcov.from_sums import from_sums

CAUSES = ("closure", "merger")


def simulated(seed: int = 0, firms: int = 400, rows_per_block: int = 100) -> ModelArrays:
    """Simulated yearly rows: a firm stays, closes or merges."""
    rng = np.random.default_rng(seed)
    rows: list[list[float]] = []
    for firm in range(firms):
        exposure, skill = float(rng.random() < 0.4), rng.normal()
        for _ in range(6):
            size = skill + rng.normal()
            etas = np.array([-1.8 - 0.6 * exposure - 0.4 * size, -2.4 + 0.5 * exposure + 0.3 * size])
            chances, log_stay = chances_of(etas[:, None])
            exit_to = rng.choice(3, p=[np.exp(log_stay[0]), *chances[:, 0]])
            rows.append([firm, exit_to, exposure, size, 1.0])
            if exit_to:
                break
    table = np.array(rows)
    firm = Codes("firm_id", table[:, 0].astype(np.int32), firms)
    region = Codes("region_code", firm.codes % np.int32(25), 25)
    return ModelArrays(
        tuple(np.ascontiguousarray(column) for column in table[:, 1:].T),
        ("in_cluster", "size", "constant"),
        firm,
        (),
        False,
        groups=(firm, region),
        rows_per_block=rows_per_block,
    )


def reference(sample: ModelArrays) -> Any:
    import statsmodels.api as sm

    regressors = np.stack(sample.columns[1:]).T
    return sm.MNLogit(sample.columns[0], regressors).fit(method="newton", disp=0, tol=1e-14, maxiter=50)


def test_equals_statsmodels_multinomial_logit() -> None:
    sample = simulated()
    fit, expected = fit_competing_logit(sample, CAUSES), reference(sample)
    np.testing.assert_allclose(fit.coefficients, np.asarray(expected.params).T.ravel(), rtol=1e-8)
    np.testing.assert_allclose(
        from_sums("iid", fit.sums, fit.counts).matrix, expected.cov_params(), rtol=1e-7
    )
    assert fit.facts["loglik"] == pytest.approx(expected.llf, rel=1e-12)
    assert fit.facts["loglik_null"] == pytest.approx(expected.llnull, rel=1e-9)
    assert fit.names == tuple(f"{cause}: {name}" for cause in CAUSES for name in sample.names)
    assert fit.facts["relative_risk_ratio"] == pytest.approx(np.exp(fit.coefficients[0]))


def test_scores_of_groups_are_the_rows_residuals_times_regressors() -> None:
    sample = simulated(1)
    fit, expected = fit_competing_logit(sample, CAUSES), reference(sample)
    chances = np.asarray(expected.predict())[:, 1:]
    left = (sample.columns[0][:, None] == np.array([1, 2])) - chances
    scores = (left[:, :, None] * np.stack(sample.columns[1:]).T[:, None, :]).reshape(sample.rows, -1)
    for way, group in enumerate(sample.groups):
        sums = np.zeros((group.levels, 6))
        np.add.at(sums, group.codes, scores)
        np.testing.assert_allclose(fit.sums.groups[way], sums, atol=1e-8)
    np.testing.assert_allclose(fit.sums.meat, scores.T @ scores, rtol=1e-7)


def test_one_cause_is_a_logit() -> None:
    sample = simulated(2)
    one = replace(sample, columns=(np.minimum(sample.columns[0], 1.0), *sample.columns[1:]))
    fit, logit = fit_competing_logit(one, ("exit",)), fit_glm(one, "logit")
    np.testing.assert_allclose(fit.coefficients, logit.coefficients, rtol=1e-8)
    np.testing.assert_allclose(fit.sums.groups[1], logit.sums.groups[1], atol=1e-7)


def test_frequency_weights_offsets_and_block_borders() -> None:
    sample = simulated(3)
    weights = 1.0 + np.arange(sample.rows) % 3
    offset = np.sin(np.arange(sample.rows))
    weighted = replace(sample, weights=weights, weight_kind="frequency", offset=offset, rows_per_block=23)
    rows = np.repeat(np.arange(sample.rows), weights.astype(int))
    repeated = replace(
        sample,
        columns=tuple(column[rows] for column in sample.columns),
        firms=replace(sample.firms, codes=sample.firms.codes[rows]),
        groups=tuple(replace(group, codes=group.codes[rows]) for group in sample.groups),
        offset=offset[rows],
        rows_per_block=100_000,
    )
    one, two = fit_competing_logit(weighted, CAUSES, threads=2), fit_competing_logit(repeated, CAUSES)
    np.testing.assert_allclose(one.coefficients, two.coefficients, rtol=1e-9)
    np.testing.assert_allclose(one.sums.bread, two.sums.bread, rtol=1e-9)
    np.testing.assert_allclose(one.sums.meat, two.sums.meat, rtol=1e-8)
    np.testing.assert_allclose(one.sums.groups[1], two.sums.groups[1], atol=1e-8)
    assert one.facts["loglik_null"] == pytest.approx(two.facts["loglik_null"], rel=1e-12)
    assert one.counts == two.counts


def test_what_is_not_identified_is_refused_by_name() -> None:
    sample = simulated(4)
    outcome, exposure, *rest = sample.columns
    never = np.where((exposure > 0) & (outcome == 2), 0.0, outcome)
    with pytest.raises(NotIdentifiedError, match="merger: in_cluster"):
        fit_competing_logit(replace(sample, columns=(never, exposure, *rest)), CAUSES)
    with pytest.raises(NotIdentifiedError, match="no rows of merger"):
        fit_competing_logit(replace(sample, columns=(np.minimum(outcome, 1.0), exposure, *rest)), CAUSES)
    with pytest.raises(DataError, match="no whole number from 0"):
        fit_competing_logit(replace(sample, columns=(outcome * 2, exposure, *rest)), CAUSES)
    with pytest.raises(SpecError, match="region_code"):
        fit_competing_logit(replace(sample, effects=(sample.groups[1],)), CAUSES)
    twice = replace(
        sample,
        columns=(outcome, exposure, rest[0], 2 * exposure + 1, rest[1]),
        names=("in_cluster", "size", "again", "constant"),
    )
    fit = fit_competing_logit(twice, CAUSES)
    assert [item.name for item in fit.collinear] == ["again"]
    np.testing.assert_allclose(fit.coefficients, fit_competing_logit(sample, CAUSES).coefficients, rtol=1e-8)


def test_marginal_effects_equal_statsmodels() -> None:
    """get_margeff has the stayers first, then each cause; yes/no columns change from 0 to 1 there too."""
    sample = simulated(5)
    fitted = fit_competing_logit(sample, CAUSES)
    fit = Fit(fitted.names, fitted.coefficients, from_sums("iid", fitted.sums, fitted.counts))
    effects = competing_marginal_effects(sample, fit, CAUSES)
    # With a yes/no column statsmodels differs in its Jacobian of a multinomial; slopes it has right.
    expected = reference(sample).get_margeff(at="overall", dummy=False)
    np.testing.assert_allclose(effects.coefficients[[1, 3]], 100 * expected.margeff[1, 1:], rtol=1e-6)
    errors = np.sqrt(np.diag(effects.covariance))
    np.testing.assert_allclose(errors[[1, 3]], 100 * expected.margeff_se[1, 1:], rtol=1e-5)
    assert effects.names == ("closure: in_cluster", "closure: size", "merger: in_cluster", "merger: size")


def test_marginal_effects_move_with_the_coefficients_as_their_jacobian_says() -> None:
    sample = simulated(6)
    fitted = fit_competing_logit(sample, CAUSES)
    variance = from_sums("iid", fitted.sums, fitted.counts)
    fit = Fit(fitted.names, fitted.coefficients, variance)
    effects = competing_marginal_effects(sample, fit, CAUSES)
    regressors = np.stack(sample.columns[1:])
    low, high = regressors.copy(), regressors.copy()
    low[0], high[0] = 0.0, 1.0
    slopes = fitted.coefficients.reshape(2, 3)
    change = chances_of(slopes @ high)[0].mean(axis=1) - chances_of(slopes @ low)[0].mean(axis=1)
    np.testing.assert_allclose(effects.coefficients[[0, 2]], 100 * change, rtol=1e-9)
    jacobian = []
    for step in np.eye(6) * 1e-5:
        moved = [
            competing_marginal_effects(
                sample, replace(fit, coefficients=fit.coefficients + sign * step), CAUSES
            )
            for sign in (1, -1)
        ]
        jacobian.append((moved[0].coefficients - moved[1].coefficients) / 2e-5)
    by_hand = np.array(jacobian).T @ variance.matrix @ np.array(jacobian)
    np.testing.assert_allclose(effects.covariance, by_hand, rtol=1e-5)
