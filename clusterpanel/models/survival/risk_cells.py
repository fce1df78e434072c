"""Risk sets as cells: a cell is a stratum at one of its event times; every row is at risk in a run of cells.

With annual rows a row is at risk in one cell, to which it is added; a row over several event times is added
at its last cell and taken off before its first, and one cumulative sum per stratum, from the latest time
back, makes risk sets of that.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from clusterpanel.models.arrays import Floats, Integers, Levels

# Event times that are whole numbers within this range are looked up without a search.
MOST_WHOLE_TIMES = 4_096
MOST_BUCKETS = 2**22


class CellIndex(NamedTuple):
    """The cells as compiled loops look them up.

    Attributes
    ----------
    times : float array, shape (cells,)
    offsets : integer array, shape (strata + 1,)
    origin, per_unit : float
        A time belongs to the bucket ``floor((time - origin) * per_unit)``, within the range there is.
    firsts : int32 array, shape (strata * (buckets + 1),)
        Number of the first cell at or after each bucket's beginning, a stratum's buckets together.
    buckets : int
    is_unit : bool
        As `RiskCells` has it.
    is_whole : bool
        Whether event times are whole numbers and a bucket is one unit of time.
    """

    times: Floats
    offsets: Integers
    origin: float
    per_unit: float
    firsts: Levels
    buckets: int
    is_unit: bool
    is_whole: bool


@dataclass(frozen=True)
class RiskCells:
    """The cells of a sample: the event times of each stratum.

    Rows are not kept: where a row is at risk follows from its stratum, start and stop, in a few nanoseconds.
    A row is at risk at the times t with ``start < t <= stop``, that is in the cells ``first`` to
    ``last - 1`` of `spans`; one whose event is at `stop` fails in cell ``last - 1``.

    Attributes
    ----------
    strata : integer array, shape (cells,)
        The stratum of each cell, ascending; 0 where the sample has no strata.
    times : float array, shape (cells,)
        The event time of each cell, ascending within the stratum.
    offsets : integer array, shape (strata + 1,)
        First cell of each stratum, and the number of cells.
    is_unit : bool
        Whether every row is known to be at risk in exactly one cell.
    """

    strata: Integers
    times: Floats
    offsets: Integers
    is_unit: bool = False

    @classmethod
    def of(cls, strata: Integers, times: Floats, levels: int) -> "RiskCells":
        """Return the cells of distinct pairs of stratum and event time, sorted by both.

        Parameters
        ----------
        strata : integer array, shape (cells,)
        times : float array, shape (cells,)
        levels : int
            The number of strata; some may have no events and so no cells.
        """
        offsets = np.searchsorted(strata, np.arange(levels + 1)).astype(np.int64)
        return cls(strata, times, offsets)

    @property
    def size(self) -> int:
        """The number of cells."""
        return len(self.times)

    @property
    def levels(self) -> int:
        """The number of strata."""
        return len(self.offsets) - 1

    def known_as_unit(self, is_unit: bool) -> "RiskCells":
        """Return the cells, told whether every row is at risk in exactly one."""
        return replace(self, is_unit=is_unit)

    @cached_property
    def index(self) -> CellIndex:
        """The cells as compiled loops look them up."""
        origin, last = float(self.times.min()), float(self.times.max())
        is_whole = self._is_whole(last - origin)
        buckets, per_unit = (int(last - origin) + 1, 1.0) if is_whole else self._buckets(last - origin)
        places = np.minimum(((self.times - origin) * per_unit).astype(np.int64), buckets - 1)
        keys = self.strata.astype(np.int64) * (buckets + 1) + places
        wanted = np.arange(self.levels * (buckets + 1))
        firsts = np.searchsorted(keys, wanted).astype(np.int32)
        return CellIndex(self.times, self.offsets, origin, per_unit, firsts, buckets, self.is_unit, is_whole)

    def _is_whole(self, spread: float) -> bool:
        """Say whether event times are whole numbers in a range that can be written out."""
        is_narrow = spread < MOST_WHOLE_TIMES and self.levels * (spread + 2) <= MOST_BUCKETS
        return is_narrow and bool((self.times == np.floor(self.times)).all())

    def _buckets(self, spread: float) -> tuple[int, float]:
        """Return the number of buckets and how many there are per unit of time."""
        wanted = 2 * self.size // self.levels + 1
        buckets = max(1, min(wanted, MOST_BUCKETS // self.levels))
        return buckets, buckets / spread if spread > 0 else 1.0

    def spans(self, strata: Levels | Integers, start: Floats, stop: Floats) -> tuple[Levels, Levels]:
        """Return the first cell each row is at risk in, and the one after the last.

        Parameters
        ----------
        strata : integer array, shape (rows,)
            Shape (0,) where the sample has no strata.
        start, stop : float array, shape (rows,)

        Returns
        -------
        first, last : int32 array, shape (rows,)
            Equal for a row at risk at no event time.
        """
        from clusterpanel.models.survival.cox_lookup import write_spans

        first, last = np.empty(len(stop), dtype=np.int32), np.empty(len(stop), dtype=np.int32)
        levels = np.asarray(strata, dtype=np.int32)
        write_spans(self.index._replace(is_unit=False), levels, start, stop, first, last)
        return first, last

    def cumulated(self, values: Floats, *, is_backward: bool = False) -> Floats:
        """Return the cumulative sums over each stratum's times, forward or from the latest time back.

        Parameters
        ----------
        values : float array, shape (cells, ...)
        is_backward : bool
        """
        from clusterpanel.models.survival.cox_lookup import write_cumulated

        flat = np.ascontiguousarray(values, dtype=np.float64).reshape(len(values), -1)
        sums = np.empty_like(flat)
        write_cumulated(flat, self.offsets, is_backward, sums)
        return sums.reshape(values.shape)


@dataclass(frozen=True)
class CellSums:
    """Sums over the rows of each cell at a point of the climb, regressors less a centre.

    A row's risk score is ``r = exp((x - centre) @ coefficients + offset)`` and its weight w (1 without
    weights). "At risk" sums over the rows at risk in the cell, "failing" over those whose event is there.

    Attributes
    ----------
    events : integer array, shape (cells,)
        Rows that fail.
    event_weights : float array, shape (cells,)
        Sum of their w.
    event_values : float array, shape (cells, regressors)
        Sum of their w (x - centre).
    at_risk : float array, shape (cells, 1 + regressors)
        Sum of w r, then of w r (x - centre): `s0` and `s1`.
    failing : float array, shape (cells, 1 + regressors)
        The same of the rows that fail: `d0` and `d1`.
    at_risk_squares, failing_squares : float array, shape (cells, regressors, regressors), or None
        Sum of w r (x - centre)(x - centre)': `s2` and `d2`; None unless asked for.
    event_eta : float
        Sum of w log(r) over all rows that fail.
    """

    events: Integers
    event_weights: Floats
    event_values: Floats
    at_risk: Floats
    failing: Floats
    event_eta: float
    at_risk_squares: Floats | None = None
    failing_squares: Floats | None = None

    @property
    def s0(self) -> Floats:
        """Sum of w r over the rows at risk, shape (cells,)."""
        return self.at_risk[:, 0]

    @property
    def s1(self) -> Floats:
        """Sum of w r (x - centre) over the rows at risk, shape (cells, regressors)."""
        return self.at_risk[:, 1:]

    @property
    def d0(self) -> Floats:
        """Sum of w r over the rows that fail, shape (cells,)."""
        return self.failing[:, 0]

    @property
    def d1(self) -> Floats:
        """Sum of w r (x - centre) over the rows that fail, shape (cells, regressors)."""
        return self.failing[:, 1:]
