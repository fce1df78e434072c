"""Refuse source tables that cannot become a canonical table, before any file is opened."""

from collections.abc import Iterator

import duckdb

from clusterpanel.errors import Fault, SpecError
from clusterpanel.registry.canonical import never_missing, span_columns
from clusterpanel.registry.quoting import sql_text
from clusterpanel.registry.register_file import RegisterFile
from clusterpanel.spec.source import Column


def check_mapping(file: RegisterFile, connection: duckdb.DuckDBPyConnection) -> None:
    """Check what reading the spec does not: that DuckDB knows its patterns, and that all keys are there.

    Raises
    ------
    SpecError
        A key column is not mapped, or a pattern or date format is none; all of them at once.
    """
    faults = list(_key_faults(file))
    for column in file.table.columns:
        faults += _column_faults(file, column, connection)
    if faults:
        raise SpecError(f"the source {file.source.name} cannot be mapped", faults=faults)


def made_columns(file: RegisterFile) -> tuple[str, ...]:
    """Return the canonical columns a file gives its table, without those a span of years uses up."""
    used_up = span_columns(file.table)
    mapped = [*(column.to for column in file.table.columns), *file.table.constants]
    return (*(name for name in mapped if name not in used_up), *(("year",) if used_up else ()))


def _key_faults(file: RegisterFile) -> Iterator[Fault]:
    for name in never_missing(file.canonical):
        if name not in made_columns(file):
            yield file.spec_fault("columns", f"none becomes {name}", f"every {file.canonical} row has one")


def _column_faults(
    file: RegisterFile, column: Column, connection: duckdb.DuckDBPyConnection
) -> Iterator[Fault]:
    where = f"column {column.name} to {column.to}"
    pattern, date_format = column.constraints.pattern, column.format
    if pattern is not None and not _runs(connection, f"regexp_full_match('', {sql_text(pattern)})"):
        yield file.spec_fault(where, f"pattern {pattern}", "a regular expression without look-around (RE2)")
    if date_format is not None and not _runs(connection, f"try_strptime('', {sql_text(date_format)})"):
        yield file.spec_fault(where, f"format {date_format}", "a strptime pattern, such as %d/%m/%Y")


def _runs(connection: duckdb.DuckDBPyConnection, expression: str) -> bool:
    try:
        connection.execute(f"SELECT {expression}").fetchall()
    except duckdb.Error:
        return False
    return True
