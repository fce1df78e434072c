"""Which years of the study a row stands for: one year it names, or each year of a span."""

import duckdb

from clusterpanel.engine.sample_flow import FlowStep
from clusterpanel.registry.convert import typed_name
from clusterpanel.registry.quoting import sql_name
from clusterpanel.registry.raw_rows import count_rows
from clusterpanel.registry.register_file import RegisterFile
from clusterpanel.spec.columns import TABLE_KEYS

OUTSIDE = "outside the study's years"


def dated_name(file: RegisterFile) -> str:
    """Return the name of the table that holds a file's rows in the study's years."""
    return f"dated_{file.number}"


def date_rows(
    connection: duckdb.DuckDBPyConnection, file: RegisterFile, first_year: int, last_year: int
) -> tuple[FlowStep, ...]:
    """Make the table of a file's rows in the study's years and return what happened to the rows.

    A span without a last year is still open: it goes on to the study's last year.
    """
    typed, dated, table = typed_name(file), dated_name(file), file.canonical
    if "year" not in TABLE_KEYS[table]:
        connection.execute(f"ALTER TABLE {typed} RENAME TO {dated}")
        return ()
    rows_in = count_rows(connection, typed)
    if file.table.years is None:
        connection.execute(
            f"CREATE TABLE {dated} AS FROM {typed} WHERE year BETWEEN {first_year} AND {last_year}"
        )
        outside, step = rows_in - count_rows(connection, dated), "keep the study's years of"
    else:
        outside = _spread(connection, file, first_year, last_year)
        step = "make a row for each year of"
    connection.execute(f"DROP TABLE {typed}")
    rows_out = count_rows(connection, dated)
    made = rows_out - (rows_in - outside)
    reason = f"{OUTSIDE}, {first_year} to {last_year}" if outside else ""
    return (FlowStep("ingest", f"{step} {file.name}", table, rows_in, rows_out, outside, made, reason),)


def _spread(
    connection: duckdb.DuckDBPyConnection, file: RegisterFile, first_year: int, last_year: int
) -> int:
    """Make one row for each year of each row's span; return the rows whose span is outside."""
    span, typed = file.table.years, typed_name(file)
    if span is None:
        return 0
    first, last = sql_name(span.first), f"coalesce({sql_name(span.last)}, {last_year})"
    years = f"range(greatest({first}, {first_year}), least({last}, {last_year}) + 1)"
    used_up = ", ".join(dict.fromkeys((first, sql_name(span.last))))
    connection.execute(
        f"CREATE TABLE {dated_name(file)} AS FROM (FROM {typed} SELECT *, unnest({years}) AS _year) "
        f"SELECT * EXCLUDE (_year, {used_up}), CAST(_year AS INTEGER) AS year"
    )
    outside = f"{first} > {last_year} OR {last} < {first_year} OR {last} < {first}"
    ((count,),) = connection.execute(f"FROM {typed} SELECT count(*) FILTER ({outside})").fetchall()
    return int(count)
