"""Turn a file's texts into typed canonical columns; set aside every row with a cell that cannot be one."""

import duckdb

from clusterpanel.registry.canonical import is_identifier
from clusterpanel.registry.checks import Check, row_checks, stored_value
from clusterpanel.registry.quarantine import LONGEST_SHOWN
from clusterpanel.registry.quoting import sql_name, sql_text
from clusterpanel.registry.raw_rows import RawRows, count_rows
from clusterpanel.registry.register_file import RegisterFile


def typed_name(file: RegisterFile) -> str:
    """Return the name of the table that holds a file's rows with typed columns."""
    return f"typed_{file.number}"


def convert(connection: duckdb.DuckDBPyConnection, file: RegisterFile, raw: RawRows) -> int:
    """Make the typed table of a file, list each failing cell among the faults, and return the rows kept.

    The typed table has the canonical columns and ``_record``, the rowid of the raw table, which is dropped.
    """
    checks = tuple(row_checks(file))
    fails = " OR ".join(f"coalesce({check.fails}, false)" for check in checks)
    values = ", ".join(["rowid AS _record", *_values(file)])
    connection.execute(
        f"CREATE TABLE {typed_name(file)} AS FROM {raw.table} SELECT {values} WHERE NOT ({fails})"
    )
    kept = count_rows(connection, typed_name(file))
    if kept < raw.taken:
        connection.execute(
            f"CREATE TEMP TABLE failing AS FROM {raw.table} SELECT rowid AS _record, * WHERE {fails}"
        )
        for check in checks:
            _list_faults(connection, file, check)
        connection.execute("DROP TABLE failing")
    connection.execute(f"DROP TABLE {raw.table}")
    return kept


def _values(file: RegisterFile) -> list[str]:
    mapped = [f"{stored_value(file, column)} AS {sql_name(column.to)}" for column in file.table.columns]
    constants = [
        f"CAST({sql_text(value)} AS {'INTEGER' if name == 'year' else 'VARCHAR'}) AS {sql_name(name)}"
        for name, value in file.table.constants.items()
    ]
    return [*mapped, *constants]


def _list_faults(connection: duckdb.DuckDBPyConnection, file: RegisterFile, check: Check) -> None:
    text = sql_name(check.column.to)
    came = sql_text("…") if is_identifier(check.column.to) else f"left(coalesce({text}, ''), {LONGEST_SHOWN})"
    connection.execute(
        f"INSERT INTO faults FROM failing SELECT {file.number}, _record, NULL, "
        f"{sql_text(check.column.name)}, {came}, {sql_text(check.reason)}, {sql_text(check.allowed)} "
        f"WHERE {check.fails}"
    )
