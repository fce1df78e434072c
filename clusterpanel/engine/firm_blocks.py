"""Blocks of whole firms: the only form in which folds see data, from memory or from Parquet row groups."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from clusterpanel.errors import DataError

ROWS_PER_BLOCK = 131_072


class FirmBlocks(Protocol):
    """A firm-year table sorted by firm, handed out in blocks that never split a firm."""

    @property
    def schema(self) -> pa.Schema:
        """The columns and their types."""

    def read(self, columns: Sequence[str]) -> pa.Table:
        """Return some columns of all rows."""

    def blocks(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """Yield some columns block by block, in order."""


@dataclass(frozen=True)
class MemoryBlocks:
    """Firm blocks of a table in memory, sorted by `firm`."""

    table: pa.Table
    firm: str
    rows_per_block: int = ROWS_PER_BLOCK

    @property
    def schema(self) -> pa.Schema:
        """The columns and their types."""
        return self.table.schema

    def read(self, columns: Sequence[str]) -> pa.Table:
        """Return some columns of all rows."""
        return self.table.select(list(columns))

    def blocks(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """Yield some columns block by block, in order."""
        chosen = self.read(columns)
        for first, last in firm_borders(self.table.column(self.firm), self.rows_per_block):
            yield chosen.slice(first, last - first)


@dataclass(frozen=True)
class ParquetBlocks:
    """Firm blocks of a Parquet file whose row groups split no firm."""

    path: Path
    firm: str

    @property
    def schema(self) -> pa.Schema:
        """The columns and their types."""
        return pq.read_schema(self.path)

    def read(self, columns: Sequence[str]) -> pa.Table:
        """Return some columns of all rows."""
        return pq.read_table(self.path, columns=list(columns))

    def blocks(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """Yield some columns block by block, in order.

        Raises
        ------
        DataError
            A row group goes on with the firm that ended the one before.
        """
        with pq.ParquetFile(self.path) as file:
            last_firm = None
            for group in range(file.num_row_groups):
                block = file.read_row_group(group, columns=list(dict.fromkeys([*columns, self.firm])))
                firms = block.column(self.firm)
                if firms[0].as_py() == last_firm:
                    raise DataError(
                        f"row group {group} of {self.path.name} splits a firm",
                        hint="Write the panel with write_firm_blocks.",
                    )
                last_firm = firms[-1].as_py()
                yield block.select(list(columns))


def firm_borders(firms: pa.ChunkedArray, rows_per_block: int) -> Iterator[tuple[int, int]]:
    """Yield first and one-past-last row of blocks of about `rows_per_block` rows that split no firm."""
    if len(firms) == 0:
        return
    changes = pc.not_equal(firms.slice(1), firms.slice(0, len(firms) - 1))
    starts = np.concatenate([[0], np.flatnonzero(np.asarray(changes)) + 1, [len(firms)]])
    first = 0
    while first < len(firms):
        nearest = min(int(np.searchsorted(starts, first + rows_per_block)), len(starts) - 1)
        last = int(starts[nearest])
        yield first, last
        first = last


def write_firm_blocks(table: pa.Table, firm: str, path: Path, rows_per_block: int = ROWS_PER_BLOCK) -> None:
    """Write a table sorted by `firm` as Parquet whose row groups split no firm."""
    with pq.ParquetWriter(path, table.schema, compression="zstd") as writer:
        for first, last in firm_borders(table.column(firm), rows_per_block):
            writer.write_table(table.slice(first, last - first), row_group_size=last - first)
