"""The arrays every model takes: columns, effects and groups as integers, cut into blocks of whole firms."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np

from clusterpanel.models.array_types import FIRM, Flags, Floats, Integers, Levels, WeightKind
from clusterpanel.models.blocks import ArrayBlock, ModelSource
from clusterpanel.models.codes import Codes, compact, is_nested
from clusterpanel.models.picked import PickedColumns, columns_where, stacked_rows

__all__ = [
    "FIRM",
    "ROWS_PER_BLOCK",
    "ArrayBlock",
    "Codes",
    "Flags",
    "Floats",
    "Integers",
    "Levels",
    "ModelArrays",
    "ModelSource",
    "WeightKind",
    "compact",
    "is_nested",
]

# What a block costs by itself is small beside its rows, and a few blocks make work for every thread.
ROWS_PER_BLOCK = 65_536


@dataclass(frozen=True)
class ModelArrays:
    """A sample as arrays, sorted by firm.

    Attributes
    ----------
    columns : sequence of float arrays, each of shape (rows,)
        The outcomes, then the regressors, the exposure first; for instruments, these last. `PickedColumns`
        are copied when they are asked for.
    names : tuple of str
        The names of the columns after the outcomes; a constant comes last where nothing is absorbed.
    firms : Codes
        Non-decreasing codes of the firms.
    effects : tuple of Codes
        The effects other than an absorbed firm's.
    absorbs_firm : bool
        Whether each firm has an effect of its own.
    firm_slopes : tuple of float arrays, each of shape (rows,)
        Variables on which each firm has a slope of its own.
    groups : tuple of Codes
        The groups of the variance, one each way.
    weights : float array, shape (rows,), or None
        Positive and finite.
    weight_kind : "analytic", "frequency", "probability" or None
    offset : float array, shape (rows,), or None
    outcomes : int
        The number of outcomes.
    rows_per_block : int
    """

    columns: Sequence[Floats]
    names: tuple[str, ...]
    firms: Codes
    effects: tuple[Codes, ...]
    absorbs_firm: bool
    firm_slopes: tuple[Floats, ...] = ()
    groups: tuple[Codes, ...] = ()
    weights: Floats | None = None
    weight_kind: WeightKind | None = None
    offset: Floats | None = None
    outcomes: int = 1
    rows_per_block: int = ROWS_PER_BLOCK

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(self.firms.codes)

    @property
    def levels(self) -> int:
        """The number of levels of all effects but the firm's."""
        return sum(effect.levels for effect in self.effects)

    @property
    def firm_slopes_count(self) -> int:
        """The number of variables on which each firm has a slope of its own."""
        return len(self.firm_slopes)

    @property
    def has_plain_effects(self) -> bool:
        """Whether an effect other than the firm's has dummies that are not multiplied."""
        return any(effect.loads is None for effect in self.effects)

    @cached_property
    def total_weight(self) -> float:
        """The weights' sum; the rows where there are none."""
        return float(self.rows if self.weights is None else self.weights.sum())

    @property
    def firm_name(self) -> str:
        """The firms' column."""
        return self.firms.name

    @property
    def firm_levels(self) -> int:
        """The number of firms."""
        return self.firms.levels

    @property
    def effect_names(self) -> tuple[str, ...]:
        """The effects other than an absorbed firm's."""
        return tuple(effect.name for effect in self.effects)

    @property
    def effect_levels(self) -> tuple[int, ...]:
        """The number of levels of each effect."""
        return tuple(effect.levels for effect in self.effects)

    @property
    def effect_factors(self) -> tuple[tuple[Levels, ...], ...]:
        """The factors of each effect, as `Codes` has them."""
        return tuple(effect.factors for effect in self.effects)

    @property
    def group_names(self) -> tuple[str, ...]:
        """The columns that errors are grouped by, one each way."""
        return tuple(group.name for group in self.groups)

    @property
    def group_levels(self) -> tuple[int, ...]:
        """The number of groups each way."""
        return tuple(group.levels for group in self.groups)

    def is_nested(self, effect: int | Literal["firm"], way: int) -> bool:
        """Say whether each level of an effect lies in one group of a way."""
        inner = self.firms if effect == FIRM else self.effects[effect]
        return is_nested(inner, self.groups[way])

    def where(self, keep: Flags) -> "ModelArrays":
        """Return the arrays of some rows."""
        return replace(
            self,
            columns=columns_where(self.columns, keep),
            firms=self.firms.where(keep),
            effects=tuple(effect.where(keep) for effect in self.effects),
            firm_slopes=tuple(variable[keep] for variable in self.firm_slopes),
            groups=tuple(group.where(keep) for group in self.groups),
            weights=None if self.weights is None else self.weights[keep],
            offset=None if self.offset is None else self.offset[keep],
        )

    def only(self, places: Sequence[int]) -> "ModelArrays":
        """Return the same rows with some of the columns, the outcomes among them; no column is copied."""
        kept = [place - self.outcomes for place in places if place >= self.outcomes]
        return replace(
            self,
            columns=self._only(places),
            names=tuple(self.names[place] for place in kept),
            outcomes=len(places) - len(kept),
        )

    def _only(self, places: Sequence[int]) -> Sequence[Floats]:
        if isinstance(self.columns, PickedColumns):
            return self.columns.only(places)
        return tuple(self.columns[place] for place in places)

    @cached_property
    def starts(self) -> Integers:
        """The first row of each firm, and the number of rows."""
        from clusterpanel.models.kernels_codes import starts_of

        return starts_of(self.firms.codes)

    def blocks(self) -> Iterator[ArrayBlock]:
        """Yield the rows in blocks of whole firms."""
        first_firm, firms = 0, len(self.starts) - 1
        while first_firm < firms:
            first = self.starts[first_firm]
            last_firm = int(np.searchsorted(self.starts, first + self.rows_per_block))
            last_firm = max(first_firm + 1, min(last_firm, firms))
            rows = slice(int(first), int(self.starts[last_firm]))
            yield self._block(rows, self.starts[first_firm : last_firm + 1] - first)
            first_firm = last_firm

    def _block(self, rows: slice, starts: Integers) -> ArrayBlock:
        count, kinds = rows.stop - rows.start, len(self.effects)
        loads = np.empty((0, 0))
        if any(effect.loads is not None for effect in self.effects):
            loads = np.ones((count, kinds))
            for place, effect in enumerate(self.effects):
                if effect.loads is not None:
                    loads[:, place] = effect.loads[rows]
        return ArrayBlock(
            values=stacked_rows(self.columns, rows),
            effects=_stack_codes(self.effects, rows, is_counted_on=True),
            loads=loads,
            basis=np.ascontiguousarray(stacked_rows(self.firm_slopes, rows).T),
            weights=np.empty(0) if self.weights is None else self.weights[rows],
            offset=np.empty(0) if self.offset is None else self.offset[rows],
            starts=starts,
            groups=_stack_codes(self.groups, rows),
            first_row=rows.start,
        )


def _stack_codes(kinds: tuple[Codes, ...], rows: slice, is_counted_on: bool = False) -> Levels:
    """Return the codes of some rows, shape (rows, kinds), counted on from the kind before if asked for."""
    from clusterpanel.models.kernels_codes import write_codes

    stacked = np.empty((rows.stop - rows.start, len(kinds)), dtype=np.int32)
    below = 0
    for place, kind in enumerate(kinds):
        write_codes(kind.codes[rows], below, stacked, place)
        below += kind.levels if is_counted_on else 0
    return stacked
