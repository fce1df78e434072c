"""How the canonical tables are stored: which columns are never missing, and the type of each."""

from typing import Literal

from clusterpanel.spec.columns import TABLE_COLUMNS, TABLE_KEYS
from clusterpanel.spec.source import Column, SourceTable, TableName

SqlType = Literal["VARCHAR", "INTEGER", "DOUBLE", "BOOLEAN"]

BY_CANONICAL_TYPE: dict[str, SqlType] = {"string": "VARCHAR", "integer": "INTEGER", "number": "DOUBLE"}
BY_FILE_TYPE: dict[str, SqlType] = {
    "string": "VARCHAR",
    "date": "VARCHAR",
    "boolean": "BOOLEAN",
    "integer": "DOUBLE",
    "number": "DOUBLE",
    "year": "INTEGER",
}


def never_missing(table: TableName) -> tuple[str, ...]:
    """Return the columns of a canonical table in which no value may be missing."""
    return (*TABLE_KEYS[table], "firm_id") if table == "sites" else TABLE_KEYS[table]


def is_identifier(column: str) -> bool:
    """Say whether a canonical column names a firm, site or case, which no message may repeat."""
    return column.endswith("_id")


def span_columns(table: SourceTable) -> tuple[str, ...]:
    """Return the columns with the first and last year of a row's span, if its rows have one."""
    return () if table.years is None else (table.years.first, table.years.last)


def stored_type(table: SourceTable, column: Column) -> SqlType:
    """Return the type a column is stored as: codes are text, years whole, measures floating."""
    if column.to in span_columns(table):
        return "INTEGER"
    declared = TABLE_COLUMNS[table.table].get(column.to)
    return BY_FILE_TYPE[column.type] if declared is None else BY_CANONICAL_TYPE[declared.type]
