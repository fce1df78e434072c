"""The functions of time that a test of proportional hazards may use, as R's `cox.zph` has them."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from clusterpanel.engine.local import run_fold
from clusterpanel.errors import SpecError
from clusterpanel.models.arrays import ArrayBlock, Floats, Integers
from clusterpanel.models.survival.cox import CoxFit
from clusterpanel.models.survival.episodes import EVENT, START, STOP

Transform = Literal["km", "rank", "identity", "log"]


@dataclass(frozen=True)
class RowsByTime:
    """Counts of rows at each distinct event time, all strata together; each of shape (times,).

    Attributes
    ----------
    at_risk : integer array
        Start before the time, stop at it or later.
    earlier, same : integer array
        Stop before the time, or at it.
    """

    at_risk: Integers
    earlier: Integers
    same: Integers


@dataclass(frozen=True)
class RowsByTimeFold:
    """The fold of the counts at some times, ascending."""

    times: Floats

    def step(self, block: ArrayBlock) -> RowsByTime:
        """Return one block's counts."""
        start, stop, size = block.values[START], block.values[STOP], len(self.times)
        before = np.searchsorted(self.times, start, side="right")
        until, through = np.searchsorted(self.times, stop), np.searchsorted(self.times, stop, side="right")
        entered = np.bincount(before, minlength=size + 1)
        left = np.bincount(through, minlength=size + 1)
        ended = np.bincount(until, minlength=size + 1)
        earlier = np.cumsum(left)[:size]
        return RowsByTime(np.cumsum(entered)[:size] - earlier, earlier, np.cumsum(ended)[:size] - earlier)

    def merge(self, left: RowsByTime, right: RowsByTime) -> RowsByTime:
        """Return the sum."""
        return RowsByTime(left.at_risk + right.at_risk, left.earlier + right.earlier, left.same + right.same)

    def solve(self, moments: RowsByTime) -> RowsByTime:
        """Return the counts as they are."""
        return moments


def transformed_times(fit: CoxFit, transform: Transform, threads: int = 1) -> Floats:
    """Return a function of each cell's event time; shape (cells,).

    Parameters
    ----------
    fit : CoxFit
    transform : str
        "identity"; "log"; "rank": of the time among all rows' ends; "km": 1 less Kaplan and Meier's survival
        just before the time, of all strata together and without weights.
    threads : int

    Raises
    ------
    SpecError
        Another transform, or logarithms of times that are not positive.
    """
    times = fit.rows.cells.times
    if transform not in get_args(Transform):
        raise SpecError(f"the transform {transform!r} came; allowed: {', '.join(get_args(Transform))}")
    if transform == "identity":
        return times
    if transform == "log":
        if times.min() <= 0:
            raise SpecError(
                f"an event is at time {times.min():g}, which has no logarithm",
                hint='Choose transform "km", "rank" or "identity".',
            )
        logs: Floats = np.log(times)
        return logs
    distinct, place = np.unique(times, return_inverse=True)
    counts = run_fold(RowsByTimeFold(distinct), fit.source.only([EVENT, START, STOP]).blocks(), threads)
    if transform == "rank":
        ranks: Floats = counts.earlier + (counts.same + 1) / 2
        return ranks[place]
    events = np.bincount(place, weights=fit.sums.events, minlength=len(distinct))
    survival = np.cumprod(1 - events / counts.at_risk)
    failed: Floats = 1 - np.concatenate([[1.0], survival[:-1]])
    return failed[place]
