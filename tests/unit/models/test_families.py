import numpy as np
import pytest
from scipy import stats

from clusterpanel.models.families import CLOGLOG, FAMILIES, LOGIT, POISSON, Family

ETAS = np.array([-30.0, -12.0, -3.0, -0.5, 0.0, 1.0, 3.0])
NO_WEIGHTS = np.empty(0)
families = pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)


@families
@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_scores_are_the_slope_of_the_log_likelihood(family: Family, outcome: float) -> None:
    outcomes, width = np.full(1, outcome), 1e-5
    for eta in ETAS:
        _, scores, _ = family.terms(np.array([eta]), outcomes, NO_WEIGHTS)
        above, below = (
            family.terms(np.array([eta + shift]), outcomes, NO_WEIGHTS)[2] for shift in (width, -width)
        )
        assert scores[0] == pytest.approx(-(above - below) / (2 * width), rel=1e-5, abs=1e-10)


@pytest.mark.parametrize(
    ("family", "chance"),
    [(LOGIT, 1 / (1 + np.exp(-ETAS))), (CLOGLOG, -np.expm1(-np.exp(ETAS)))],
    ids=["logit", "cloglog"],
)
def test_information_is_the_variance_of_the_scores(family: Family, chance: np.ndarray) -> None:
    information, happened, _ = family.terms(ETAS, np.ones(7), NO_WEIGHTS)
    _, survived, _ = family.terms(ETAS, np.zeros(7), NO_WEIGHTS)
    left = 1 / (1 + np.exp(ETAS)) if family is LOGIT else np.exp(-np.exp(ETAS))
    np.testing.assert_allclose(information, chance * happened**2 + left * survived**2, rtol=1e-9)


@families
@pytest.mark.parametrize("eta", [-1e6, -700.0, -35.0, 6.5, 50.0, 800.0, 1e6])
def test_extreme_predictors_give_finite_numbers(family: Family, eta: float) -> None:
    information, scores, loss = family.terms(np.full(2, eta), np.array([0.0, 1.0]), NO_WEIGHTS)
    assert np.isfinite([*information, *scores, loss]).all()
    assert (information > 0).all()
    assert scores[0] <= 0
    assert np.isfinite(scores / information).all()
    if not family.is_count:
        assert scores[1] >= 0


@pytest.mark.parametrize("mean", [1e-9, 0.05, 0.5, 0.999])
def test_link_undoes_the_mean(mean: float) -> None:
    assert np.exp(POISSON.link(mean)) == pytest.approx(mean, rel=1e-12)
    assert 1 / (1 + np.exp(-LOGIT.link(mean))) == pytest.approx(mean, rel=1e-12)
    assert -np.expm1(-np.exp(CLOGLOG.link(mean))) == pytest.approx(mean, rel=1e-12)


@pytest.mark.parametrize("largest", [9, 1000])
def test_counts_have_their_log_likelihood_and_perfect_fit(largest: int) -> None:
    """Small counts come from a table, large ones do not."""
    outcome, weights = np.array([0.0, 1, 4, largest]), np.array([1.0, 2, 3, 0.5])
    eta = np.array([0.3, -1.0, 1.0, 2.0])
    _, _, loss = POISSON.terms(eta, outcome, weights)
    likelihood, perfect = POISSON.constants(outcome, weights)
    assert likelihood - loss == pytest.approx(weights @ stats.poisson.logpmf(outcome, np.exp(eta)), rel=1e-12)
    best = stats.poisson.logpmf(outcome, np.maximum(outcome, 1e-300))
    assert likelihood - perfect == pytest.approx(weights @ best, rel=1e-12)


@families
def test_weights_multiply(family: Family) -> None:
    outcome, weights = np.array([0.0, 1.0]), np.array([2.0, 0.25])
    eta = np.array([0.2, -0.4])
    plain, weighted = family.terms(eta, outcome, NO_WEIGHTS), family.terms(eta, outcome, weights)
    np.testing.assert_allclose(weighted[0], weights * plain[0])
    np.testing.assert_allclose(weighted[1], weights * plain[1])
    parts = [family.terms(eta[k : k + 1], outcome[k : k + 1], NO_WEIGHTS)[2] for k in range(2)]
    assert weighted[2] == pytest.approx(weights @ parts)
