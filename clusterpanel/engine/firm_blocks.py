"""Blocks of whole firms: the only form in which folds see data, from memory or from Parquet row groups."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from clusterpanel.engine.row_groups import check_whole_firms, files_of, same_schema

ROWS_PER_BLOCK = 131_072


class FirmBlocks(Protocol):
    """A firm-year table sorted by firm, handed out in blocks that never split a firm."""

    @property
    def schema(self) -> pa.Schema:
        """The columns and their types."""

    @property
    def rows(self) -> int:
        """The number of rows."""

    @property
    def in_memory(self) -> bool:
        """Whether the rows are in memory already, so that reading them all costs nothing."""

    def read(self, columns: Sequence[str]) -> pa.Table:
        """Return some columns of all rows."""

    def blocks(self, columns: Sequence[str], coded: Sequence[str] = ()) -> Iterator[pa.Table]:
        """Yield some columns block by block, in order and with the same borders each time.

        Text columns among `coded` may come as dictionaries, which are quicker to read.
        """


@dataclass(frozen=True)
class MemoryBlocks:
    """Firm blocks of a table in memory, sorted by `firm`."""

    table: pa.Table
    firm: str
    rows_per_block: int = ROWS_PER_BLOCK
    in_memory: bool = True

    @property
    def schema(self) -> pa.Schema:
        """The columns and their types."""
        return self.table.schema

    @property
    def rows(self) -> int:
        """The number of rows."""
        return int(self.table.num_rows)

    def read(self, columns: Sequence[str]) -> pa.Table:
        """Return some columns of all rows."""
        return self.table.select(list(columns))

    def blocks(self, columns: Sequence[str], coded: Sequence[str] = ()) -> Iterator[pa.Table]:
        """Yield some columns block by block, in order; as they are, `coded` or not."""
        del coded
        chosen = self.read(columns)
        for first, last in self._borders:
            yield chosen.slice(first, last - first)

    @cached_property
    def starts(self) -> np.ndarray:
        """The first row of each firm, and the number of rows."""
        return firm_starts(self.table.column(self.firm))

    @cached_property
    def found(self) -> dict[tuple[str, str], Any]:
        """What was found out of the table's columns, for whoever asks again."""
        return {}

    @cached_property
    def _borders(self) -> tuple[tuple[int, int], ...]:
        return tuple(borders_of(self.starts, self.rows_per_block))


@dataclass(frozen=True)
class ParquetBlocks:
    """Firm blocks of a Parquet file, or of a folder's Parquet files in the order of their names.

    Row groups must be sorted by firm and split no firm; this is checked once, before the first row is read.
    """

    path: Path
    firm: str
    in_memory: bool = False

    @property
    def schema(self) -> pa.Schema:
        """The columns and their types."""
        return same_schema(self._files)

    @cached_property
    def rows(self) -> int:
        """The number of rows."""
        return sum(pq.read_metadata(file).num_rows for file in self._files)

    def read(self, columns: Sequence[str]) -> pa.Table:
        """Return some columns of all rows.

        Raises
        ------
        DataError
            A firm is split between row groups, or the rows are not sorted by firm.
        """
        self._check()
        return pa.concat_tables(pq.ParquetFile(file).read(columns=list(columns)) for file in self._files)

    def blocks(self, columns: Sequence[str], coded: Sequence[str] = ()) -> Iterator[pa.Table]:
        """Yield some columns row group by row group, in order.

        Raises
        ------
        DataError
            As `read`.
        """
        self._check()
        for path in self._files:
            with pq.ParquetFile(path, read_dictionary=list(coded)) as file:
                for group in range(file.num_row_groups):
                    if file.metadata.row_group(group).num_rows:
                        yield file.read_row_group(group, columns=list(columns))

    @cached_property
    def _files(self) -> tuple[Path, ...]:
        return files_of(self.path)

    def _check(self) -> None:
        if not self.__dict__.get("_is_checked"):
            check_whole_firms(self._files, self.firm)
            self.__dict__["_is_checked"] = True


def firm_starts(firms: pa.ChunkedArray) -> np.ndarray:
    """Return the first row of each firm, and the number of rows; `firms` is free of missing values."""
    if len(firms) == 0:
        return np.zeros(1, dtype=np.int64)
    if pa.types.is_dictionary(firms.type):
        joined = firms.unify_dictionaries().combine_chunks()
        firms = (joined.chunk(0) if isinstance(joined, pa.ChunkedArray) else joined).indices
    if pa.types.is_integer(firms.type):
        numbers = firms.to_numpy()
        return np.concatenate([[0], np.flatnonzero(numbers[1:] != numbers[:-1]) + 1, [len(numbers)]])
    changes = pc.not_equal(firms.slice(1), firms.slice(0, len(firms) - 1))
    return np.concatenate([[0], np.flatnonzero(changes) + 1, [len(firms)]])


def firm_borders(firms: pa.ChunkedArray, rows_per_block: int) -> Iterator[tuple[int, int]]:
    """Yield first and one-past-last row of blocks of about `rows_per_block` rows that split no firm."""
    return borders_of(firm_starts(firms), rows_per_block)


def borders_of(starts: np.ndarray, rows_per_block: int) -> Iterator[tuple[int, int]]:
    """Yield the blocks' borders where the first row of each firm is known."""
    first = 0
    while first < starts[-1]:
        nearest = min(int(np.searchsorted(starts, first + rows_per_block)), len(starts) - 1)
        last = int(starts[nearest])
        yield first, last
        first = last


def write_firm_blocks(
    rows: pa.Table | pa.RecordBatchReader, firm: str, path: Path, rows_per_block: int = ROWS_PER_BLOCK
) -> None:
    """Write rows sorted by `firm` as Parquet whose row groups split no firm.

    Parameters
    ----------
    rows : pyarrow Table or RecordBatchReader
        A reader is written batch by batch, so it may hold more than fits in memory; the bytes are the same.
    firm : str
    path : Path
    rows_per_block : int
        About how many rows a row group holds.
    """
    batches = [rows] if isinstance(rows, pa.Table) else map(_as_table, rows)
    with pq.ParquetWriter(path, rows.schema, compression="zstd") as writer:
        for block in whole_firms(batches, rows.schema, firm, rows_per_block):
            writer.write_table(block, row_group_size=len(block))


def whole_firms(
    tables: Iterable[pa.Table], schema: pa.Schema, firm: str, rows_per_block: int
) -> Iterator[pa.Table]:
    """Yield rows that come in pieces, sorted by `firm`, in blocks that split no firm."""
    waiting = schema.empty_table()
    for table in tables:
        waiting = pa.concat_tables([waiting, table])
        if len(waiting) < rows_per_block:
            continue
        borders = list(firm_borders(waiting.column(firm), rows_per_block))
        # The last block may go on with the next piece; those before it end where a firm ends.
        for first, last in borders[:-1]:
            yield waiting.slice(first, last - first)
        if borders:
            waiting = waiting.slice(borders[-1][0])
    if len(waiting):
        yield waiting


def _as_table(batch: pa.RecordBatch) -> pa.Table:
    return pa.Table.from_batches([batch])
