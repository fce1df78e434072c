"""The compiled loops of parametric survival models: each row's loss with its slopes and curvature.

Of a row at risk from `start` to `stop`: minus the event's log-density, or log-survival where it is censored,
plus the log-survival at the start. It depends on the index eta (the regressors' sum) and on the shape.
"""

from math import erfc

import numpy as np

from clusterpanel.models.arrays import Floats
from clusterpanel.models.kernels import compiled

# The codes of the families, as the loops know them.
EXTREME, LOGISTIC, NORMAL, GOMPERTZ = 0, 1, 2, 3
LOG_ROOT_TWO_PI = 0.9189385332046727
ROOT_TWO = 1.4142135623730951
# Beyond this the normal's tail has fewer digits than its continued fraction.
FAR_TAIL = 6.0


@compiled
def normal_tail(z: float) -> tuple[float, float]:
    """Return the logarithm of the normal's upper tail, and its hazard."""
    log_density = -0.5 * z * z - LOG_ROOT_TWO_PI
    if z < FAR_TAIL:
        tail = 0.5 * erfc(z / ROOT_TWO)
        return np.log(tail), np.exp(log_density) / tail
    hazard = z
    for step in range(60, 0, -1):
        hazard = z + step / hazard
    return log_density - np.log(hazard), hazard


@compiled
def log_survival(code: int, z: float) -> tuple[float, float, float]:
    """Return the log-survival of a standardised log time, its slope and its curvature."""
    if code == EXTREME:
        rate = np.exp(z)
        return -rate, -rate, -rate
    if code == LOGISTIC:
        share = 1.0 / (1.0 + np.exp(-z))
        log = -np.log1p(np.exp(z)) if z < 0 else -z - np.log1p(np.exp(-z))
        return log, -share, -share * (1.0 - share)
    log, hazard = normal_tail(z)
    return log, -hazard, -hazard * (hazard - z)


@compiled
def log_density(code: int, z: float) -> tuple[float, float, float]:
    """Return the log-density of a standardised log time, its slope and its curvature."""
    if code == EXTREME:
        rate = np.exp(z)
        return z - rate, 1.0 - rate, -rate
    if code == LOGISTIC:
        share = 1.0 / (1.0 + np.exp(-z))
        log = z - 2.0 * np.log1p(np.exp(z)) if z < 0 else -z - 2.0 * np.log1p(np.exp(-z))
        return log, 1.0 - 2.0 * share, -2.0 * share * (1.0 - share)
    return -0.5 * z * z - LOG_ROOT_TWO_PI, -z, -1.0


@compiled
def growth(x: float) -> tuple[float, float, float]:
    """Return the integrals from 0 to 1 of exp(x s), s exp(x s) and s^2 exp(x s)."""
    if abs(x) > 1.0:
        rise = np.exp(x)
        none = np.expm1(x) / x
        once = (rise - none) / x
        return none, once, (rise - 2.0 * once) / x
    term, none, once, twice = 1.0, 0.0, 0.0, 0.0
    for power in range(20):
        none += term / (power + 1)
        once += term / (power + 2)
        twice += term / (power + 3)
        term *= x / (power + 1)
        if abs(term) < 1e-18:
            break
    return none, once, twice


@compiled
def write_gompertz(  # noqa: PLR0917
    eta: float, shape: float, event: float, start: float, stop: float, row: Floats
) -> None:
    """Write a row's log-likelihood, its two slopes and its three curvatures in eta and shape."""
    width = stop - start
    none, once, twice = growth(shape * width)
    rate = np.exp(eta + shape * start) * width
    whole = rate * none
    # Time since the start, then time since 0.
    first = rate * width * once
    second = rate * width * width * twice
    moment = start * whole + first
    square = start * start * whole + 2.0 * start * first + second
    row[0] = -whole
    row[1], row[2] = event - whole, event * stop - moment
    row[3], row[4], row[5] = -whole, -moment, -square
    if event > 0:
        row[0] += eta + shape * stop


@compiled
def add_accelerated(
    terms: tuple[float, float, float], z: float, scale: float, sign: float, row: Floats
) -> None:
    """Add a function of z = (log t - eta) / scale, carried to eta and the log scale."""
    value, slope, curvature = terms
    row[0] += sign * value
    row[1] -= sign * slope / scale
    row[2] -= sign * slope * z
    row[3] += sign * curvature / (scale * scale)
    row[4] += sign * (slope + curvature * z) / scale
    row[5] += sign * (slope + curvature * z) * z


@compiled
def write_accelerated(  # noqa: PLR0917
    code: int, eta: float, shape: float, event: float, start: float, stop: float, row: Floats
) -> None:
    """Write a row's log-likelihood, its two slopes and its three curvatures in eta and log scale."""
    row[:] = 0.0
    scale = np.exp(shape)
    z = (np.log(stop) - eta) / scale
    if event > 0:
        add_accelerated(log_density(code, z), z, scale, 1.0, row)
        row[0] -= shape + np.log(stop)
        row[2] -= 1.0
    else:
        add_accelerated(log_survival(code, z), z, scale, 1.0, row)
    if start > 0:
        z = (np.log(start) - eta) / scale
        add_accelerated(log_survival(code, z), z, scale, -1.0, row)


@compiled
def write_rows(  # noqa: PLR0917
    code: int, eta: Floats, shape: float, values: Floats, weights: Floats, terms: Floats
) -> float:
    """Write all rows' slopes and curvatures, shape (5, rows), and return the sum of losses; all weighted.

    `values` holds the event, the start and the stop of each row in its first three columns.
    """
    loss, row = 0.0, np.empty(6)
    for place in range(len(eta)):
        event, start, stop = values[0, place], values[1, place], values[2, place]
        if code == GOMPERTZ:
            write_gompertz(eta[place], shape, event, start, stop, row)
        else:
            write_accelerated(code, eta[place], shape, event, start, stop, row)
        weight = weights[place] if len(weights) else 1.0
        loss -= weight * row[0]
        for term in range(5):
            terms[term, place] = weight * row[term + 1]
    return loss
