"""Medians and other quantiles of survival curves, with intervals read off the curves' own."""

import numpy as np
import pandas as pd

from clusterpanel.models.arrays import Floats

# Survival that should stand exactly at the share may miss it by rounding (as R's survfit allows for).
TOLERANCE = np.sqrt(np.finfo(np.float64).eps)


def survival_quantiles(curve: pd.DataFrame, share: float = 0.5) -> pd.DataFrame:
    """Return the time by which a share of each group has had the event, the median where it is a half.

    Parameters
    ----------
    curve : DataFrame
        As `fit_survival` returns it.
    share : float
        Above 0 and below 1.

    Returns
    -------
    DataFrame
        group, share, time, conf_low, conf_high: where the curve and its limits cross ``1 - share``; midway
        where a curve stands at it from one time to another; missing where it does not come so far. Limits are
        those of Brookmeyer and Crowley (1982, Biometrics 38) on the scale of the curve's interval.
    """
    rows = []
    for label, part in curve.groupby("group", sort=False):
        times = part["time"].to_numpy(dtype=np.float64)
        found = [
            crossing(times, part[name].to_numpy(dtype=np.float64), 1 - share)
            for name in ("survival", "conf_low", "conf_high")
        ]
        rows.append((label, share, *found))
    names = ["group", "share", "time", "conf_low", "conf_high"]
    return pd.DataFrame(rows, columns=names).astype({"group": "str"})


def crossing(times: Floats, survival: Floats, level: float) -> float:
    """Return the first time at which a falling curve is at a level or below; missing if it never is."""
    below = np.flatnonzero(survival < level + TOLERANCE)
    if not len(below):
        return float("nan")
    first = below[0]
    lower = np.flatnonzero(survival < survival[first])
    if abs(survival[first] - level) < TOLERANCE and len(lower):
        return float((times[first] + times[lower[0]]) / 2)
    return float(times[first])
