"""Survival curves with late entry: Kaplan and Meier (1958, JASA 53), Greenwood's variance."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import ndtri

from clusterpanel.engine.local import run_fold
from clusterpanel.errors import DataError
from clusterpanel.models.arrays import Flags, Floats, Integers


class Episodes(NamedTuple):
    """Stretches of time under observation, open at the start: at risk where ``entry < time <= stop``.

    Attributes
    ----------
    entry, stop : float array, shape (episodes,)
        In years; `stop` after `entry`.
    is_event : bool array, shape (episodes,)
        Whether the episode ended by the event rather than by censoring.
    groups : integer array, shape (episodes,)
        0 to ``groups - 1``.
    """

    entry: Floats
    stop: Floats
    is_event: Flags
    groups: Integers


class RiskCounts(NamedTuple):
    """Counts by group and time; each of shape (groups, times).

    Attributes
    ----------
    entered : integer array
        Episodes first at risk at the time.
    events, censored : integer array
        Episodes that ended at the time.
    """

    entered: Integers
    events: Integers
    censored: Integers


@dataclass(frozen=True)
class SurvivalFold:
    """The fold of the risk sets.

    Attributes
    ----------
    times : float array
        All times at which an episode ends, ascending.
    groups : tuple of str
        The groups' labels.
    """

    times: Floats
    groups: tuple[str, ...]

    def step(self, block: Episodes) -> RiskCounts:
        """Return one block's counts."""
        first = np.searchsorted(self.times, block.entry, side="right")
        last = np.searchsorted(self.times, block.stop)
        over = ~block.is_event
        return RiskCounts(
            self._count(block.groups, first),
            self._count(block.groups[block.is_event], last[block.is_event]),
            self._count(block.groups[over], last[over]),
        )

    def merge(self, left: RiskCounts, right: RiskCounts) -> RiskCounts:
        """Return the sum."""
        return RiskCounts(*(mine + other for mine, other in zip(left, right, strict=True)))

    def solve(self, moments: RiskCounts) -> pd.DataFrame:
        """Return the curves, one row per group and time."""
        curves = [self._curve(place, label, moments) for place, label in enumerate(self.groups)]
        return pd.concat(curves, ignore_index=True)

    def _count(self, groups: Integers, places: Integers) -> Integers:
        size = len(self.times)
        counts = np.bincount(groups * size + places, minlength=len(self.groups) * size)
        return counts.reshape(len(self.groups), size).astype(np.int64)

    def _curve(self, place: int, label: str, counts: RiskCounts) -> pd.DataFrame:
        entered, events, censored = (count[place] for count in counts)
        at_risk = np.cumsum(entered) - np.concatenate([[0], np.cumsum(events + censored)[:-1]])
        seen = (events + censored) > 0
        at_risk, events, censored = at_risk[seen], events[seen], censored[seen]
        survival = np.cumprod(1 - events / at_risk)
        error = _greenwood(survival, at_risk, events)
        low, high = _log_log_interval(survival, error)
        columns = {
            "time": self.times[seen],
            "at_risk": at_risk,
            "events": events,
            "censored": censored,
            "survival": survival,
            "std_error": error,
            "conf_low": low,
            "conf_high": high,
        }
        return pd.DataFrame({"group": np.full(len(at_risk), label, dtype=object), **columns}).astype(
            {"group": "str"}
        )


def fit_survival(episodes: Episodes, groups: tuple[str, ...]) -> pd.DataFrame:
    """Return the survival curve of each group.

    Parameters
    ----------
    episodes : Episodes
    groups : tuple of str
        The label of each group.

    Returns
    -------
    DataFrame
        group, time, at_risk, events, censored, survival, std_error (of the survival), conf_low, conf_high
        (95 %, log-log); one row per group and time at which one of its episodes ends. Errors and limits are
        missing once the curve is at 0.

    Raises
    ------
    DataError
        An episode does not end after its start.
    """
    wrong = int((episodes.stop <= episodes.entry).sum())
    if wrong:
        raise DataError(f"{wrong} episodes do not end after they start", hint="Check entry and stop times.")
    return run_fold(SurvivalFold(np.unique(episodes.stop), groups), [episodes])


def _greenwood(survival: Floats, at_risk: Integers, events: Integers) -> Floats:
    left = at_risk - events
    terms = np.divide(events, at_risk * left, out=np.full(len(left), np.nan), where=left > 0)
    error: Floats = survival * np.sqrt(np.cumsum(terms))
    return error


def _log_log_interval(survival: Floats, error: Floats) -> tuple[Floats, Floats]:
    low, high = np.where(survival > 0, survival, np.nan), np.where(survival > 0, survival, np.nan)
    inside = (survival > 0) & (survival < 1)
    logs = np.log(survival[inside])
    width = ndtri(0.975) * error[inside] / (survival[inside] * -logs)
    low[inside] = np.exp(logs * np.exp(width))
    high[inside] = np.exp(logs * np.exp(-width))
    return low, high
