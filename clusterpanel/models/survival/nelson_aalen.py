"""Cumulative hazards: Nelson and Aalen's estimate, and Fleming and Harrington's for ties."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from clusterpanel.models.arrays import Floats
from clusterpanel.models.survival.curve_frames import counts_of, ended, frame_of
from clusterpanel.models.survival.intervals import HazardInterval, hazard_interval
from clusterpanel.models.survival.risk_counts import Episodes, RiskSets, risk_sets

HazardKind = Literal["nelson_aalen", "fleming_harrington"]


def cumulative_hazard(sets: RiskSets, kind: HazardKind = "nelson_aalen") -> tuple[Floats, Floats]:
    """Return the cumulative hazard of all causes after each time, and its variance.

    Parameters
    ----------
    sets : RiskSets
    kind : "nelson_aalen" or "fleming_harrington"
        The first adds events over those at risk (Aalen 1978, Annals of Statistics 6). The second takes the
        events of one time one after the other, each from those still left (Fleming and Harrington 1984,
        Communications in Statistics 13): what the exponential of a Cox model with Efron's ties builds on.

    Returns
    -------
    hazard, variance : float array, shape (groups, times)
    """
    at_risk, events = sets.weighted_at_risk, sets.weighted_events.sum(axis=0)
    if kind == "nelson_aalen":
        hazards = np.divide(events, at_risk, out=np.zeros_like(at_risk), where=events > 0)
        variances = np.divide(hazards, at_risk, out=np.zeros_like(at_risk), where=events > 0)
    else:
        hazards, variances = _one_by_one(at_risk, events, sets.events.sum(axis=0))
    return np.cumsum(hazards, axis=-1), np.cumsum(variances, axis=-1)


def fit_hazard(
    episodes: Episodes | Sequence[Episodes],
    groups: tuple[str, ...],
    kind: HazardKind = "nelson_aalen",
    *,
    interval: HazardInterval = "log",
    level: float = 0.95,
) -> pd.DataFrame:
    """Return the cumulative hazard of each group, events of all causes counted alike.

    Parameters
    ----------
    episodes : Episodes or sequence of Episodes
        In one piece, or in blocks of whole firms.
    groups : tuple of str
        The label of each group.
    kind : "nelson_aalen" or "fleming_harrington"
    interval : "log" or "plain"
        On which scale the interval is symmetric. As the hazard is the survival's -log, "plain" here goes with
        "log" there, and "log" with "log-log".
    level : float
        The intervals' coverage.

    Returns
    -------
    DataFrame
        group, time, at_risk, events, censored, cumulative_hazard, std_error, conf_low, conf_high; one row per
        group and time at which one of its episodes ends.

    Raises
    ------
    DataError
        An episode does not end after its start, or there is none.
    """
    sets = risk_sets(episodes, len(groups))
    hazard, variance = cumulative_hazard(sets, kind)
    error = np.sqrt(variance)
    low, high = hazard_interval(hazard, error, interval, level)
    columns = {
        **counts_of(sets),
        "cumulative_hazard": hazard,
        "std_error": error,
        "conf_low": low,
        "conf_high": high,
    }
    return frame_of(sets, groups, columns, ended(sets))


def _one_by_one(at_risk: Floats, events: Floats, count: Floats) -> tuple[Floats, Floats]:
    """Return, for each cell, the sums of 1/(r - j) and 1/(r - j)^2 for j = 0, 1, ... below its count."""
    hazards, variances = np.zeros_like(at_risk), np.zeros_like(at_risk)
    found = count > 0
    counts, weight = count[found].astype(np.int64), events[found] / count[found]
    if not len(counts):
        return hazards, variances
    ends = np.cumsum(counts)
    before = np.arange(ends[-1]) - np.repeat(ends - counts, counts)
    left = np.repeat(at_risk[found] / weight, counts) - before
    hazards[found] = np.add.reduceat(1 / left, ends - counts)
    variances[found] = np.add.reduceat(1 / left**2, ends - counts) / weight
    return hazards, variances
