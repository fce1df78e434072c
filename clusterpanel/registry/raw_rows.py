"""What every reader makes of a file: its rows as text in DuckDB, and the rows it could not take apart."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import duckdb

from clusterpanel.registry.quoting import sql_text, sql_texts
from clusterpanel.registry.register_file import RegisterFile
from clusterpanel.spec.source import Column

BLANKS = sql_text(" \t\n\r\u00a0\ufeff")
HAS_BLANKS = r"'^[\s\x{A0}\x{FEFF}]|[\s\x{A0}\x{FEFF}]$'"


@dataclass(frozen=True)
class BrokenRow:
    """A row whose columns cannot be told apart, and the physical line it begins on."""

    line: int
    came: str
    reason: str
    allowed: str


@dataclass(frozen=True)
class RawRows:
    """The rows of one file.

    Attributes
    ----------
    table : str
        DuckDB's table with one text column per canonical column, missing values null, ``rowid`` in the
        file's order from 0.
    taken : int
        Rows in that table.
    broken : tuple of BrokenRow
        Rows that are not.
    lines : callable
        Gives the physical line of each rowid it is asked for.
    """

    table: str
    taken: int
    broken: tuple[BrokenRow, ...]
    lines: Callable[[set[int]], Mapping[int, int]]

    @property
    def delivered(self) -> int:
        """The rows of the file."""
        return self.taken + len(self.broken)


class OpenFile(Protocol):
    """A file whose readability and columns are checked."""

    def load(self, connection: duckdb.DuckDBPyConnection) -> RawRows:
        """Read all rows into DuckDB."""


def raw_name(file: RegisterFile) -> str:
    """Return the name of the table that holds a file's rows as text."""
    return f"raw_{file.number}"


def cell(file: RegisterFile, column: Column, expression: str) -> str:
    """Return the SQL of a cell's text: blanks around it gone, null if it means missing."""
    means_missing = file.table.missing_values if column.missing_values is None else column.missing_values
    # A text file holds no nulls: what DuckDB reads as one is an empty text, and may not mean missing.
    keeps_empty = file.is_text and "" not in means_missing
    text = f"coalesce({expression}, '')" if keeps_empty else expression
    # Trimming signs beyond spaces is slow, so it is done where there are any.
    trimmed = f"CASE WHEN regexp_matches({text}, {HAS_BLANKS}) THEN trim({text}, {BLANKS}) ELSE {text} END"
    return (
        f"CASE WHEN {trimmed} NOT IN {sql_texts(means_missing)} THEN {trimmed} END"
        if means_missing
        else trimmed
    )


def count_rows(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    """Return the number of rows of a table in DuckDB."""
    ((count,),) = connection.execute(f"FROM {table} SELECT count(*)").fetchall()
    return int(count)
