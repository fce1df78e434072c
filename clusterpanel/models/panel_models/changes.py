"""Which rows of a firm have a change since the year before, and blocks turned into such changes."""

from dataclasses import dataclass

import numpy as np

from clusterpanel.errors import SpecError
from clusterpanel.models.arrays import ArrayBlock, Flags, Floats, Integers, Levels
from clusterpanel.spec.design import Gaps


def has_change(starts: Integers, time: Floats, gaps: Gaps = "dropped") -> Flags:
    """Say which rows have a change since the firm's row before.

    Parameters
    ----------
    starts : integer array
        First row of each firm, and the number of rows.
    time : float array, shape (rows,)
    gaps : "dropped" or "spanned"

    Raises
    ------
    SpecError
        A firm's rows are not in the order of time, each year once.
    """
    step = np.diff(time, prepend=time[0])
    is_first = np.zeros(len(time), dtype=np.bool_)
    is_first[starts[:-1]] = True
    if (step[~is_first] <= 0).any():
        raise SpecError("first_difference needs each firm's rows in the order of time, each year once")
    follows: Flags = ~is_first & ((step == 1) if gaps == "dropped" else True)
    return follows


@dataclass(frozen=True)
class Changing:
    """Which rows have a change, and of what.

    Attributes
    ----------
    time : int
        The column of the year.
    gaps : "dropped" or "spanned"
    has_constant : bool
        Whether the last column is a constant, which stays one.
    """

    time: int
    gaps: Gaps
    has_constant: bool

    def rows(self, block: ArrayBlock) -> Flags:
        """Say which rows of a block have a change."""
        return has_change(block.starts, block.values[self.time], self.gaps)


@dataclass
class Counts:
    """What a pass over the rows counts: changes, firms with any, levels seen, and rows without a change."""

    rows: int
    firms: int
    first_rows: int
    gap_rows: int
    effects: list[Flags]
    groups: list[Flags]


@dataclass(frozen=True)
class CountFold:
    """The fold of the counts.

    Attributes
    ----------
    changing : Changing
    effect_levels, group_levels : tuple of int
    """

    changing: Changing
    effect_levels: tuple[int, ...]
    group_levels: tuple[int, ...]

    def step(self, block: ArrayBlock) -> Counts:
        """Count one block."""
        rows = self.changing.rows(block)
        firms = len(block.starts) - 1
        by_firm = np.add.reduceat(rows, block.starts[:-1], dtype=np.int64)
        below = np.cumsum([0, *self.effect_levels])
        return Counts(
            rows=int(rows.sum()),
            firms=int((by_firm > 0).sum()),
            first_rows=firms,
            gap_rows=block.rows - firms - int(rows.sum()),
            effects=[
                _seen(block.effects[rows, place] - below[place], levels)
                for place, levels in enumerate(self.effect_levels)
            ],
            groups=[_seen(block.groups[rows, way], levels) for way, levels in enumerate(self.group_levels)],
        )

    def merge(self, left: Counts, right: Counts) -> Counts:
        """Add two blocks' counts."""
        return Counts(
            left.rows + right.rows,
            left.firms + right.firms,
            left.first_rows + right.first_rows,
            left.gap_rows + right.gap_rows,
            [mine | others for mine, others in zip(left.effects, right.effects, strict=True)],
            [mine | others for mine, others in zip(left.groups, right.groups, strict=True)],
        )

    def solve(self, moments: Counts) -> Counts:
        """Return the counts of all blocks."""
        return moments


@dataclass(frozen=True)
class Difference:
    """The change of a block to the rows that have a change since the firm's row before.

    Attributes
    ----------
    changing : Changing
    effects, groups : tuple of int32 arrays
        New code of each old one, of each effect and way.
    """

    changing: Changing
    effects: tuple[Levels, ...]
    groups: tuple[Levels, ...]

    def __call__(self, block: ArrayBlock) -> ArrayBlock:
        """Return the changes, in blocks of the firms that have any."""
        rows = np.flatnonzero(self.changing.rows(block))
        values = block.values[:, rows] - block.values[:, rows - 1]
        if self.changing.has_constant:
            values[-1] = 1.0
        by_firm = np.searchsorted(rows, block.starts)
        return block._replace(
            values=np.delete(values, self.changing.time, axis=0),
            effects=self._effects(block.effects[rows]),
            starts=np.unique(by_firm),
            groups=_renumbered(block.groups[rows], self.groups),
        )

    def _effects(self, levels: Levels) -> Levels:
        """Return levels without gaps, each effect's counted on from the one before."""
        old = np.cumsum([0, *(len(codes) for codes in self.effects)])
        new = np.cumsum([0, *(int(codes.max()) + 1 for codes in self.effects)])
        local = (levels - old[:-1]).astype(np.int32) if self.effects else levels
        counted_on = _renumbered(local, self.effects) + new[:-1].astype(np.int32) if self.effects else levels
        return np.ascontiguousarray(counted_on, dtype=np.int32)


def _seen(codes: Levels, levels: int) -> Flags:
    seen = np.zeros(levels, dtype=np.bool_)
    seen[codes] = True
    return seen


def renumbering(seen: list[Flags]) -> tuple[Levels, ...]:
    """Return the new code of each old one, of those that are seen."""
    return tuple((np.cumsum(flags) - 1).astype(np.int32) for flags in seen)


def _renumbered(codes: Levels, numbering: tuple[Levels, ...]) -> Levels:
    if not numbering:
        return codes
    return np.column_stack([new[codes[:, place]] for place, new in enumerate(numbering)])
