"""The part of the normal equations between the iterated and the eliminated levels."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from clusterpanel.models.arrays import Floats, Integers
from clusterpanel.models.schur.products import times
from clusterpanel.models.schur.spells import Spells, stretches


@dataclass(frozen=True)
class Crossing:
    """C = pairs - rows' corners columns.

    A spell takes its share off a rectangle of pairs. With running sums over the levels of each stretch, a
    rectangle is four numbers, at its corners.

    Attributes
    ----------
    pairs : csr_array, shape (iterated, eliminated)
    rows, columns : csr_arrays, shapes (row sums, iterated) and (column sums, eliminated)
        The running sums.
    corners : csr_array, shape (row sums, column sums)
    """

    pairs: sparse.csr_array
    rows: sparse.csr_array
    corners: sparse.csr_array
    columns: sparse.csr_array

    @cached_property
    def transposes(self) -> "Crossing":
        """The transpose of each part, row by row."""
        parts = (self.pairs, self.rows, self.corners, self.columns)
        return Crossing(*(sparse.csr_array(part.T) for part in parts))

    @property
    def eliminated(self) -> int:
        """The number of eliminated levels."""
        return int(self.pairs.shape[1])

    def times(self, values: Floats) -> Floats:
        """Return C times values of the eliminated levels."""
        product = times(self.pairs, values)
        if self.corners.nnz:
            product -= times(self.transposes.rows, times(self.corners, times(self.columns, values)))
        return product

    def transposed_times(self, values: Floats) -> Floats:
        """Return C' times values of the iterated levels."""
        turned = self.transposes
        product = times(turned.pairs, values)
        if self.corners.nnz:
            product -= times(turned.columns, times(turned.corners, times(self.rows, values)))
        return product

    def of_rows(self, levels: Integers) -> Floats:
        """Return C at some iterated levels, dense; shape (levels, eliminated)."""
        is_all = len(levels) == self.pairs.shape[0]
        inner: Floats = (self.pairs if is_all else self.pairs[levels]).toarray()
        if self.corners.nnz:
            rows = self.transposes.rows if is_all else sparse.csr_array(self.rows[:, levels].T)
            inner -= ((rows @ self.corners) @ self.columns).toarray()
        return inner


def crossing(pairs: sparse.csr_array, spells: Spells, row_scale: Floats, column_scale: Floats) -> Crossing:
    """Return the part between, scaled.

    Parameters
    ----------
    pairs : csr_array, shape (iterated, eliminated)
        Scaled already.
    spells : Spells
        `level` counted among the iterated, `other` among the eliminated levels; not scaled.
    row_scale, column_scale : float arrays
        Of the iterated and of the eliminated levels.
    """
    rows, row_sums = _running_sums(spells.level, spells.years, row_scale)
    columns, column_sums = _running_sums(spells.other, spells.years, column_scale)
    first, last = row_sums[spells.level], row_sums[spells.level] + spells.years
    left, right = column_sums[spells.other], column_sums[spells.other] + spells.years
    shares = np.concatenate([spells.shares, -spells.shares, -spells.shares, spells.shares])
    places = np.concatenate([first, first, last, last]), np.concatenate([left, right, left, right])
    corners = sparse.coo_array((shares, places), shape=(rows.shape[0], columns.shape[0])).tocsr()
    return Crossing(pairs, rows, corners, columns)


def _running_sums(first: Integers, years: Integers, scale: Floats) -> tuple[sparse.csr_array, Integers]:
    """Return the running sums within each stretch, and the sum before each level."""
    stretch = stretches(first, years, len(scale))
    sizes = np.bincount(stretch, minlength=1) if len(scale) else np.empty(0, dtype=np.int64)
    # A stretch of m levels has m + 1 sums, the first of nothing.
    before = np.arange(len(scale)) + stretch
    place = np.arange(len(scale)) - (np.cumsum(sizes) - sizes)[stretch]
    later = sizes[stretch] - place
    levels = np.repeat(np.arange(len(scale)), later)
    ends = np.cumsum(later)
    sums = np.repeat(before + 1 - (ends - later), later) + np.arange(len(levels))
    shape = (len(scale) + len(sizes), len(scale))
    return sparse.coo_array((scale[levels], (sums, levels)), shape=shape).tocsr(), before
