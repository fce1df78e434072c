import numpy as np
import pytest

from clusterpanel.models.cloglog import link, weights_and_scores

ETAS = np.array([-30.0, -12.0, -3.0, -0.5, 0.0, 1.0, 3.0])


@pytest.mark.parametrize("happened", [0.0, 1.0])
def test_scores_are_the_slope_of_the_log_likelihood(happened: float) -> None:
    events, width = np.full(1, happened), 1e-5
    for eta in ETAS:
        _, scores, _ = weights_and_scores(np.array([eta]), events)
        above, below = (weights_and_scores(np.array([eta + shift]), events)[2] for shift in (width, -width))
        assert scores[0] == pytest.approx(-(above - below) / (4 * width), rel=1e-5, abs=1e-10)


def test_weights_are_the_variance_of_the_scores() -> None:
    hazard = -np.expm1(-np.exp(ETAS))
    weights, happened, _ = weights_and_scores(ETAS, np.ones(7))
    _, survived, _ = weights_and_scores(ETAS, np.zeros(7))
    np.testing.assert_allclose(weights, hazard * happened**2 + np.exp(-np.exp(ETAS)) * survived**2, rtol=1e-9)


@pytest.mark.parametrize("eta", [-1e6, -700.0, -35.0, 6.5, 50.0, 800.0, 1e6])
def test_extreme_predictors_give_finite_numbers(eta: float) -> None:
    weights, scores, deviance = weights_and_scores(np.full(2, eta), np.array([0.0, 1.0]))
    assert np.isfinite([*weights, *scores, deviance]).all()
    assert (weights > 0).all()
    assert scores[0] <= 0 <= scores[1]
    assert np.isfinite(scores / weights).all()


@pytest.mark.parametrize("hazard", [1e-9, 0.05, 0.5, 0.999])
def test_link_undoes_the_hazard(hazard: float) -> None:
    assert -np.expm1(-np.exp(link(hazard))) == pytest.approx(hazard, rel=1e-12)
