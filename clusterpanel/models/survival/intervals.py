"""Intervals of curves between 0 and 1, and of cumulative hazards."""

from typing import Literal

import numpy as np
from scipy.special import ndtri

from clusterpanel.models.arrays import Floats

Interval = Literal["plain", "log", "log-log"]
HazardInterval = Literal["plain", "log"]


def share_interval(
    share: Floats, error: Floats, kind: Interval = "log-log", level: float = 0.95
) -> tuple[Floats, Floats]:
    """Return the limits of shares such as survival or cumulative incidence.

    Parameters
    ----------
    share, error : float array
        The share and its standard error, of one shape.
    kind : "plain", "log" or "log-log"
        On which scale the interval is symmetric: the share's, its logarithm's, or that of log(-log(share)).
    level : float
        What part of intervals is to hold the truth.

    Notes
    -----
    Limits are cut at 0 and 1. A survival of 0 and an incidence of 1 have no limits (missing), one without
    error has itself for both (Kalbfleisch and Prentice 2002, section 1.4).
    """
    low, high = np.full(share.shape, np.nan), np.full(share.shape, np.nan)
    is_sure = error == 0
    low[is_sure], high[is_sure] = share[is_sure], share[is_sure]
    inside = (share > 0) & (share < 1) & (error > 0)
    width = ndtri(0.5 + level / 2) * error[inside]
    low[inside], high[inside] = _limits(share[inside], width, kind)
    return low, high


def _limits(share: Floats, width: Floats, kind: Interval) -> tuple[Floats, Floats]:
    if kind == "plain":
        return np.maximum(share - width, 0.0), np.minimum(share + width, 1.0)
    logs = np.log(share)
    if kind == "log":
        return np.exp(logs - width / share), np.minimum(np.exp(logs + width / share), 1.0)
    with np.errstate(over="ignore"):
        factor = np.exp(width / (share * -logs))
        return np.exp(logs * factor), np.exp(logs / factor)


def hazard_interval(
    hazard: Floats, error: Floats, kind: HazardInterval = "log", level: float = 0.95
) -> tuple[Floats, Floats]:
    """Return the limits of cumulative hazards: symmetric, or symmetric in the logarithm; 0 has itself."""
    z = ndtri(0.5 + level / 2)
    if kind == "plain":
        return np.maximum(hazard - z * error, 0.0), hazard + z * error
    factor = np.exp(z * np.divide(error, hazard, out=np.zeros_like(hazard), where=hazard > 0))
    return hazard / factor, hazard * factor
