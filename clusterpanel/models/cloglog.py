"""The complementary log-log link, safe where the hazard is nearly 0 or 1.

With h = 1 - exp(-exp(eta)) and ``m = exp(eta)/(exp(exp(eta)) - 1)``, a row's score in eta is
``y m - (1-y) exp(eta)`` and its expected information ``exp(eta) m``. Prentice and Gloeckler (1978, Biometrics
34): the coefficients are those of the proportional hazards model whose times are known to the year.
"""

import numpy as np

from clusterpanel.models.arrays import Floats

LOWEST, HIGHEST = -35.0, 6.5


def link(hazard: float) -> float:
    """Return eta of a hazard strictly between 0 and 1."""
    return float(np.log(-np.log1p(-hazard)))


def weights_and_scores(eta: Floats, events: Floats) -> tuple[Floats, Floats, float]:
    """Return each row's expected information and score in eta, and the deviance.

    Parameters
    ----------
    eta : float array, shape (rows,)
        Held between -35 and 6.5, beyond which a hazard is 0 or 1 to the last digit.
    events : float array, shape (rows,)
        0 or 1.
    """
    rate = np.exp(np.clip(eta, LOWEST, HIGHEST))
    ratio = rate / np.expm1(rate)
    is_event = events > 0
    scores = np.where(is_event, ratio, -rate)
    # Of log(1 - exp(-rate)) one form keeps its digits for small rates, the other for large ones.
    hit = np.where(rate < np.log(2), -np.log(-np.expm1(-rate)), -np.log1p(-np.exp(-rate)))
    losses = np.where(is_event, hit, rate)
    return rate * ratio, scores, 2 * float(losses.sum())
