"""The arrays every model takes: columns, effects and groups as integers, cut into blocks of whole firms."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Levels = NDArray[np.int32]
Flags = NDArray[np.bool_]

WeightKind = Literal["analytic", "frequency", "probability"]
FIRM: Literal["firm"] = "firm"

# Six columns of these many rows stay in a core's second-level cache while a block is worked on.
ROWS_PER_BLOCK = 32_768


@dataclass(frozen=True)
class Codes:
    """A column as integers.

    Attributes
    ----------
    name : str
        The column, or columns joined by ``^``; a slope of each level's own has its variable in brackets.
    codes : int32 array, shape (rows,)
        0 to ``levels - 1``, every level present.
    levels : int
    loads : float array, shape (rows,), or None
        What a level's dummy is multiplied with, for slopes; None for plain dummies.
    factors : tuple of int32 arrays, each of shape (levels,)
        Of columns joined by ``^``, for each of them the code that every level has in it; may be left out.
        They only save time where there are many levels.
    """

    name: str
    codes: Levels
    levels: int
    loads: Floats | None = None
    factors: tuple[Levels, ...] = ()

    def where(self, keep: Flags) -> "Codes":
        """Return the codes of some rows, counted on again without gaps."""
        codes, levels, old = compact(self.codes[keep], self.levels)
        loads = None if self.loads is None else self.loads[keep]
        return Codes(self.name, codes, levels, loads, tuple(factor[old] for factor in self.factors))


class ArrayBlock(NamedTuple):
    """Some whole firms' rows.

    Attributes
    ----------
    values : float array, shape (columns, rows)
        The outcomes first, then the regressors.
    effects : int32 array, shape (rows, effects)
        Level of each effect, counted on from the effect before.
    loads : float array, shape (rows, effects)
        What each level's dummy is multiplied with; shape (0, 0) where that is 1 throughout.
    basis : float array, shape (rows, slopes)
        The variables on which each firm has a slope of its own.
    weights : float array, shape (rows,)
        Shape (0,) where every row counts alike.
    offset : float array, shape (rows,)
        Shape (0,) where there is none.
    starts : integer array, shape (firms + 1,)
        First row of each firm, and the number of rows.
    groups : int32 array, shape (rows, ways)
        The groups of the variance, over the whole sample.
    first_row : int
        Where the block begins in the sample.
    """

    values: Floats
    effects: Levels
    loads: Floats
    basis: Floats
    weights: Floats
    offset: Floats
    starts: Integers
    groups: Levels
    first_row: int

    @property
    def rows(self) -> int:
        """The number of rows."""
        return int(self.values.shape[1])


class ModelSource(Protocol):
    """What a fit that folds needs to know of a sample, wherever its rows are.

    Attributes
    ----------
    names : tuple of str
        The columns after the outcomes, the exposure first.
    outcomes : int
        The number of outcomes.
    absorbs_firm : bool
        Whether each firm has an effect of its own.
    firm_slopes_count : int
        The number of variables on which each firm has a slope of its own.
    has_plain_effects : bool
        Whether an effect other than the firm's has dummies that are not multiplied.
    weight_kind : str or None
    rows, firm_levels : int
    total_weight : float
        The weights' sum; the rows where there are none.
    firm_name : str
    effect_names, group_names : tuple of str
    effect_levels, group_levels : tuple of int
    effect_factors : tuple of tuples of int32 arrays
        The factors of each effect, as `Codes` has them; empty ones will do.
    """

    @property
    def names(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def outcomes(self) -> int: ...  # noqa: D102
    @property
    def absorbs_firm(self) -> bool: ...  # noqa: D102
    @property
    def firm_slopes_count(self) -> int: ...  # noqa: D102
    @property
    def has_plain_effects(self) -> bool: ...  # noqa: D102
    @property
    def weight_kind(self) -> WeightKind | None: ...  # noqa: D102
    @property
    def rows(self) -> int: ...  # noqa: D102
    @property
    def total_weight(self) -> float: ...  # noqa: D102
    @property
    def firm_name(self) -> str: ...  # noqa: D102
    @property
    def firm_levels(self) -> int: ...  # noqa: D102
    @property
    def effect_names(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def effect_levels(self) -> tuple[int, ...]: ...  # noqa: D102
    @property
    def effect_factors(self) -> tuple[tuple[Levels, ...], ...]: ...  # noqa: D102
    @property
    def group_names(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def group_levels(self) -> tuple[int, ...]: ...  # noqa: D102

    def is_nested(self, effect: int | Literal["firm"], way: int) -> bool:
        """Say whether each level of an effect lies in one group of a way."""

    def blocks(self) -> Iterator[ArrayBlock]:
        """Yield the rows in blocks of whole firms."""

    def only(self, places: Sequence[int]) -> "ModelSource":
        """Return the same rows with some of the columns, the outcomes among them."""


@dataclass(frozen=True)
class ModelArrays:
    """A sample as arrays, sorted by firm.

    Attributes
    ----------
    columns : tuple of float arrays, each of shape (rows,)
        The outcomes, then the regressors, the exposure first; for instruments, these last.
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

    columns: tuple[Floats, ...]
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
            columns=tuple(column[keep] for column in self.columns),
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
            columns=tuple(self.columns[place] for place in places),
            names=tuple(self.names[place] for place in kept),
            outcomes=len(places) - len(kept),
        )

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
        effects = np.empty((count, kinds), dtype=np.int32)
        below = 0
        for place, effect in enumerate(self.effects):
            np.add(effect.codes[rows], below, out=effects[:, place], casting="same_kind")
            below += effect.levels
        loads = np.empty((0, 0))
        if any(effect.loads is not None for effect in self.effects):
            loads = np.ones((count, kinds))
            for place, effect in enumerate(self.effects):
                if effect.loads is not None:
                    loads[:, place] = effect.loads[rows]
        return ArrayBlock(
            values=_stack(self.columns, rows),
            effects=effects,
            loads=loads,
            basis=np.ascontiguousarray(_stack(self.firm_slopes, rows).T),
            weights=np.empty(0) if self.weights is None else self.weights[rows],
            offset=np.empty(0) if self.offset is None else self.offset[rows],
            starts=starts,
            groups=_stack_codes(self.groups, rows),
            first_row=rows.start,
        )


def _stack(columns: tuple[Floats, ...], rows: slice) -> Floats:
    stacked = np.empty((len(columns), rows.stop - rows.start))
    for place, column in enumerate(columns):
        stacked[place] = column[rows]
    return stacked


def _stack_codes(kinds: tuple[Codes, ...], rows: slice) -> Levels:
    stacked = np.empty((rows.stop - rows.start, len(kinds)), dtype=np.int32)
    for place, kind in enumerate(kinds):
        stacked[:, place] = kind.codes[rows]
    return stacked


def is_nested(inner: Codes, outer: Codes) -> bool:
    """Say whether each level of `inner` lies in one level of `outer`."""
    if inner.codes is outer.codes:
        return True
    from clusterpanel.models.kernels_codes import has_one_holder

    return bool(has_one_holder(inner.codes, inner.levels, outer.codes))


def compact(codes: Integers | Levels, size: int) -> tuple[Levels, int, Integers]:
    """Return codes counted on without gaps, their number, and the old code of each new one.

    Parameters
    ----------
    codes : integer array
        Values in 0 to ``size - 1``.
    size : int
    """
    if size > max(10_000_000, 4 * len(codes)):
        old, new = np.unique(codes, return_inverse=True)
        return new.astype(np.int32), len(old), old.astype(np.int64)
    seen = np.zeros(size, dtype=np.bool_)
    seen[codes] = True
    old = np.flatnonzero(seen)
    if len(old) == size:
        return codes.astype(np.int32, copy=False), size, old
    return (np.cumsum(seen, dtype=np.int32) - np.int32(1))[codes], len(old), old
