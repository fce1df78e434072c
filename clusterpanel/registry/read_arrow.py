"""Read Parquet and Arrow IPC by pyarrow, batch by batch."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from clusterpanel.errors import DataError
from clusterpanel.registry.column_names import find_columns
from clusterpanel.registry.plain_text import check_readable
from clusterpanel.registry.quoting import sql_name, sql_text
from clusterpanel.registry.raw_rows import RawRows, cell, count_rows, raw_name
from clusterpanel.registry.read_csv import no_rows
from clusterpanel.registry.register_file import RegisterFile
from clusterpanel.spec.source import Column

# Above this a floating-point number no longer tells whole numbers apart.
EXACT = 2**53


@dataclass(frozen=True)
class ArrowFile:
    """A Parquet or Arrow file whose columns are checked.

    Attributes
    ----------
    file : RegisterFile
        The file as delivered, which faults name.
    path : Path
        The Parquet or Arrow file that is read; another one where `file` was converted.
    """

    file: RegisterFile
    path: Path
    is_parquet: bool

    def load(self, connection: duckdb.DuckDBPyConnection) -> RawRows:
        """Read all rows into DuckDB as text: whole numbers without a point, dates in their spec's format.

        Raises
        ------
        DataError
            The file breaks off or is damaged.
        """
        table = raw_name(self.file)
        try:
            with _batches(self.path, self.is_parquet) as batches:
                self._copy(connection, batches, table)
        except (pa.ArrowException, OSError, duckdb.InvalidInputException) as error:
            raise not_readable(self.file) from error
        return RawRows(
            table,
            count_rows(connection, table),
            (),
            lambda records: {record: record + 1 for record in records},
        )

    def _copy(self, connection: duckdb.DuckDBPyConnection, batches: pa.RecordBatchReader, table: str) -> None:
        columns = self.file.table.columns
        cells = [
            f"{cell(self.file, column, _as_text(column, batches.schema))} AS {sql_name(column.to)}"
            for column in columns
        ]
        connection.register("batches", batches)
        connection.execute(f"CREATE TABLE {table} AS FROM batches SELECT {', '.join(cells)}")
        connection.unregister("batches")


def open_arrow(file: RegisterFile, path: Path | None = None) -> ArrowFile:
    """Check that a Parquet or Arrow file can be read, has the spec's columns, and has rows.

    Parameters
    ----------
    file : RegisterFile
    path : Path, optional
        The Parquet file that `file` was converted to.

    Raises
    ------
    DataError, MissingInputError
        As `check_readable` and `find_columns`; or it is no Parquet or Arrow file; or it has no rows.
    """
    check_readable(file)
    opened = ArrowFile(file, path or file.path, path is not None or file.table.format == "parquet")
    try:
        with _batches(opened.path, opened.is_parquet) as batches:
            names = batches.schema.names
            has_rows = any(len(batch) for batch in batches)
    except (pa.ArrowException, OSError) as error:
        raise not_readable(file) from error
    find_columns(file, names)
    if not has_rows:
        raise no_rows(file)
    return opened


def not_readable(file: RegisterFile) -> DataError:
    """Return the error of a file that is not what its format says."""
    came = f"no {file.table.format} file, or a damaged one"
    return file.data_error("", came, f"a whole {file.table.format} file")


@contextmanager
def _batches(path: Path, is_parquet: bool) -> Iterator[pa.RecordBatchReader]:
    with pa.OSFile(str(path)) as source:
        if is_parquet:
            parquet = pq.ParquetFile(source)
            yield pa.RecordBatchReader.from_batches(parquet.schema_arrow, parquet.iter_batches())
            return
        try:
            arrow = pa.ipc.open_file(source)
        except pa.ArrowInvalid:
            source.seek(0)
            yield pa.ipc.open_stream(source)
            return
        yield pa.RecordBatchReader.from_batches(arrow.schema, _file_batches(arrow))


def _file_batches(arrow: pa.ipc.RecordBatchFileReader) -> Iterator[pa.RecordBatch]:
    for number in range(arrow.num_record_batches):
        yield arrow.get_batch(number)


def _as_text(column: Column, schema: pa.Schema) -> str:
    name, kind = sql_name(column.name), schema.field(column.name).type
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return f"strftime({name}, {sql_text(column.format or '%Y-%m-%d')})"
    text = f"CAST({name} AS VARCHAR)"
    if pa.types.is_floating(kind):
        whole = f"{name} = floor({name}) AND abs({name}) < {EXACT}"
        return f"CASE WHEN {whole} THEN CAST(CAST({name} AS BIGINT) AS VARCHAR) ELSE {text} END"
    return text
