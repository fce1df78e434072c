"""Follow the rows of a CSV from line to line, to say on which physical line of the file a row begins."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from clusterpanel.registry.register_file import RegisterFile


@dataclass(frozen=True)
class Item:
    """One row, header or blank line of a CSV.

    Attributes
    ----------
    number : int
        Its place among all items of the file, from 1: what DuckDB's reject store calls a line.
    first_line, last_line : int
        The physical lines it covers; more than one where a quoted text holds a line end.
    cells : list of str
    """

    number: int
    first_line: int
    last_line: int
    cells: list[str]


def csv_items(file: RegisterFile, path: Path) -> Iterator[Item]:
    """Yield the items of a CSV in order.

    Raises
    ------
    DataError
        A cell is longer than any register's, so a quote is open that nobody closed.
    """
    table = file.table
    last_line = 0
    with path.open(encoding="utf-8-sig", newline="") as opened:
        rows = csv.reader(
            opened,
            delimiter=table.separator,
            quotechar=table.quote or None,
            quoting=csv.QUOTE_MINIMAL if table.quote else csv.QUOTE_NONE,
            skipinitialspace=table.separator != " ",
        )
        try:
            for number, cells in enumerate(rows, start=1):
                yield Item(number, last_line + 1, rows.line_num, cells)
                last_line = rows.line_num
        except csv.Error as error:
            raise unclosed_quote(file, last_line + 1) from error


def unclosed_quote(file: RegisterFile, line: int) -> Exception:
    """Return the error of a quote that swallows the lines after it."""
    return file.data_error(
        f"line {line}",
        "a quote that is not closed on its line, or not where its cell ends",
        "a quote at both ends of a cell, doubled inside it",
        'Mend the line, or say quote = "" in the source spec if the file quotes nothing.',
    )
