"""Relational steps over Parquet files: written as ibis expressions, compiled to SQL, run by DuckDB.

ibis only compiles; see docs/decisions/ibis-as-compiler.md.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq

from clusterpanel.engine.firm_blocks import ROWS_PER_BLOCK, write_firm_blocks
from clusterpanel.engine.sql import duckdb_session

# The types of canonical tables; ibis's own translation wants the rest of an engine installed.
IBIS_TYPES = {
    "bool": "boolean",
    "date32[day]": "date",
    "double": "float64",
    "float": "float32",
    "int32": "int32",
    "int64": "int64",
    "large_string": "string",
    "string": "string",
}


def unbound_table(name: str, path: Path) -> ir.Table:
    """Return an ibis table with the schema of a Parquet file, to write expressions over.

    Raises
    ------
    KeyError
        A column's type is none that canonical tables have.
    """
    return ibis.table({field.name: IBIS_TYPES[str(field.type)] for field in pq.read_schema(path)}, name=name)


def compile_query(expression: ir.Table) -> str:
    """Return the expression as DuckDB's SQL text."""
    return str(ibis.to_sql(expression, dialect="duckdb"))


@contextmanager
def _ready(inputs: Mapping[str, Path]) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb_session() as connection:
        for name, path in inputs.items():
            connection.read_parquet(str(path)).create_view(name)
        yield connection


def run_query(expression: ir.Table, inputs: Mapping[str, Path]) -> pa.Table:
    """Run an expression over Parquet files and return all rows.

    Parameters
    ----------
    expression : ibis table
        Written over `unbound_table` of each input.
    inputs : mapping of str to Path
        The Parquet file of each table the expression names.

    Raises
    ------
    RunError
        The memory limit does not suffice, or the disk is full.
    """
    with _ready(inputs) as connection:
        return connection.sql(compile_query(expression)).to_arrow_table()


def write_query(expression: ir.Table, inputs: Mapping[str, Path], path: Path) -> None:
    """Run an expression over Parquet files and write all rows to a Parquet file, never all in memory.

    Raises
    ------
    RunError
        As `run_query`.
    """
    with _ready(inputs) as connection:
        connection.sql(compile_query(expression)).write_parquet(str(path))


def write_query_in_firm_blocks(
    expression: ir.Table,
    inputs: Mapping[str, Path],
    firm: str,
    path: Path,
    rows_per_block: int = ROWS_PER_BLOCK,
) -> None:
    """Run an expression sorted by `firm` and write Parquet row groups that split no firm, block by block.

    The bytes are those `write_firm_blocks` writes of the same rows in memory.

    Raises
    ------
    RunError
        As `run_query`.
    """
    with _ready(inputs) as connection:
        reader = connection.sql(compile_query(expression)).to_arrow_reader(rows_per_block)
        write_firm_blocks(reader, firm, path, rows_per_block)
