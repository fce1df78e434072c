"""The arrays every model takes: columns, effects and groups as integers, cut into blocks of whole firms."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

ROWS_PER_BLOCK = 131_072


@dataclass(frozen=True)
class Codes:
    """A column as integers.

    Attributes
    ----------
    name : str
        The column, or columns joined by ``^``.
    codes : integer array, shape (rows,)
        0 to ``levels - 1``, every level present.
    levels : int
    """

    name: str
    codes: Integers
    levels: int

    def where(self, keep: Flags) -> "Codes":
        """Return the codes of some rows, counted on again without gaps."""
        codes, levels, _ = compact(self.codes[keep], self.levels)
        return Codes(self.name, codes, levels)


class ArrayBlock(NamedTuple):
    """Some whole firms' rows.

    Attributes
    ----------
    values : float array, shape (rows, columns)
        The outcome first, then the regressors.
    effects : integer array, shape (rows, effects)
        Level of each effect, counted on from the effect before.
    starts : integer array
        First row of each firm, and the number of rows.
    groups : integer array, shape (rows,)
        The group of the variance, over the whole sample.
    """

    values: Floats
    effects: Integers
    starts: Integers
    groups: Integers


@dataclass(frozen=True)
class ModelArrays:
    """A sample as arrays, sorted by firm.

    Attributes
    ----------
    values : float array, shape (rows, 1 + regressors)
        The outcome, then the regressors, the exposure first.
    names : tuple of str
        The regressors' names.
    firms : Codes
        Non-decreasing codes of the firms.
    effects : tuple of Codes
        The effects other than an absorbed firm's.
    absorbs_firm : bool
        Whether each firm has an effect of its own.
    groups : Codes
        The groups of the variance.
    rows_per_block : int
    """

    values: Floats
    names: tuple[str, ...]
    firms: Codes
    effects: tuple[Codes, ...]
    absorbs_firm: bool
    groups: Codes
    rows_per_block: int = ROWS_PER_BLOCK

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(self.values)

    def where(self, keep: Flags) -> "ModelArrays":
        """Return the arrays of some rows."""
        return replace(
            self,
            values=self.values[keep],
            firms=self.firms.where(keep),
            effects=tuple(effect.where(keep) for effect in self.effects),
            groups=self.groups.where(keep),
        )

    @property
    def levels(self) -> int:
        """The number of levels of all effects but the firm's."""
        return sum(effect.levels for effect in self.effects)

    @cached_property
    def stacked_effects(self) -> Integers:
        """The levels of all effects, each effect's counted on from the one before; shape (rows, effects)."""
        stacked = np.empty((self.rows, len(self.effects)), dtype=np.int64)
        offset = 0
        for place, effect in enumerate(self.effects):
            np.add(effect.codes, offset, out=stacked[:, place])
            offset += effect.levels
        return stacked

    @cached_property
    def starts(self) -> Integers:
        """The first row of each firm, and the number of rows."""
        changes = np.flatnonzero(np.diff(self.firms.codes)) + 1
        return np.concatenate([[0], changes, [self.rows]]).astype(np.int64)

    def blocks(self) -> Iterator[ArrayBlock]:
        """Yield the rows in blocks of whole firms."""
        first_firm, firms = 0, len(self.starts) - 1
        while first_firm < firms:
            first = self.starts[first_firm]
            last_firm = int(np.searchsorted(self.starts, first + self.rows_per_block))
            last_firm = max(first_firm + 1, min(last_firm, firms))
            rows = slice(first, self.starts[last_firm])
            starts = self.starts[first_firm : last_firm + 1] - first
            yield ArrayBlock(self.values[rows], self.stacked_effects[rows], starts, self.groups.codes[rows])
            first_firm = last_firm


def compact(codes: Integers, size: int) -> tuple[Integers, int, Integers]:
    """Return codes counted on without gaps, their number, and the old code of each new one.

    Parameters
    ----------
    codes : integer array
        Values in 0 to ``size - 1``.
    size : int
    """
    if size > max(10_000_000, 4 * len(codes)):
        old, new = np.unique(codes, return_inverse=True)
        return new.astype(np.int64), len(old), old
    seen = np.zeros(size, dtype=np.bool_)
    seen[codes] = True
    old = np.flatnonzero(seen)
    if len(old) == size:
        return codes, size, old
    return (np.cumsum(seen) - 1)[codes], len(old), old
