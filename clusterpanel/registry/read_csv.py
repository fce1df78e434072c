"""Read CSV by DuckDB's strict reader: what it cannot take apart goes to its reject store, not to a guess."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import duckdb

from clusterpanel.errors import DataError
from clusterpanel.registry.column_names import find_columns
from clusterpanel.registry.csv_items import Item, csv_items, unclosed_quote
from clusterpanel.registry.plain_text import plain_text
from clusterpanel.registry.quoting import sql_name, sql_text
from clusterpanel.registry.raw_rows import BrokenRow, RawRows, cell, count_rows, raw_name
from clusterpanel.registry.register_file import RegisterFile

SEPARATORS = (",", ";", "\t", "|")


@dataclass(frozen=True)
class CsvFile:
    """A CSV whose encoding and header are checked.

    Attributes
    ----------
    file : RegisterFile
    text : Path
        Its text as UTF-8.
    width : int
        The number of columns of every row.
    positions : tuple of int
        The place of each column of the spec, from 0.
    """

    file: RegisterFile
    text: Path
    width: int
    positions: tuple[int, ...]

    def load(self, connection: duckdb.DuckDBPyConnection) -> RawRows:
        """Read all rows into DuckDB.

        Raises
        ------
        DataError
            A quote swallows lines, or quotes make the rows impossible to follow.
        """
        table, rejects = raw_name(self.file), f"rejects_{self.file.number}"
        cells = [
            f"{cell(self.file, column, f'c{position}')} AS {sql_name(column.to)}"
            for column, position in zip(self.file.table.columns, self.positions, strict=True)
        ]
        try:
            connection.execute(
                f"CREATE TABLE {table} AS FROM {self._scan(rejects)} SELECT {', '.join(cells)}"
            )
        except (duckdb.InvalidInputException, duckdb.ConversionException) as error:
            # The engine's own message quotes the row, which may name a firm.
            came = "text that is no CSV with this separator and quote"
            raise self.file.data_error("", came, "a CSV as the spec describes it") from error
        taken = count_rows(connection, table)
        found = connection.execute(
            f"FROM {rejects} SELECT line, bool_or(error_type = 'UNQUOTED VALUE'), "
            "bool_and(error_type NOT IN ('MISSING COLUMNS', 'TOO MANY COLUMNS')) GROUP BY line"
        ).fetchall()
        broken = {line: (badly_quoted, other) for line, badly_quoted, other in found}
        rows = self._broken_rows(broken, taken) if broken else ()
        return RawRows(table, taken, rows, lambda records: self._lines(records, set(broken)))

    def _scan(self, rejects: str) -> str:
        table = self.file.table
        columns = ", ".join(f"'c{position}': 'VARCHAR'" for position in range(self.width))
        options = {
            "auto_detect": "false",
            "header": str(table.header).lower(),
            "delim": sql_text(table.separator),
            "quote": sql_text(table.quote),
            "escape": sql_text(table.quote),
            "columns": f"{{{columns}}}",
            "new_line": r"'\n'",
            "strict_mode": "true",
            "store_rejects": "true",
            "rejects_table": sql_text(rejects),
            "rejects_scan": sql_text(f"{rejects}_scan"),
            "rejects_limit": "0",
        }
        settings = ", ".join(f"{name} = {value}" for name, value in options.items())
        return f"read_csv({sql_text(str(self.text))}, {settings})"

    def _is_row(self, item: Item) -> bool:
        if item.number == 1 and self.file.table.header:
            return False
        # DuckDB passes over blank lines, except where a row is one cell and may be empty.
        return bool(item.cells) or self.width == 1

    def _broken_rows(self, broken: Mapping[int, tuple[bool, bool]], taken: int) -> tuple[BrokenRow, ...]:
        rows, rows_seen, worst = [], 0, 0
        for item in csv_items(self.file, self.text):
            rows_seen += self._is_row(item)
            if item.number in broken:
                badly_quoted, other = broken[item.number]
                if badly_quoted and item.last_line > item.first_line:
                    raise unclosed_quote(self.file, item.first_line)
                worst = worst or (item.first_line if badly_quoted else 0)
                rows.append(self._broken_row(item, badly_quoted, other))
        if rows_seen != taken + len(rows) or len(rows) != len(broken):
            raise unclosed_quote(self.file, worst or rows[0].line if rows else 1)
        return tuple(rows)

    def _broken_row(self, item: Item, badly_quoted: bool, other: bool) -> BrokenRow:
        if badly_quoted:
            reason, allowed = "a quote inside a cell is not doubled", "quotes at both ends, doubled inside"
            return BrokenRow(item.first_line, "", reason, allowed)
        if other:
            return BrokenRow(
                item.first_line, "", "a line too long to be a row", "lines below 2 million bytes"
            )
        came = f"{len(item.cells)} column{'s' if len(item.cells) > 1 else ''}"
        reason = f"ragged row: {came}, {self.width} expected"
        return BrokenRow(item.first_line, came, reason, f"{self.width} columns")

    def _lines(self, records: set[int], broken: set[int]) -> dict[int, int]:
        lines, record = {}, -1
        for item in csv_items(self.file, self.text):
            if self._is_row(item) and item.number not in broken:
                record += 1
                if record in records:
                    lines[record] = item.first_line
        return lines


def open_csv(file: RegisterFile, work: Path) -> CsvFile:
    """Check a CSV's encoding, header and columns.

    Raises
    ------
    DataError, MissingInputError, SpecError
        As `plain_text` and `find_columns`; or the file has no rows.
    """
    text = plain_text(file, work)
    beginning = [item for item in islice(csv_items(file, text), 1000) if item.cells][: 1 + file.table.header]
    if len(beginning) <= file.table.header:
        raise no_rows(file)
    if not file.table.header:
        width = len(file.table.columns)
        return CsvFile(file, text, width, tuple(range(width)))
    if beginning[0].number > 1:
        raise file.data_error("line 1", "a blank line", "the names of the columns")
    names = [name.strip() for name in beginning[0].cells]
    return CsvFile(file, text, len(names), find_columns(file, names, _separator_hint(file, names)))


def no_rows(file: RegisterFile) -> DataError:
    """Return the error of a file with nothing below its header."""
    return file.data_error("", "no rows", "at least one row")


def _separator_hint(file: RegisterFile, names: list[str]) -> str:
    if len(names) > 1:
        return ""
    found = [sign for sign in SEPARATORS if sign != file.table.separator and sign in "".join(names)]
    shown = {"\t": r"\t"}
    return f'Did you mean separator = "{shown.get(found[0], found[0])}"?' if found else ""
