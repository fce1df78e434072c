"""One canonical table of all its files, in which every key occurs once: no copy of a repeated key is kept."""

from collections.abc import Sequence

import duckdb

from clusterpanel.engine.sample_flow import FlowStep
from clusterpanel.registry.quarantine import list_repeated_keys
from clusterpanel.registry.quoting import sql_name
from clusterpanel.registry.raw_rows import count_rows
from clusterpanel.registry.register_file import RegisterFile
from clusterpanel.registry.years import dated_name
from clusterpanel.spec.columns import TABLE_KEYS
from clusterpanel.spec.source import TableName


def unite_files(
    connection: duckdb.DuckDBPyConnection, table: TableName, files: Sequence[RegisterFile]
) -> FlowStep:
    """Make the DuckDB table called `table` of its files' rows; rows that share a key go to the faults.

    Which of two rows with one key is right cannot be known, so none of them is kept.
    """
    parts = " UNION ALL BY NAME ".join(
        f"(FROM {dated_name(file)} SELECT *, {file.number} AS _file)" for file in files
    )
    connection.execute(f"CREATE TABLE united AS {parts}")
    for file in files:
        connection.execute(f"DROP TABLE {dated_name(file)}")
    rows_in = count_rows(connection, "united")
    key = ", ".join(sql_name(name) for name in TABLE_KEYS[table])
    connection.execute(
        f"CREATE TABLE repeated AS FROM united JOIN "
        f"(FROM united SELECT {key}, count(*) AS _copies GROUP BY {key} HAVING count(*) > 1) USING ({key})"
    )
    list_repeated_keys(connection, "repeated", TABLE_KEYS[table])
    connection.execute(
        f"CREATE TABLE {table} AS FROM united ANTI JOIN repeated USING ({key}) "
        "SELECT * EXCLUDE (_file, _record)"
    )
    rows_out = count_rows(connection, table)
    connection.execute("DROP TABLE united; DROP TABLE repeated")
    aside = rows_in - rows_out
    reason = f"the same {', '.join(TABLE_KEYS[table])} in several rows; no copy is kept" if aside else ""
    step = "make keys unique" if len(files) == 1 else f"unite {len(files)} files and make keys unique"
    return FlowStep("ingest", step, table, rows_in, rows_out, aside, reason=reason)
