"""The tables of a study must know some of the same firms, or nothing is joined and every value is missing."""

from collections.abc import Collection
from itertools import combinations

import duckdb

from clusterpanel.errors import DataError, Fault
from clusterpanel.registry.quoting import sql_name

TABLES = ("firms", "sites", "accounts")
BARE = r"upper(regexp_replace(firm_id, '^[^0-9A-Za-z]*0+|[^0-9A-Za-z]', '', 'g'))"
"""An identifier without case, signs and leading zeros: what registers most often write differently."""


def refuse_strangers(connection: duckdb.DuckDBPyConnection, tables: Collection[str]) -> None:
    """Refuse tables that have no firm in common.

    Parameters
    ----------
    connection : DuckDBPyConnection
        Holds the canonical tables.
    tables : collection of str
        The tables there are.

    Raises
    ------
    DataError
        Two of them have not one firm identifier in common.
    """
    pairs = combinations((table for table in TABLES if table in tables), 2)
    faults = [fault for one, other in pairs for fault in _strangers(connection, one, other)]
    if faults:
        hint = "Ask for identifiers written alike, or check which columns are mapped to firm_id."
        raise DataError("tables have no firm in common", hint=hint, faults=faults)


def _strangers(connection: duckdb.DuckDBPyConnection, one: str, other: str) -> list[Fault]:
    if _shared(connection, one, other, "firm_id"):
        return []
    counts = [_count(connection, table) for table in (one, other)]
    came = "none in both of " + " and ".join(
        f"{firms:,} firms of {table} (identifiers of {characters} characters)"
        for table, (firms, characters) in zip((one, other), counts, strict=True)
    )
    alike = _shared(connection, one, other, BARE)
    hint = f"{alike:,} would be the same without leading zeros, signs and case." if alike else ""
    return [Fault(f"tables {one} and {other}", "firm_id", came, "the same identifiers in both", hint)]


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[int, str]:
    ((firms, shortest, longest),) = connection.execute(
        f"FROM {sql_name(table)} SELECT count(DISTINCT firm_id), min(length(firm_id)), max(length(firm_id))"
    ).fetchall()
    return firms, f"{shortest}" if shortest == longest else f"{shortest} to {longest}"


def _shared(connection: duckdb.DuckDBPyConnection, one: str, other: str, key: str) -> int:
    left, right = (f"(FROM {sql_name(table)} SELECT DISTINCT {key} AS firm)" for table in (one, other))
    ((shared,),) = connection.execute(
        f"FROM {left} SEMI JOIN {right} USING (firm) SELECT count(*)"
    ).fetchall()
    return int(shared)
