"""A small table: raw values, how each column is written, and the cells that disclosure control hides."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal

import pandas as pd

from clusterpanel.report.digits import MISSING, p_value, percent, significant, whole

Kind = Literal["text", "code", "year", "whole", "estimate", "percent", "p_value", "number", "cell"]
NO_CODES: Mapping[str, str] = MappingProxyType({})
NUMERIC: Final = frozenset({"year", "whole", "estimate", "percent", "p_value", "number", "cell"})


class Suppressed:
    """A value that is not shown because too few firms stand behind it."""

    def __repr__(self) -> str:
        return "suppressed"


SUPPRESSED: Final = Suppressed()


class Share(float):
    """A share of one in a column of plain numbers: written in per cent on the page, as it is in files."""


@dataclass(frozen=True)
class TableColumn:
    """One column.

    Attributes
    ----------
    name : str
        The column's name in files.
    label : str
        Its heading on the page.
    kind : str
        How a value is written: text, code (monospaced), year (no separators), whole, estimate (three
        significant digits), percent (of a share of one), p_value, number (as short as
        it is), or cell (text that lines up as a number).
    """

    name: str
    label: str
    kind: Kind = "text"

    @property
    def is_numeric(self) -> bool:
        """Whether the column lines up on the right."""
        return self.kind in NUMERIC


@dataclass(frozen=True)
class Table:
    """Rows of raw values under typed columns.

    Attributes
    ----------
    columns : tuple of TableColumn
    rows : tuple of tuple
        One value per column: text, a number, None (missing) or SUPPRESSED.
    notes : tuple of str
        Sentences printed under the table.
    group : str or None
        The column whose value becomes a heading above the rows that share it; the rows must be sorted so.
    codes : mapping of str to str
        Names of columns or designs, printed beside the headings they belong to.
    """

    columns: tuple[TableColumn, ...]
    rows: tuple[tuple[Any, ...], ...]
    notes: tuple[str, ...] = ()
    group: str | None = None
    codes: Mapping[str, str] = field(default_factory=dict)

    def texts(self) -> list[list[str]]:
        """Return every cell as it is read."""
        return [
            [cell_text(value, column.kind) for value, column in zip(row, self.columns, strict=True)]
            for row in self.rows
        ]

    def column(self, name: str) -> list[Any]:
        """Return the raw values of one column."""
        position = [column.name for column in self.columns].index(name)
        return [row[position] for row in self.rows]

    def sections(self) -> list[tuple[str, list[list[str]]]]:
        """Return the rows' texts under their group headings; one nameless section where nothing groups."""
        texts = self.texts()
        if self.group is None:
            return [("", texts)]
        position = [column.name for column in self.columns].index(self.group)
        found: list[tuple[str, list[list[str]]]] = []
        for row in texts:
            if not found or found[-1][0] != row[position]:
                found.append((row[position], []))
            found[-1][1].append(row[:position] + row[position + 1 :])
        return found

    def shown_columns(self) -> tuple[TableColumn, ...]:
        """Return the columns that are printed as columns, without the one that groups."""
        return tuple(column for column in self.columns if column.name != self.group)


def cell_text(value: Any, kind: Kind) -> str:
    """Return one value as it is read; the sign of a suppressed one is ``•``."""
    if isinstance(value, Suppressed):
        return "•"
    if value is None or pd.isna(value):
        return MISSING
    if isinstance(value, str):
        return value
    if kind == "year":
        return str(int(value))
    if kind == "number":
        return f"{value:g}".replace("-", "−")
    writers: dict[str, Callable[[Any], str]] = {
        "whole": whole,
        "estimate": significant,
        "percent": percent,
        "p_value": p_value,
    }
    writer = percent if isinstance(value, Share) else writers.get(kind, str)
    return writer(value)


def table_of(
    columns: Iterable[TableColumn],
    records: Iterable[Mapping[str, Any]],
    notes: Iterable[str] = (),
    group: str | None = None,
    codes: Mapping[str, str] = NO_CODES,
) -> Table:
    """Return the table of records, each a mapping of column name to raw value."""
    chosen = tuple(columns)
    rows = tuple(tuple(record.get(column.name) for column in chosen) for record in records)
    return Table(chosen, rows, tuple(notes), group, codes)
