"""Cumulative incidence of competing causes, with late entry and weights: Aalen and Johansen (1978)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from clusterpanel.models.arrays import Floats
from clusterpanel.models.survival.curve_frames import counts_of, ended, frame_of
from clusterpanel.models.survival.intervals import Interval, share_interval
from clusterpanel.models.survival.kaplan_meier import survival_of
from clusterpanel.models.survival.risk_counts import Episodes, RiskSets, risk_sets

IncidenceVariance = Literal["greenwood", "aalen"]


@dataclass(frozen=True)
class Incidence:
    """Cumulative incidence by cause, group and time.

    Attributes
    ----------
    incidence, variance : float array, shape (causes, groups, times)
        The variance is missing where the incidence is 1.
    survival : float array, shape (groups, times)
        What is left of 1.
    """

    incidence: Floats
    variance: Floats
    survival: Floats


def aalen_johansen(sets: RiskSets, variance: IncidenceVariance = "greenwood") -> Incidence:
    """Return the probability of each cause's event by each time, the other causes at work.

    Parameters
    ----------
    sets : RiskSets
    variance : "greenwood" or "aalen"
        The first takes the events of a time as multinomial draws from those at risk (Dinse and Larson 1986,
        Biometrika 73; Andersen et al. 1993, section IV.4): with one cause it is Greenwood's, and without late
        entry and weights it is the infinitesimal jackknife that R's survfit reports. The second takes each
        cause's events as drawn apart (Aalen 1978, Annals of Statistics 6), as cmprsk's cuminc does.

    Returns
    -------
    Incidence
    """
    from clusterpanel.models.survival.incidence_kernels import carry_variance

    events, every = sets.weighted_events, sets.weighted_events.sum(axis=0)
    survival, _ = survival_of(sets.weighted_at_risk, every)
    before = np.concatenate([np.ones_like(survival[:, :1]), survival[:, :-1]], axis=1)
    risk = np.where(sets.weighted_at_risk > 0, sets.weighted_at_risk, 1.0)
    incidence = np.cumsum(before * events / risk, axis=-1)
    kind = _multinomial if variance == "greenwood" else _apart
    terms = [kind(own, _Curves(every, risk, before, survival)) for own in events]
    variances = np.empty_like(incidence)
    for place, parts in enumerate(terms):
        carry_variance(incidence[place], *parts, variances[place])
    return Incidence(incidence, variances, survival)


class _Curves(NamedTuple):
    """Of each group and time: events of all causes, those at risk, the survival just before and after."""

    every: Floats
    risk: Floats
    before: Floats
    survival: Floats


def _multinomial(own: Floats, curves: _Curves) -> tuple[Floats, Floats, Floats]:
    """Return G, S^2 d(n - d)/n^3 and S d/n^2, with G Greenwood's term of all causes.

    Once nobody is left the incidence no longer changes, and G is not needed.
    """
    every, risk, before, survival = curves
    left = np.where(survival > 0, risk - every, np.inf)
    return every / (risk * left), before**2 * own * (risk - own) / risk**3, before * own / risk**2


def _apart(own: Floats, curves: _Curves) -> tuple[Floats, Floats, Floats]:
    """Return what events of each kind add, each kind with the variance of its own count."""
    every, risk, before, survival = curves
    ours, theirs = _spread(own, risk), _spread(every - own, risk)
    scale = np.divide(before, survival, out=np.zeros_like(before), where=survival > 0)
    # An event of another cause takes (F(t) - F(u))/S(u) away; an own one adds 1 to that.
    return scale**2 * (ours + theirs), before**2 * ours, before * scale * ours


def _spread(events: Floats, risk: Floats) -> Floats:
    ties = 1 - np.maximum(events - 1, 0.0) / np.maximum(risk - 1, 1.0)
    return np.asarray(ties * events / risk**2)


def fit_incidence(
    episodes: Episodes | Sequence[Episodes],
    groups: tuple[str, ...],
    causes: tuple[str, ...],
    *,
    interval: Interval = "log-log",
    level: float = 0.95,
    variance: IncidenceVariance = "greenwood",
) -> pd.DataFrame:
    """Return the cumulative incidence of each group and cause.

    Parameters
    ----------
    episodes : Episodes or sequence of Episodes
        In one piece, or in blocks of whole firms.
    groups, causes : tuple of str
        The label of each group, and of the causes 1, 2, ...
    interval, level, variance
        See `share_interval` and `aalen_johansen`.

    Returns
    -------
    DataFrame
        As `incidence_curves` has it.

    Raises
    ------
    DataError
        An episode does not end after its start, or there is none.
    """
    sets = risk_sets(episodes, len(groups), len(causes))
    return incidence_curves(sets, groups, causes, interval=interval, level=level, variance=variance)


def incidence_curves(
    sets: RiskSets,
    groups: tuple[str, ...],
    causes: tuple[str, ...],
    *,
    interval: Interval = "log-log",
    level: float = 0.95,
    variance: IncidenceVariance | Floats = "greenwood",
) -> pd.DataFrame:
    """Return the cumulative incidence of each group and cause.

    Parameters
    ----------
    sets : RiskSets
    groups, causes : tuple of str
    interval, level
        As in `fit_incidence`.
    variance : "greenwood", "aalen" or float array, shape (causes, groups, times)
        An array where it is neither: see `jackknife_variance`.

    Returns
    -------
    DataFrame
        cause, group, time, at_risk, events (of all causes), censored, cause_events, incidence, std_error,
        conf_low, conf_high; one row per cause, group and time at which one of the group's episodes ends.
    """
    fit = aalen_johansen(sets, variance if isinstance(variance, str) else "greenwood")
    errors = np.sqrt(fit.variance if isinstance(variance, str) else variance)
    frames = []
    for place, cause in enumerate(causes):
        low, high = share_interval(fit.incidence[place], errors[place], interval, level)
        columns = {
            **counts_of(sets),
            "cause_events": sets.events[place],
            "incidence": fit.incidence[place],
            "std_error": errors[place],
            "conf_low": low,
            "conf_high": high,
        }
        frame = frame_of(sets, groups, columns, ended(sets))
        frame.insert(0, "cause", np.full(len(frame), cause, dtype=object))
        frames.append(frame.astype({"cause": "str", "cause_events": "int64"}))
    return pd.concat(frames, ignore_index=True)
