"""A sample whose blocks are changed firm by firm: quasi-demeaned, averaged or differenced."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from clusterpanel.models.arrays import ArrayBlock, Codes, Levels, ModelArrays, ModelSource, WeightKind

Change = Callable[[ArrayBlock], ArrayBlock]


@dataclass(frozen=True)
class ChangedSource:
    """A sample seen through a change of each block; it has no firm effects and no weights.

    Attributes
    ----------
    source : ModelSource
    change : function from block to block
        Leaves whole firms whole.
    names : tuple of str
    rows, firm_levels : int
    effect_names : tuple of str
        The source's, or none.
    effect_levels, group_levels : tuple of int
    outcomes : int
    places : tuple of int, or None
        The columns of the changed blocks that are taken; None for all.
    """

    source: ModelSource
    change: Change
    names: tuple[str, ...]
    rows: int
    firm_levels: int
    effect_names: tuple[str, ...]
    effect_levels: tuple[int, ...]
    group_levels: tuple[int, ...]
    outcomes: int = 1
    places: tuple[int, ...] | None = None

    @property
    def absorbs_firm(self) -> bool:
        """False: the change has dealt with the firms."""
        return False

    @property
    def firm_slopes_count(self) -> int:
        """None."""
        return 0

    @property
    def has_plain_effects(self) -> bool:
        """Whether there are effects: those with slopes are refused before."""
        return bool(self.effect_names)

    @property
    def weight_kind(self) -> WeightKind | None:
        """None: weights are refused before."""
        return None

    @property
    def total_weight(self) -> float:
        """The number of rows."""
        return float(self.rows)

    @property
    def firm_name(self) -> str:
        """The firms' column."""
        return self.source.firm_name

    @property
    def effect_factors(self) -> tuple[tuple[Levels, ...], ...]:
        """Empty: a change may renumber the levels."""
        return tuple(() for _ in self.effect_names)

    @property
    def group_names(self) -> tuple[str, ...]:
        """The columns that errors are grouped by."""
        return self.source.group_names

    def is_nested(self, effect: int | Literal["firm"], way: int) -> bool:
        """Say whether each level of an effect lies in one group of a way, in the sample before the change."""
        return self.source.is_nested(effect, way)

    def blocks(self) -> Iterator[ArrayBlock]:
        """Yield the changed blocks that have rows."""
        first_row = 0
        for block in map(self.change, self.source.blocks()):
            if block.rows == 0:
                continue
            values = block.values if self.places is None else block.values[list(self.places)]
            yield block._replace(values=np.ascontiguousarray(values), first_row=first_row)
            first_row += block.rows

    def only(self, places: Sequence[int]) -> "ChangedSource":
        """Return the same rows with some of the columns, the outcomes among them."""
        before = range(self.outcomes + len(self.names)) if self.places is None else self.places
        kept = [place - self.outcomes for place in places if place >= self.outcomes]
        return replace(
            self,
            names=tuple(self.names[place] for place in kept),
            outcomes=len(places) - len(kept),
            places=tuple(before[place] for place in places),
        )


def gathered(source: ChangedSource) -> ModelArrays:
    """Return a changed sample as arrays in memory, for variances that need every row at once."""
    blocks = list(source.blocks())
    stacked = [
        np.concatenate([block.values[place] for block in blocks])
        for place in range(source.outcomes + len(source.names))
    ]
    firms = np.concatenate([np.diff(block.starts) for block in blocks])
    codes = np.repeat(np.arange(len(firms), dtype=np.int32), firms)
    effects = np.concatenate([block.effects for block in blocks])
    groups = np.concatenate([block.groups for block in blocks])
    below = np.cumsum([0, *source.effect_levels[:-1]]).astype(np.int32)
    return ModelArrays(
        columns=tuple(stacked),
        names=source.names,
        firms=Codes(source.firm_name, codes, len(firms)),
        effects=tuple(
            Codes(name, np.ascontiguousarray(effects[:, place] - below[place]), source.effect_levels[place])
            for place, name in enumerate(source.effect_names)
        ),
        absorbs_firm=False,
        groups=tuple(
            Codes(name, np.ascontiguousarray(groups[:, way]), source.group_levels[way])
            for way, name in enumerate(source.group_names)
        ),
        outcomes=source.outcomes,
    )
