"""Some whole firms' rows, and what a fit that folds over them needs to know of a sample."""

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple, Protocol

from clusterpanel.models.array_types import Floats, Integers, Levels, WeightKind


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
