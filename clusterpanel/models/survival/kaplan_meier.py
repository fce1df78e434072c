"""Survival curves with late entry: Kaplan and Meier (1958, JASA 53), Greenwood's variance."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from clusterpanel.models.arrays import Floats
from clusterpanel.models.survival.curve_frames import counts_of, ended, frame_of
from clusterpanel.models.survival.intervals import Interval, share_interval
from clusterpanel.models.survival.nelson_aalen import cumulative_hazard
from clusterpanel.models.survival.risk_counts import Episodes, RiskSets, risk_sets


def survival_of(at_risk: Floats, events: Floats) -> tuple[Floats, Floats]:
    """Return the survival after each time, and the variance of its logarithm by Greenwood's formula.

    Parameters
    ----------
    at_risk, events : float array, shape (groups, times)
        Events of all causes; both may be sums of weights.

    Returns
    -------
    survival : float array, shape (groups, times)
    variance : float array, shape (groups, times)
        Missing once the survival is at 0.
    """
    # A risk set that empties stays at 0, also where weights do not cancel to the last digit.
    is_last = (events > 0) & (events >= at_risk * (1 - 1e-12))
    left = np.where(is_last, 0.0, at_risk - events)
    shares = np.divide(left, at_risk, out=np.ones_like(at_risk), where=events > 0)
    terms = np.divide(events, at_risk * left, out=np.zeros_like(at_risk), where=(events > 0) & ~is_last)
    terms[is_last] = np.nan
    survival: Floats = np.cumprod(shares, axis=-1, dtype=np.float64)
    return survival, np.cumsum(terms, axis=-1)


def fit_survival(
    episodes: Episodes | Sequence[Episodes],
    groups: tuple[str, ...],
    interval: Interval = "log-log",
    level: float = 0.95,
) -> pd.DataFrame:
    """Return the survival curve of each group.

    Parameters
    ----------
    episodes : Episodes or sequence of Episodes
        In one piece, or in blocks of whole firms. Events of several causes count alike.
    groups : tuple of str
        The label of each group.
    interval : "log-log", "log" or "plain"
        R's survfit takes "log" where nothing is said.
    level : float
        The intervals' coverage.

    Returns
    -------
    DataFrame
        As `survival_curves` has it.

    Raises
    ------
    DataError
        An episode does not end after its start, or there is none.
    """
    return survival_curves(risk_sets(episodes, len(groups)), groups, interval, level)


def survival_curves(
    sets: RiskSets,
    groups: tuple[str, ...],
    interval: Interval = "log-log",
    level: float = 0.95,
    variance: Floats | None = None,
) -> pd.DataFrame:
    """Return the survival curve of each group.

    Parameters
    ----------
    sets : RiskSets
    groups : tuple of str
    interval, level
        As in `fit_survival`.
    variance : float array, shape (groups, times), optional
        The survival's, where it is not Greenwood's: see `jackknife_variance`.

    Returns
    -------
    DataFrame
        group, time, at_risk, events, censored, survival, std_error (of the survival), conf_low, conf_high,
        cumulative_hazard (Nelson and Aalen's), hazard_std_error; one row per group and time at which one of
        its episodes ends. Errors and limits are missing once the curve is at 0. With weights also
        weighted_at_risk and weighted_events; the other counts are of episodes.
    """
    survival, greenwood = survival_of(sets.weighted_at_risk, sets.weighted_events.sum(axis=0))
    error = survival * np.sqrt(greenwood) if variance is None else np.sqrt(variance)
    low, high = share_interval(survival, error, interval, level)
    hazard, hazard_variance = cumulative_hazard(sets)
    columns = {
        **counts_of(sets),
        "survival": survival,
        "std_error": error,
        "conf_low": low,
        "conf_high": high,
        "cumulative_hazard": hazard,
        "hazard_std_error": np.sqrt(hazard_variance),
    }
    return frame_of(sets, groups, columns, ended(sets))
