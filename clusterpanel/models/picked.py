"""Some rows of columns, copied only when they are asked for: block by block, or a whole column."""

from collections.abc import Sequence
from typing import overload

import numpy as np

from clusterpanel.models.array_types import Flags, Floats, Integers


class PickedColumns(Sequence[Floats]):
    """Columns of a sample that leaves out some rows of others.

    A fit that folds over blocks never has them whole; an item that is asked for is copied and kept.

    Parameters
    ----------
    columns : sequence of float arrays, each of shape (all rows,)
        Never changed.
    firsts : integer array, shape (runs,)
        The first row of each run of rows that follow each other.
    offsets : integer array, shape (runs + 1,)
        Where each run starts in the sample, and the sample's number of rows.
    """

    def __init__(self, columns: Sequence[Floats], firsts: Integers, offsets: Integers) -> None:
        self._columns, self._firsts, self._offsets = tuple(columns), firsts, offsets
        self._copies: dict[int, Floats] = {}

    @classmethod
    def of(cls, columns: Sequence[Floats], keep: Flags) -> "PickedColumns":
        """Return the rows of columns that flags mark."""
        from clusterpanel.models.kernels_picked import runs_of

        return cls(columns, *runs_of(keep))

    def __len__(self) -> int:
        return len(self._columns)

    @overload
    def __getitem__(self, place: int) -> Floats: ...
    @overload
    def __getitem__(self, place: slice) -> "PickedColumns": ...
    def __getitem__(self, place: int | slice) -> "Floats | PickedColumns":
        if isinstance(place, slice):
            return self.only(range(len(self))[place])
        place = range(len(self))[place]
        if place not in self._copies:
            self._copies[place] = self.only([place]).stacked(slice(0, self.rows))[0]
        return self._copies[place]

    @property
    def rows(self) -> int:
        """The number of rows."""
        return int(self._offsets[-1])

    def only(self, places: Sequence[int]) -> "PickedColumns":
        """Return some of the columns."""
        return PickedColumns([self._columns[place] for place in places], self._firsts, self._offsets)

    def stacked(self, rows: slice) -> Floats:
        """Return some rows of all columns, shape (columns, rows)."""
        from clusterpanel.models.kernels_picked import copy_runs

        stacked = np.empty((len(self), rows.stop - rows.start))
        for column, into in zip(self._columns, stacked, strict=True):
            copy_runs(column, self._firsts, self._offsets, rows.start, into)
        return stacked

    def where(self, keep: Flags) -> "PickedColumns":
        """Return some of the rows; `keep` has shape (rows,)."""
        sizes = np.diff(self._offsets)
        places = np.repeat(self._firsts - self._offsets[:-1], sizes) + np.arange(self.rows)
        is_picked = np.zeros(len(self._columns[0]), dtype=np.bool_)
        is_picked[places[keep]] = True
        return PickedColumns.of(self._columns, is_picked)


def stacked_rows(columns: Sequence[Floats], rows: slice) -> Floats:
    """Return some rows of columns, shape (columns, rows)."""
    if isinstance(columns, PickedColumns):
        return columns.stacked(rows)
    stacked = np.empty((len(columns), rows.stop - rows.start))
    for place, column in enumerate(columns):
        stacked[place] = column[rows]
    return stacked


def columns_where(columns: Sequence[Floats], keep: Flags) -> Sequence[Floats]:
    """Return the rows of columns that flags mark."""
    return columns.where(keep) if isinstance(columns, PickedColumns) else tuple(own[keep] for own in columns)
