"""Firms that see the levels of two effects one after the other, counted by where they start and how long.

A firm that is in one region and one industry for T years takes ``1 / T`` off every pair of one of its
region-years and one of its industry-years. Counted, such firms are far fewer numbers than the pairs.
"""

from typing import NamedTuple

import numpy as np
from scipy import sparse

from clusterpanel.models.arrays import Flags, Floats, Integers
from clusterpanel.models.pair_table import Table

# Running sums over levels that spells hang together take a triangle of this many rows at most.
LONGEST_STRETCH = 1_000


class Spells(NamedTuple):
    """What is taken off the pairs of levels of two effects; one entry per start and length.

    Attributes
    ----------
    level, other : integer arrays
        The first level of one effect and of the other, all effects' levels counted on.
    years : integer array
        How many levels of each are seen one after the other.
    shares : float array
        What is taken off each pair: the number of firms over the years.
    """

    level: Integers
    other: Integers
    years: Integers
    shares: Floats

    def where(self, keep: Flags) -> "Spells":
        """Return some of them."""
        return Spells(self.level[keep], self.other[keep], self.years[keep], self.shares[keep])


NOTHING = np.empty(0, dtype=np.int64)
NO_SPELLS = Spells(NOTHING, NOTHING, NOTHING, np.empty(0))


def matrix_and_spells(table: Table, levels: int) -> tuple[sparse.csr_array, Spells]:
    """Return the upper triangle of D'WMD, and the spells between effects that are to be taken off it yet.

    Parameters
    ----------
    table : Table
        D'WMD by pair of levels, see `kernels_pairs`.
    levels : int
        Of all effects.
    """
    from clusterpanel.models.schur.kernels_upper import keys_by_level, write_upper

    keys = keys_by_level(table, levels)
    starts, columns, numbers = write_upper(keys)
    upper = sparse.csr_array((numbers, columns, starts), shape=(levels, levels))
    level = np.repeat(np.arange(levels), np.diff(keys.starts))
    is_between = np.flatnonzero((keys.years > 0) & (level != keys.other))
    years = keys.years[is_between].astype(np.int64)
    other = keys.other[is_between].astype(np.int64)
    spells = Spells(level[is_between], other, years, keys.numbers[is_between] / years)
    is_short = _is_short(spells.level, years, levels) & _is_short(other, years, levels)
    return taken_off(upper, spells.where(~is_short)), spells.where(is_short)


def taken_off(upper: sparse.csr_array, spells: Spells) -> sparse.csr_array:
    """Return the matrix with spells taken off pair by pair."""
    if not len(spells.level):
        return upper
    pairs = spells.years**2
    place, years = _counted_on(pairs), np.repeat(spells.years, pairs)
    rows = (np.repeat(spells.level, pairs) + place // years).astype(np.int32)
    columns = (np.repeat(spells.other, pairs) + place % years).astype(np.int32)
    shares = np.repeat(spells.shares, pairs)
    return sparse.csr_array(upper - sparse.coo_array((shares, (rows, columns)), shape=upper.shape).tocsr())


def stretches(first: Integers, years: Integers, levels: int) -> Integers:
    """Return the stretch of each level, counted from 0: levels that one spell passes through share theirs."""
    begins = np.bincount(first + 1, minlength=levels + 1) - np.bincount(first + years, minlength=levels + 1)
    return np.cumsum(np.cumsum(begins[:levels]) == 0) - 1


def _is_short(first: Integers, years: Integers, levels: int) -> Flags:
    """Say of each spell whether the stretch it lies in is short enough for running sums."""
    stretch = stretches(first, years, levels)
    return np.asarray(np.bincount(stretch)[stretch[first]] <= LONGEST_STRETCH)


def _counted_on(counts: Integers) -> Integers:
    """Return 0, 1, ... up to each count, one after the other."""
    ends = np.cumsum(counts)
    return np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - counts, counts)
