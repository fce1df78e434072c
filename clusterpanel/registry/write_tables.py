"""Write the canonical tables, sorted by key, the quarantine and the sample flow: whole, or not at all."""

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from clusterpanel.engine.firm_blocks import ROWS_PER_BLOCK
from clusterpanel.engine.sample_flow import FlowStep
from clusterpanel.engine.table_folder import TableFolder
from clusterpanel.errors import OutputError
from clusterpanel.registry.mapping import made_columns
from clusterpanel.registry.quarantine import quarantine_table
from clusterpanel.registry.quoting import sql_name
from clusterpanel.registry.register_file import RegisterFile
from clusterpanel.registry.registry import Registry
from clusterpanel.spec.columns import TABLE_KEYS
from clusterpanel.spec.source import TableName


def write_registry(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[RegisterFile],
    flow: Sequence[FlowStep],
    folder: Path | None,
) -> Registry:
    """Write every canonical table that DuckDB holds, the quarantine and the flow.

    Raises
    ------
    OutputError
        The folder cannot be written to.
    """
    try:
        tables = TableFolder.at(folder)
        for table in dict.fromkeys(file.canonical for file in files):
            _write_sorted(connection, table, _columns(table, files), tables.paths[-1])
        tables.write("quarantine", quarantine_table(connection, files))
        tables.write_flow(flow)
    except OSError as error:
        raise OutputError(f"the tables cannot be written: {error.strerror}") from error
    return Registry(tables)


def _columns(table: TableName, files: Sequence[RegisterFile]) -> tuple[str, ...]:
    made = [name for file in files if file.canonical == table for name in made_columns(file)]
    return tuple(dict.fromkeys([*TABLE_KEYS[table], *made]))


def _write_sorted(
    connection: duckdb.DuckDBPyConnection, table: TableName, columns: Sequence[str], folder: Path
) -> None:
    chosen = ", ".join(sql_name(name) for name in columns)
    key = ", ".join(sql_name(name) for name in TABLE_KEYS[table])
    rows = connection.sql(f"FROM {table} SELECT {chosen} ORDER BY {key}").to_arrow_reader(ROWS_PER_BLOCK)
    unfinished = folder / f"{table}.unfinished"
    with pq.ParquetWriter(unfinished, rows.schema, compression="zstd") as writer:
        for batch in rows:
            writer.write_batch(batch)
    unfinished.replace(folder / f"{table}.parquet")
