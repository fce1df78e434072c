"""The quarantine: every row that could not be mapped, with file, line, column and reason."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import duckdb
import pyarrow as pa

from clusterpanel.errors import Fault
from clusterpanel.registry.quoting import sql_text
from clusterpanel.registry.raw_rows import RawRows
from clusterpanel.registry.register_file import RegisterFile

LONGEST_SHOWN = 80
FAULTS_SHOWN_PER_FILE = 10
QUARANTINE_SCHEMA = pa.schema(
    [
        ("source", pa.string()),
        ("table", pa.string()),
        ("file", pa.string()),
        ("line", pa.int64()),
        ("column", pa.string()),
        ("came", pa.string()),
        ("reason", pa.string()),
    ]
)


def start_faults(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the empty list of faults: a file's number, a row's record or line, what came and why it failed."""
    connection.execute(
        "CREATE TABLE faults (file INTEGER, record BIGINT, line BIGINT, "
        '"column" VARCHAR, came VARCHAR, reason VARCHAR, allowed VARCHAR)'
    )


def list_broken_rows(connection: duckdb.DuckDBPyConnection, file: RegisterFile, raw: RawRows) -> None:
    """Add the rows whose columns cannot be told apart to the faults."""
    if raw.broken:
        rows = [asdict(row) | {"file": file.number, "record": None, "column": ""} for row in raw.broken]
        connection.register("broken_rows", pa.Table.from_pylist(rows))
        connection.execute("INSERT INTO faults BY NAME FROM broken_rows")
        connection.unregister("broken_rows")


def find_lines(connection: duckdb.DuckDBPyConnection, file: RegisterFile, raw: RawRows) -> None:
    """Give each fault of a file the physical line of its row."""
    wanted = connection.execute(
        f"FROM faults SELECT DISTINCT record WHERE file = {file.number} AND record IS NOT NULL"
    ).fetchall()
    if not wanted:
        return
    found = raw.lines({record for (record,) in wanted})
    records, numbers = pa.array(found.keys(), pa.int64()), pa.array(found.values(), pa.int64())
    connection.register("found_lines", pa.table({"record": records, "line": numbers}))
    connection.execute(
        "UPDATE faults SET line = found_lines.line FROM found_lines "
        "WHERE faults.record = found_lines.record AND faults.file = ?",
        [file.number],
    )
    connection.unregister("found_lines")


def too_many(connection: duckdb.DuckDBPyConnection, file: RegisterFile, raw: RawRows) -> tuple[Fault, ...]:
    """Return the first faults of a file whose share of rows in quarantine is above what its source allows."""
    allowed = file.source.max_quarantined_share
    ((rows,),) = connection.execute(
        f"FROM faults SELECT count(DISTINCT line) WHERE file = {file.number}"
    ).fetchall()
    if rows <= allowed * raw.delivered:
        return ()
    summary = file.fault(
        "",
        f"{rows} of {raw.delivered} rows that cannot be mapped",
        f"a share of {allowed:g}",
        f"Mend the file or its spec, or raise max_quarantined_share of source {file.source.name}.",
    )
    return (summary, *_first_faults(connection, file))


def _first_faults(connection: duckdb.DuckDBPyConnection, file: RegisterFile) -> tuple[Fault, ...]:
    rows = connection.execute(
        f'FROM faults SELECT line, "column", came, reason, allowed WHERE file = {file.number} '
        f'ORDER BY line, "column", reason LIMIT {FAULTS_SHOWN_PER_FILE}'
    ).fetchall()
    return tuple(
        file.fault(
            f"line {line}, column {column}" if column else f"line {line}",
            f"{came} ({reason})" if came else reason,
            allowed,
        )
        for line, column, came, reason, allowed in rows
    )


def quarantine_table(connection: duckdb.DuckDBPyConnection, files: Sequence[RegisterFile]) -> pa.Table:
    """Return the quarantine: one row per fault, sorted by file, line, column and reason."""
    names: Mapping[str, list[object]] = {
        "number": [file.number for file in files],
        "source": [file.source.name for file in files],
        "table": [file.canonical for file in files],
        "name": [file.name for file in files],
    }
    connection.register("file_names", pa.table(names))
    rows = connection.sql(
        "FROM faults JOIN file_names ON file_names.number = faults.file "
        'SELECT source, file_names."table", name AS file, line, "column", came, reason '
        'ORDER BY faults.file, line, "column", reason, came'
    ).to_arrow_table()
    connection.unregister("file_names")
    return rows.cast(QUARANTINE_SCHEMA)


def list_repeated_keys(connection: duckdb.DuckDBPyConnection, repeated: str, key: Sequence[str]) -> None:
    """Add every row with a repeated key to the faults; `repeated` has _file, _record and _copies."""
    columns = ", ".join(key)
    connection.execute(
        f"INSERT INTO faults FROM {repeated} SELECT _file, _record, NULL, {sql_text(columns)}, '…', "
        f"{sql_text(f'the same {columns} in ')} || max(_copies) || ' rows', "
        f"{sql_text(f'each {columns} once')} GROUP BY _file, _record"
    )
