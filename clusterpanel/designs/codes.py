"""Codes of effects and groups over a whole sample: joined, narrowed, counted on without gaps."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clusterpanel.models.arrays import Flags, Integers, Levels
from clusterpanel.models.code_passes import kept_codes, level_counts, numbers_along_firms

# uint8, uint16 or int32, whichever holds the levels.
NarrowCodes = NDArray[np.integer[Any]]

ROWS_AT_ONCE = 1 << 20
MOST_CELLS = 1 << 24


@dataclass(frozen=True)
class SampleCodes:
    """A level for each row.

    Attributes
    ----------
    name : str
    codes : integer array, shape (rows,)
        0 to ``levels - 1``, every level present.
    levels : int
    factors : tuple of int32 arrays, each of shape (levels,)
        Of columns joined, for each of them the code that every level has in it.
    along : int32 array, shape (levels,), or None
        The levels' numbers along the firms, as `along_firms` gives them, where they are known already.
    """

    name: str
    codes: NarrowCodes
    levels: int
    factors: tuple[Levels, ...] = ()
    along: Levels | None = None

    def where(self, keep: Flags) -> tuple["SampleCodes", Flags]:
        """Return the codes of some rows, counted on without gaps, and which levels are left."""
        codes, seen = kept_codes(self.codes, keep, self.levels)
        if seen.all():
            return replace(self, codes=codes), seen
        levels = int(seen.sum())
        table = narrow(np.cumsum(seen) - 1, levels)
        factors = tuple(factor[seen] for factor in self.factors)
        along = None if self.along is None else np.argsort(np.argsort(self.along[seen])).astype(np.int32)
        return replace(self, codes=table[codes], levels=levels, factors=factors, along=along), seen

    def counts(self) -> Integers:
        """Return the rows of each level."""
        return level_counts(self.codes, self.levels)


def slices(rows: int) -> Iterator[slice]:
    """Yield pieces of all rows, so that no temporary is as long as the sample."""
    for first in range(0, rows, ROWS_AT_ONCE):
        yield slice(first, min(first + ROWS_AT_ONCE, rows))


def narrow(codes: np.ndarray, levels: int) -> NarrowCodes:
    """Return codes in the narrowest type that holds them."""
    for kind in (np.uint8, np.uint16):
        if levels <= np.iinfo(kind).max + 1:
            return codes.astype(kind, copy=False)
    return codes.astype(np.int32, copy=False)


def joined(pieces: list[NarrowCodes], levels: int) -> NarrowCodes:
    """Return the codes of all blocks as one array; the list is emptied, so that none is held twice."""
    if len(pieces) == 1:
        return narrow(pieces.pop(), levels)
    kind = narrow(np.zeros(0, dtype=np.int32), levels).dtype
    codes = np.empty(sum(map(len, pieces)), dtype=kind)
    done = len(codes)
    while pieces:
        piece = pieces.pop()
        codes[done - len(piece) : done] = piece
        done -= len(piece)
    return codes


def together(name: str, parts: Sequence[SampleCodes]) -> SampleCodes:
    """Return the levels of several columns together, in the order of the parts' levels."""
    codes = parts[0]
    for more in parts[1:]:
        codes = _pair(codes, more)
    return replace(codes, name=name)


def _pair(one: SampleCodes, other: SampleCodes) -> SampleCodes:
    size = one.levels * other.levels
    if size > max(MOST_CELLS, 4 * len(one.codes)):
        joint = one.codes.astype(np.int64) * other.levels + other.codes
        old, codes = np.unique(joint, return_inverse=True)
        return SampleCodes("", narrow(codes, len(old)), len(old), _factors(one, other, old))
    seen = np.zeros(size, dtype=np.bool_)
    for rows in slices(len(one.codes)):
        seen[_cells(one, other, rows)] = True
    old = np.flatnonzero(seen)
    table = narrow(np.cumsum(seen) - 1, len(old))
    codes = np.empty(len(one.codes), dtype=table.dtype)
    for rows in slices(len(codes)):
        codes[rows] = table[_cells(one, other, rows)]
    return SampleCodes("", codes, len(old), _factors(one, other, old))


def _factors(one: SampleCodes, other: SampleCodes, cells: Integers) -> tuple[Levels, ...]:
    first, last = cells // other.levels, cells % other.levels
    of_one = tuple(factor[first] for factor in one.factors) or (first.astype(np.int32),)
    return (*of_one, last.astype(np.int32))


def _cells(one: SampleCodes, other: SampleCodes, rows: slice) -> Integers:
    return one.codes[rows].astype(np.int64) * other.levels + other.codes[rows]


def along_firms(
    kinds: Sequence[SampleCodes], others: Sequence[SampleCodes | None], starts: Integers
) -> list[SampleCodes]:
    """Return codes numbered so that the level a firm sees next mostly has the next number.

    Sums over firms are then found by where a firm starts and how long it lasts (`models/kernels_pairs.py`),
    in whatever order the values of an industry's years came. Codes that others share stay as they are.

    Parameters
    ----------
    kinds : sequence of SampleCodes
    others : sequence of SampleCodes or None
    starts : integer array, shape (firms + 1,)
        First row of each firm, and the number of rows.
    """
    found = {id(other.codes): other for other in others if other is not None}
    for kind in kinds:
        if id(kind.codes) not in found:
            found[id(kind.codes)] = _along_firms(kind, starts)
    return [replace(found[id(kind.codes)], name=kind.name) for kind in kinds]


def _along_firms(kind: SampleCodes, starts: Integers) -> SampleCodes:
    numbers = numbers_along_firms(kind.codes, starts, kind.levels) if kind.along is None else kind.along
    old = np.argsort(numbers)
    if (np.diff(old) == 1).all():
        return kind
    table = narrow(numbers, kind.levels)
    codes = np.empty(len(kind.codes), dtype=table.dtype)
    for rows in slices(len(codes)):
        codes[rows] = table[kind.codes[rows]]
    return replace(kind, codes=codes, factors=tuple(factor[old] for factor in kind.factors), along=None)


def firm_numbers(starts: Integers) -> NDArray[np.int32]:
    """Return the number of each row's firm, counted from 0."""
    return np.repeat(np.arange(len(starts) - 1, dtype=np.int32), np.diff(starts))


def within_firms(name: str, starts: Integers, other: SampleCodes) -> SampleCodes:
    """Return the levels of firm and another column together, without sorting all rows.

    Most firms have one level of the other column; only the rows that differ from their firm's first are
    looked at. Levels are in the order of the firms.
    """
    first = starts[:-1]
    sizes = np.diff(starts)
    differs = np.flatnonzero(other.codes != np.repeat(other.codes[first], sizes))
    firms = np.searchsorted(starts, differs, side="right") - 1
    keys = firms * np.int64(other.levels) + other.codes[differs]
    old, place = np.unique(keys, return_inverse=True)
    extra = np.bincount(old // other.levels, minlength=len(first))
    below = np.arange(len(first)) + np.cumsum(extra) - extra
    codes = np.repeat(below.astype(np.int32), sizes)
    rank = np.arange(len(old)) - (np.cumsum(extra) - extra)[old // other.levels]
    codes[differs] += (1 + rank[place]).astype(np.int32)
    return SampleCodes(name, codes, len(first) + len(old))
