"""Cumulative hazards: Nelson and Aalen's estimate, and Fleming and Harrington's for ties."""

from typing import Literal

import numpy as np

from clusterpanel.models.arrays import Floats
from clusterpanel.models.survival.risk_counts import RiskSets

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
