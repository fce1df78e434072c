"""Read text whose columns stand at fixed places of each line."""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from clusterpanel.registry.plain_text import plain_text
from clusterpanel.registry.quoting import sql_name, sql_text
from clusterpanel.registry.raw_rows import BLANKS, RawRows, cell, raw_name
from clusterpanel.registry.read_csv import no_rows
from clusterpanel.registry.register_file import RegisterFile
from clusterpanel.spec.source import Column

# A control character for "between units", which no register uses: each line is one cell.
NO_SEPARATOR = "\x1f"


@dataclass(frozen=True)
class FixedWidthFile:
    """A fixed-width text whose encoding and first line are checked.

    A line that ends before a column begins holds nothing there: trailing blanks are often cut.
    """

    file: RegisterFile
    text: Path

    def load(self, connection: duckdb.DuckDBPyConnection) -> RawRows:
        """Read all lines into DuckDB; blank lines are no rows."""
        table, lines = raw_name(self.file), f"lines_{self.file.number}"
        connection.execute(f"CREATE TABLE {lines} AS FROM {self._scan()} SELECT line")
        kept = f"trim(coalesce(line, ''), {BLANKS}) <> '' AND rowid >= {int(self.file.table.header)}"
        cells = [
            f"{cell(self.file, column, _piece(column))} AS {sql_name(column.to)}"
            for column in self.file.table.columns
        ]
        connection.execute(f"CREATE TABLE {table} AS FROM {lines} SELECT {', '.join(cells)} WHERE {kept}")
        found = connection.execute(f"FROM {lines} SELECT rowid + 1 WHERE {kept} ORDER BY rowid").fetchall()
        numbers = [number for (number,) in found]
        connection.execute(f"DROP TABLE {lines}")
        return RawRows(
            table, len(numbers), (), lambda records: {record: numbers[record] for record in records}
        )

    def _scan(self) -> str:
        return (
            f"read_csv({sql_text(str(self.text))}, auto_detect = false, header = false, "
            f"delim = {sql_text(NO_SEPARATOR)}, quote = '', escape = '', columns = {{'line': 'VARCHAR'}}, "
            r"new_line = '\n', strict_mode = true)"
        )


def open_fixed_width(file: RegisterFile, work: Path) -> FixedWidthFile:
    """Check a fixed-width text's encoding, and its first line where it should name the columns.

    Raises
    ------
    DataError, MissingInputError, SpecError
        As `plain_text`; or the first line does not name the columns; or there are no rows.
    """
    text = plain_text(file, work)
    with text.open(encoding="utf-8-sig") as opened:
        header = next(opened, "") if file.table.header else None
        if not any(line.strip() for line in opened):
            raise no_rows(file)
    if header is not None:
        for column in file.table.columns:
            start = (column.start or 1) - 1
            if header[start : start + (column.width or 0)].strip() != column.name[: column.width]:
                raise file.data_error(
                    f"line 1, column {column.name}",
                    "another text at its place",
                    "the column's name",
                    "If the first line is already a row, say header = false in the source spec.",
                )
    return FixedWidthFile(file, text)


def _piece(column: Column) -> str:
    return f"substring(line, {column.start}, {column.width})"
