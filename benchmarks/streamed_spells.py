"""A Parquet file of spells as the source of a fold: read again in each pass, sorted or not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow.parquet as pq
from simulated_spells import COVARIATES

from clusterpanel.engine.ahead import read_ahead
from clusterpanel.models.arrays import ArrayBlock, Codes, Levels, ModelArrays

OUTCOMES = ("cause", "start", "stop")
ROWS_PER_BLOCK = 8_192


@dataclass(frozen=True)
class StreamedSpells:
    """A `ModelSource` over a Parquet file whose rows are in any order; every row stands for itself.

    Errors are grouped by the file's firm_id, so that no order of rows is needed.
    """

    path: Path
    rows: int
    firms: int
    strata: str | None = None
    industries: int = 0
    columns: tuple[str, ...] = (*OUTCOMES, *COVARIATES)

    absorbs_firm: bool = False
    firm_slopes_count: int = 0
    has_plain_effects: bool = True
    weight_kind: None = None
    firm_name: str = "firm_id"

    @classmethod
    def of(cls, path: Path, strata: str | None = None) -> "StreamedSpells":
        """Read the file's size and the highest codes from its footer."""
        meta = pq.ParquetFile(path).metadata
        places = {meta.schema.column(place).name: place for place in range(meta.num_columns)}

        def highest(name: str) -> int:
            groups = (meta.row_group(group) for group in range(meta.num_row_groups))
            return max(int(group.column(places[name]).statistics.max) for group in groups)

        return cls(path, meta.num_rows, highest("firm_id") + 1, strata, highest("industry") + 1)

    @property
    def names(self) -> tuple[str, ...]:
        """The covariates."""
        return tuple(name for name in self.columns if name not in OUTCOMES)

    @property
    def outcomes(self) -> int:
        """Event, start and stop."""
        return len(self.columns) - len(self.names)

    @property
    def total_weight(self) -> float:
        """The rows."""
        return float(self.rows)

    @property
    def firm_levels(self) -> int:
        """Every row stands for itself."""
        return self.rows

    @property
    def effect_names(self) -> tuple[str, ...]:
        """The strata."""
        return () if self.strata is None else (self.strata,)

    @property
    def effect_levels(self) -> tuple[int, ...]:
        """The number of strata."""
        return () if self.strata is None else (self.industries,)

    @property
    def effect_factors(self) -> tuple[tuple[Levels, ...], ...]:
        """None."""
        return ((),) * len(self.effect_names)

    @property
    def group_names(self) -> tuple[str, ...]:
        """Errors are grouped by firm."""
        return ("firm_id",)

    @property
    def group_levels(self) -> tuple[int, ...]:
        """The number of firms."""
        return (self.firms,)

    def is_nested(self, effect: int | Literal["firm"], way: int) -> bool:
        """Say that a row lies in one firm, a stratum in none."""
        _ = way
        return effect == "firm"

    def only(self, places: Sequence[int]) -> "StreamedSpells":
        """Return the same rows with some of the columns."""
        return replace(self, columns=tuple(self.columns[place] for place in places))

    def blocks(self) -> Iterator[ArrayBlock]:
        """Yield the rows, the next row group being read meanwhile."""
        first = 0
        for arrays in read_ahead(self._row_groups()):
            for block in arrays.blocks():
                yield block._replace(first_row=block.first_row + first)
            first += arrays.rows

    def _row_groups(self) -> Iterator[ModelArrays]:
        with pq.ParquetFile(self.path) as file:
            needed = list(dict.fromkeys([*self.columns, "firm_id", *self.effect_names]))
            for group in range(file.num_row_groups):
                table = file.read_row_group(group, columns=needed, use_threads=False)
                arrays = {name: table.column(name).to_numpy() for name in needed}
                yield self._arrays(arrays)

    def _arrays(self, columns: dict[str, np.ndarray]) -> ModelArrays:
        rows = len(columns["firm_id"])
        own = Codes("row", np.arange(rows, dtype=np.int32), rows)
        effects = (Codes(name, columns[name].astype(np.int32), self.industries) for name in self.effect_names)
        return ModelArrays(
            columns=tuple(columns[name] for name in self.columns),
            names=self.names,
            firms=own,
            effects=tuple(effects),
            absorbs_firm=False,
            groups=(Codes("firm_id", columns["firm_id"].astype(np.int32), self.firms),),
            outcomes=self.outcomes,
            rows_per_block=ROWS_PER_BLOCK,
        )
