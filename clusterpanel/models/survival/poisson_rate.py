"""Rates of events per time at risk, with Garwood's exact interval for a Poisson count."""

import numpy as np
from scipy.special import gammaincinv

from clusterpanel.models.arrays import Floats


def poisson_interval(events: Floats, time: Floats, level: float = 0.95) -> tuple[Floats, Floats]:
    """Return the exact limits of rates.

    Parameters
    ----------
    events, time : float array, shape (cells,)
        Counts, and the time at risk they came from, above 0.
    level : float

    Returns
    -------
    low, high : float array, shape (cells,)
        Events per unit of time. With no event the lower limit is 0 and the upper one has the tail's whole
        half of ``1 - level``.

    Notes
    -----
    The limits are those means for which so many events or more, and so many or fewer, each have a chance of
    ``(1 - level) / 2`` (Garwood 1936, Biometrika 28): quantiles of the gamma distribution.
    """
    tail = (1 - level) / 2
    counts = np.asarray(events, dtype=np.float64)
    low = np.where(counts > 0, gammaincinv(np.maximum(counts, 1.0), tail), 0.0)
    return low / time, gammaincinv(counts + 1, 1 - tail) / time
