"""The times at which risk sets are counted: every time at which an episode ends."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from clusterpanel.models.arrays import Floats, Integers, Levels

Places = NDArray[np.int32]
Times = Floats | Integers | Levels

# Days of 270 years: a table with a place for each costs less than a search.
LONGEST_STEP = 100_000


@dataclass(frozen=True)
class TimeGrid:
    """Times, ascending, and how to find them.

    Attributes
    ----------
    times : float array
    is_whole : bool
        Whether they are the whole numbers from the first to the last, so that a place is a difference.
    """

    times: Floats
    is_whole: bool

    def at(self, times: Times) -> Places:
        """Return the place of times that are on the grid."""
        if self.is_whole:
            return np.asarray(times - self.times[0], dtype=np.int32)
        return self._first_from(times, is_after=False)

    def after(self, times: Times) -> Places:
        """Return the place of the first time after each; the grid's length where there is none."""
        if self.is_whole:
            steps = (np.floor(times) - (self.times[0] - 1.0)).clip(0, len(self.times))
            return np.asarray(steps, dtype=np.int32)
        return self._first_from(times, is_after=True)

    def _first_from(self, times: Times, is_after: bool) -> Places:
        from clusterpanel.models.survival.time_kernels import first_from

        scale, starts = self._buckets
        return first_from(self.times, scale, starts, np.asarray(times, dtype=np.float64), is_after)

    @cached_property
    def _buckets(self) -> tuple[float, Places]:
        """How many buckets a unit of time has, about one for each time of the grid, and where each starts."""
        from clusterpanel.models.survival.time_kernels import bucket_starts

        length = self.times[-1] - self.times[0]
        scale = len(self.times) / length if length > 0 else 1.0
        starts = np.empty(len(self.times) + 1, dtype=np.int32)
        bucket_starts(self.times, scale, starts)
        return scale, starts


def grid_of(stops: Iterable[Times]) -> TimeGrid:
    """Return the grid of the times at which episodes end, told block by block.

    Whole numbers close together make a grid of all whole numbers between them; other times, one of each.
    """
    low, high, is_whole, rows = np.inf, -np.inf, True, 0
    kept: list[Times] = []
    for stop in stops:
        low, high, rows = min(low, float(stop.min())), max(high, float(stop.max())), rows + len(stop)
        is_whole = is_whole and bool((np.floor(stop) == stop).all())
        kept.append(stop)
    if not kept:
        return TimeGrid(np.empty(0), False)
    if is_whole and high - low < max(LONGEST_STEP, rows):
        return TimeGrid(np.arange(low, high + 1.0), True)
    return TimeGrid(_distinct(kept), False)


def _distinct(parts: list[Times]) -> Floats:
    return np.unique(np.concatenate(parts).astype(np.float64, copy=False))
