"""The conditional logit equals statsmodels' ConditionalLogit, and the Poisson its GLM, on simulated data."""

import warnings

import numpy as np
import pytest

from clusterpanel.models.arrays import Codes, ModelArrays
from clusterpanel.models.conditional_logit import fit_conditional_logit
from clusterpanel.models.glm import fit_glm

TOLERANCE = 1e-8  # both climb until a step is below 1e-9 standard errors


def simulated(seed: int = 3, firms: int = 250) -> ModelArrays:
    rng = np.random.default_rng(seed)
    years = rng.integers(1, 10, firms)
    codes = np.repeat(np.arange(firms, dtype=np.int32), years)
    rows = len(codes)
    skill = rng.normal(size=firms)[codes]
    exposure, size = (rng.random(rows) < 0.4).astype(float), rng.normal(size=rows) + skill
    events = (rng.random(rows) < 1 / (1 + np.exp(-0.5 * exposure + 0.4 * size - skill))).astype(float)
    firm = Codes("firm_id", codes, firms)
    return ModelArrays((events, exposure, size), ("in_cluster", "size"), firm, (), True, groups=(firm,))


def test_conditional_logit() -> None:
    sample = simulated()
    fit = fit_conditional_logit(sample)
    with warnings.catch_warnings():
        # The peer warns of the firms it drops, and of its own deprecations; its import resets the filters.
        warnings.simplefilter("ignore")
        from statsmodels.discrete.conditional_models import ConditionalLogit

        warnings.simplefilter("ignore")
        model = ConditionalLogit(
            sample.columns[0], np.column_stack(sample.columns[1:]), groups=sample.firms.codes
        )
        theirs = model.fit(method="newton", tol=1e-12, disp=False)
    np.testing.assert_allclose(fit.coefficients, theirs.params, rtol=TOLERANCE)
    np.testing.assert_allclose(np.sqrt(np.diag(fit.sums.bread)), theirs.bse, rtol=1e-6)
    assert fit.facts["loglik"] == pytest.approx(theirs.llf, rel=1e-10)


@pytest.mark.parametrize("family", ["poisson", "logit"])
def test_glm_with_dummies_offset_and_weights(family: str) -> None:
    sample = simulated(4)
    rng = np.random.default_rng(1)
    region = rng.integers(0, 5, sample.rows).astype(np.int32)
    outcome = sample.columns[0] * (rng.poisson(3.0, sample.rows) if family == "poisson" else 1.0)
    offset, weights = rng.normal(size=sample.rows) * 0.2, rng.integers(1, 4, sample.rows).astype(float)
    arrays = ModelArrays(
        (outcome, *sample.columns[1:]),
        sample.names,
        sample.firms,
        (Codes("region_code", region, 5),),
        False,
        weights=weights,
        weight_kind="frequency",
        offset=offset,
    )
    fit = fit_glm(arrays, family)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import statsmodels.api as sm

        matrix = np.column_stack([*sample.columns[1:], np.eye(5)[region]])
        kind = sm.families.Poisson() if family == "poisson" else sm.families.Binomial()
        model = sm.GLM(outcome, matrix, family=kind, offset=offset, freq_weights=weights)
        theirs = model.fit(tol=1e-14, maxiter=100)
    np.testing.assert_allclose(fit.coefficients, theirs.params[:2], rtol=TOLERANCE)
    np.testing.assert_allclose(np.sqrt(np.diag(fit.sums.bread)), theirs.bse[:2], rtol=1e-7)
    assert fit.facts["loglik"] == pytest.approx(theirs.llf, rel=1e-10)
    assert fit.facts["deviance"] == pytest.approx(theirs.deviance, rel=1e-9)
    assert fit.facts["pseudo_r2"] == pytest.approx(1 - theirs.llf / theirs.llnull, rel=1e-6)
