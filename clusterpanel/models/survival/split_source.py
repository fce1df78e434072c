"""A survival source whose rows are split at times as they are read."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np

from clusterpanel.models.arrays import ArrayBlock, Floats, Integers, Levels, ModelSource, WeightKind
from clusterpanel.models.survival.episodes import EVENT, OUTCOMES, START, STOP

# A block of firms is expanded in parts of about these many pieces.
PIECES_AT_ONCE = 16_384


@dataclass(frozen=True)
class SplitColumn:
    """A regressor of the split source: a regressor of the source, and a function of time or None."""

    name: str
    place: int
    at: Callable[[Floats], Floats] | None = None


@dataclass(frozen=True)
class SplitSource:
    """A survival source whose rows are split as they are read.

    Attributes
    ----------
    source : ModelSource
    cuts : float array
        Ascending.
    columns : tuple of SplitColumn
        The regressors.
    """

    source: ModelSource
    cuts: Floats
    columns: tuple[SplitColumn, ...]

    def blocks(self) -> Iterator[ArrayBlock]:
        """Yield the pieces in blocks of whole firms."""
        first_row = 0
        for block in self.source.blocks():
            for part in _parts(block, self._pieces(block)):
                split = self._split(part, first_row)
                yield split
                first_row += split.rows

    def only(self, places: Sequence[int]) -> "SplitSource":
        """Return the same pieces with some of the regressors.

        Raises
        ------
        ValueError
            Event, start and stop are not the first places.
        """
        if tuple(places[:OUTCOMES]) != (EVENT, START, STOP):
            raise ValueError("a survival source keeps its event, start and stop")
        return replace(self, columns=tuple(self.columns[place - OUTCOMES] for place in places[OUTCOMES:]))

    def is_nested(self, effect: int | Literal["firm"], way: int) -> bool:
        """Say whether each level of an effect lies in one group of a way."""
        return self.source.is_nested(effect, way)

    def _pieces(self, block: ArrayBlock) -> Integers:
        inside = np.searchsorted(self.cuts, block.values[STOP])
        pieces: Integers = inside - np.searchsorted(self.cuts, block.values[START], side="right") + 1
        return pieces

    def _split(self, block: ArrayBlock, first_row: int) -> ArrayBlock:
        pieces = self._pieces(block)
        rows = np.repeat(np.arange(block.rows), pieces)
        before = np.concatenate([[0], np.cumsum(pieces)])
        place = np.arange(len(rows)) - before[rows]
        is_last = place == pieces[rows] - 1
        first_cut = np.searchsorted(self.cuts, block.values[START], side="right")[rows] + place
        values = np.empty((OUTCOMES + len(self.columns), len(rows)))
        values[EVENT] = np.where(is_last, block.values[EVENT][rows], 0.0)
        padded = np.append(self.cuts, np.nan)
        values[START] = np.where(place == 0, block.values[START][rows], padded[first_cut - 1])
        values[STOP] = np.where(is_last, block.values[STOP][rows], padded[first_cut])
        for number, column in enumerate(self.columns, OUTCOMES):
            values[number] = block.values[OUTCOMES + column.place][rows]
            if column.at is not None:
                values[number] *= column.at(values[STOP])
        return _repeated(block, rows)._replace(
            values=values, starts=before[block.starts], first_row=first_row
        )

    @cached_property
    def _totals(self) -> tuple[int, float]:
        rows, weight = 0, 0.0
        for block in self.source.blocks():
            pieces = self._pieces(block)
            rows += int(pieces.sum())
            weight += float(pieces @ block.weights) if len(block.weights) else float(pieces.sum())
        return rows, weight

    @property
    def names(self) -> tuple[str, ...]:
        """The regressors, the exposure or its first term first."""
        return tuple(column.name for column in self.columns)

    @property
    def rows(self) -> int:
        """The number of pieces."""
        return self._totals[0]

    @property
    def total_weight(self) -> float:
        """The weights' sum over the pieces."""
        return self._totals[1]

    @property
    def outcomes(self) -> int:
        """Event, start and stop."""
        return OUTCOMES

    @property
    def absorbs_firm(self) -> bool:
        """As the source has it."""
        return self.source.absorbs_firm

    @property
    def firm_slopes_count(self) -> int:
        """As the source has it."""
        return self.source.firm_slopes_count

    @property
    def has_plain_effects(self) -> bool:
        """As the source has it."""
        return self.source.has_plain_effects

    @property
    def weight_kind(self) -> WeightKind | None:
        """As the source has it."""
        return self.source.weight_kind

    @property
    def firm_name(self) -> str:
        """As the source has it."""
        return self.source.firm_name

    @property
    def firm_levels(self) -> int:
        """As the source has it."""
        return self.source.firm_levels

    @property
    def effect_names(self) -> tuple[str, ...]:
        """As the source has them."""
        return self.source.effect_names

    @property
    def effect_levels(self) -> tuple[int, ...]:
        """As the source has them."""
        return self.source.effect_levels

    @property
    def effect_factors(self) -> tuple[tuple[Levels, ...], ...]:
        """As the source has them."""
        return self.source.effect_factors

    @property
    def group_names(self) -> tuple[str, ...]:
        """As the source has them."""
        return self.source.group_names

    @property
    def group_levels(self) -> tuple[int, ...]:
        """As the source has them."""
        return self.source.group_levels


def _parts(block: ArrayBlock, pieces: Integers) -> Iterator[ArrayBlock]:
    """Yield a block's firms in parts that do not expand to many more pieces than are wanted at once."""
    so_far = np.concatenate([[0], np.cumsum(pieces)])[block.starts]
    firm, firms = 0, len(block.starts) - 1
    while firm < firms:
        last = int(np.searchsorted(so_far, so_far[firm] + PIECES_AT_ONCE, side="right")) - 1
        last = max(firm + 1, last)
        rows = slice(int(block.starts[firm]), int(block.starts[last]))
        starts = block.starts[firm : last + 1] - block.starts[firm]
        yield _repeated(block, rows)._replace(values=block.values[:, rows], starts=starts)
        firm = last


def _repeated(block: ArrayBlock, rows: Integers | slice) -> ArrayBlock:
    """Return a block's rows as often as they come; values and starts are left to the caller."""
    return block._replace(
        effects=block.effects[rows],
        loads=block.loads[rows] if len(block.loads) else block.loads,
        basis=block.basis[rows],
        weights=block.weights[rows] if len(block.weights) else block.weights,
        offset=block.offset[rows] if len(block.offset) else block.offset,
        groups=block.groups[rows],
    )
