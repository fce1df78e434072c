"""A sample larger than memory: its codes are held, its numbers are read again in each pass."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pyarrow as pa

from clusterpanel.designs.assemble import arrays_of
from clusterpanel.designs.codes import SampleCodes
from clusterpanel.designs.columns import NumberColumns
from clusterpanel.designs.row_mask import RowMask
from clusterpanel.engine.ahead import read_ahead
from clusterpanel.engine.progress import watched
from clusterpanel.models.arrays import (
    FIRM,
    ROWS_PER_BLOCK,
    ArrayBlock,
    Codes,
    Flags,
    Integers,
    Levels,
    ModelArrays,
    WeightKind,
)
from clusterpanel.panel.panel import Panel


@dataclass(frozen=True)
class StreamedArrays:
    """A `ModelSource` that reads a panel block by block, whenever its rows are asked for.

    Attributes
    ----------
    panel : Panel
    numbers : NumberColumns
    masks : tuple of RowMask
        The sample's rows, a mask for each block of the panel.
    starts : integer array, shape (firms + 1,)
        The first row of each firm in the sample, and the number of rows.
    effects : tuple of SampleCodes
    groups : tuple of SampleCodes or None
        None stands for the firms, whose codes their starts tell.
    total_weight : float
    places : tuple of int
        Which of the model's columns are asked for; all where it is empty.
    rows_per_block : int
    """

    panel: Panel
    numbers: NumberColumns
    masks: tuple[RowMask, ...]
    starts: Integers
    effects: tuple[SampleCodes, ...]
    groups: tuple[SampleCodes | None, ...]
    total_weight: float
    places: tuple[int, ...] = ()
    rows_per_block: int = ROWS_PER_BLOCK

    @property
    def names(self) -> tuple[str, ...]:
        """The columns after the outcomes, the exposure first."""
        outcomes = len(self.numbers.plan.outcomes)
        return tuple(self.numbers.names[place - outcomes] for place in self._places if place >= outcomes)

    @property
    def outcomes(self) -> int:
        """The number of outcomes."""
        return sum(place < len(self.numbers.plan.outcomes) for place in self._places)

    @property
    def absorbs_firm(self) -> bool:
        """Whether each firm has an effect of its own."""
        return self.numbers.layout.absorbs_firm

    @property
    def firm_slopes_count(self) -> int:
        """The number of variables on which each firm has a slope of its own."""
        return len(self.numbers.layout.firm_slopes)

    @property
    def has_plain_effects(self) -> bool:
        """Whether an effect other than the firm's has dummies that are not multiplied."""
        return any(levels.slope is None for levels in self.numbers.layout.others)

    @property
    def weight_kind(self) -> WeightKind | None:
        """The kind of weights."""
        return self.numbers.plan.weight_kind

    @property
    def rows(self) -> int:
        """The number of rows."""
        return int(self.starts[-1])

    @property
    def firm_name(self) -> str:
        """The firms' column."""
        return self.panel.firm

    @property
    def firm_levels(self) -> int:
        """The number of firms."""
        return len(self.starts) - 1

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
        """For each effect of joined columns, the code that every level has in each of them."""
        return tuple(effect.factors for effect in self.effects)

    @property
    def group_names(self) -> tuple[str, ...]:
        """The ways errors are grouped."""
        return tuple(self.firm_name if group is None else group.name for group in self.groups)

    @property
    def ways_within_firms(self) -> tuple[bool, ...]:
        """Which ways have groups that each lie in one firm, and so in one block."""
        firm = self.firm_name
        ways = self.numbers.plan.ways(self.panel.columns)
        return tuple(firm in way.columns for way in ways)

    @property
    def group_levels(self) -> tuple[int, ...]:
        """The number of groups each way."""
        return tuple(self.firm_levels if group is None else group.levels for group in self.groups)

    def is_nested(self, effect: int | Literal["firm"], way: int) -> bool:
        """Say whether each level of an effect lies in one group of a way."""
        inner = None if effect == FIRM else self.effects[effect]
        outer = self.groups[way]
        if inner is outer or (inner is not None and outer is not None and inner.codes is outer.codes):
            return True
        holder = np.full(self.firm_levels if inner is None else inner.levels, -1, dtype=np.int64)
        for rows, firms in self._pieces():
            levels, groups = (self._codes(kind, rows, firms) for kind in (inner, outer))
            is_new = holder[levels] < 0
            holder[levels[is_new]] = groups[is_new]
            if (holder[levels] != groups).any():
                return False
        return True

    def only(self, places: Sequence[int]) -> "StreamedArrays":
        """Return the same rows with some of the columns, the outcomes among them."""
        return replace(self, places=tuple(self._places[place] for place in places))

    def where(self, keep: Flags) -> "StreamedArrays":
        """Return the sample of some rows; weights are summed up again."""
        sizes = np.add.reduceat(keep, self.starts[:-1], dtype=np.int64)
        sizes = sizes[sizes > 0]
        masks = tuple(
            mask.where(keep[rows]) for mask, (rows, _) in zip(self.masks, self._all_pieces(), strict=True)
        )
        kept: dict[int, SampleCodes] = {}

        def some(codes: SampleCodes) -> SampleCodes:
            # Effects and groups that share their codes go on sharing them.
            if id(codes.codes) not in kept:
                kept[id(codes.codes)] = codes.where(keep)[0]
            return replace(kept[id(codes.codes)], name=codes.name)

        thinned = replace(
            self,
            masks=masks,
            starts=np.concatenate([[0], np.cumsum(sizes)]),
            effects=tuple(map(some, self.effects)),
            groups=tuple(None if group is None else some(group) for group in self.groups),
            total_weight=float(keep.sum()),
        )
        if self.numbers.plan.weights is None:
            return thinned
        return replace(thinned, total_weight=sum(float(block.weights.sum()) for block in thinned.blocks()))

    def blocks(self) -> Iterator[ArrayBlock]:
        """Yield the rows in blocks of whole firms; the panel's next block is read meanwhile."""
        what = f"{self.numbers.plan.name}: a pass over the panel"
        parts = watched(read_ahead(self._parts()), what, self.rows, lambda part: part[1].rows)
        for first, arrays in parts:
            for block in arrays.blocks():
                yield block._replace(first_row=block.first_row + first)

    def _parts(self) -> Iterator[tuple[int, ModelArrays]]:
        sources = self.numbers.sources if self._reads_regressors else self.numbers.outcome_sources
        tables = self.panel.blocks(sources)
        for table, mask, (rows, firms) in zip(tables, self.masks, self._all_pieces(), strict=True):
            if mask.kept:
                yield rows.start, self._part(mask.apply(table), rows, firms)

    def _part(self, table: pa.Table, rows: slice, firms: slice) -> ModelArrays:
        def coded(kinds: Sequence[SampleCodes | None]) -> list[Codes]:
            names = self.group_names if kinds is self.groups else self.effect_names
            levels = self.group_levels if kinds is self.groups else self.effect_levels
            codes = (self._codes(kind, rows, firms) for kind in kinds)
            return [Codes(*items) for items in zip(names, codes, levels, strict=True)]

        own = Codes(self.firm_name, self._codes(None, rows, firms), self.firm_levels)
        columns = (self.numbers.make if self._reads_regressors else self.numbers.make_outcomes)(table)
        arrays = arrays_of(
            self.numbers,
            columns,
            firms=own,
            effects=coded(self.effects),
            groups=coded(self.groups),
            rows_per_block=self.rows_per_block,
        )
        return arrays.only(self.places) if self.places else arrays

    @property
    def _places(self) -> Sequence[int]:
        return self.places or range(self.numbers.model)

    @property
    def _reads_regressors(self) -> bool:
        return max(self._places) >= len(self.numbers.plan.outcomes)

    def _codes(self, kind: SampleCodes | None, rows: slice, firms: slice) -> Levels:
        if kind is not None:
            return kind.codes[rows].astype(np.int32, copy=False)
        sizes = np.diff(self.starts[firms.start : firms.stop + 1])
        return np.repeat(np.arange(firms.start, firms.stop, dtype=np.int32), sizes)

    def _all_pieces(self) -> Iterator[tuple[slice, slice]]:
        """Yield the sample's rows and firms of each block of the panel."""
        first_row = first_firm = 0
        for mask in self.masks:
            last_row = first_row + mask.kept
            last_firm = int(np.searchsorted(self.starts, last_row))
            yield slice(first_row, last_row), slice(first_firm, last_firm)
            first_row, first_firm = last_row, last_firm

    def _pieces(self) -> Iterator[tuple[slice, slice]]:
        return (piece for piece in self._all_pieces() if piece[0].stop > piece[0].start)
