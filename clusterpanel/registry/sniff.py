"""Look at a CSV of an unknown register: how it is written, what its columns are, which years it covers."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from clusterpanel.engine.sql import duckdb_session
from clusterpanel.errors import DataError
from clusterpanel.registry.csv_items import csv_items
from clusterpanel.registry.guess_column import ColumnGuess, guess_column
from clusterpanel.registry.header_words import plain_word
from clusterpanel.registry.plain_text import plain_text
from clusterpanel.registry.quoting import sql_text
from clusterpanel.registry.register_file import RegisterFile
from clusterpanel.registry.year_range import YearRange, year_range
from clusterpanel.spec.source import Column, SourceSpec, SourceTable, TableName

ROWS_LOOKED_AT = 2_000
ENCODINGS = ("utf-8", "cp1252", "latin-1")
WHERE_SITES_ARE = frozenset({"latitude", "easting", "postcode", "place", "address"})


@dataclass(frozen=True)
class Sniffed:
    """What a CSV looks like.

    Attributes
    ----------
    written : SourceTable
        Its separator, quote, encoding and header.
    table : str
        The canonical table it probably fills.
    guesses : tuple of ColumnGuess
        What each column probably is, in the file's order.
    years : YearRange or None
        The first and last year in it; None: no column of years was found.
    country : str or None
        The one country code all of the rows looked at have, if they have one.
    """

    written: SourceTable
    table: TableName
    guesses: tuple[ColumnGuess, ...]
    years: YearRange | None
    country: str | None

    def has(self, *canonical: str) -> bool:
        """Say whether columns that become each of these were found."""
        return set(canonical) <= {guess.to for guess in self.guesses}

    @property
    def has_coordinates(self) -> bool:
        """Whether latitude and longitude, or easting and northing, were found."""
        return self.has("latitude", "longitude") or self.has("easting", "northing")


@dataclass(frozen=True)
class _Text:
    """The file as UTF-8 with its dialect, its headers and its first rows."""

    path: Path
    written: SourceTable
    headers: tuple[str, ...]
    rows: tuple[list[str], ...]

    def cells(self, position: int) -> list[str]:
        return [row[position] for row in self.rows if position < len(row)]


def sniff_register(csv_path: Path) -> Sniffed:
    """Return what a CSV looks like: all of its years, and what its first rows tell of its columns.

    Raises
    ------
    MissingInputError, DataError
        The file is not there, is empty, or is no text in rows and columns.
    """
    with TemporaryDirectory(prefix="text-") as work:
        text = _read(csv_path, Path(work))
        guesses: list[ColumnGuess] = []
        for position, header in enumerate(text.headers):
            taken = frozenset(guess.to for guess in guesses)
            guesses.append(guess_column(header, text.cells(position), taken))
        years, country = (_position(name, guesses) for name in ("year", "country_code"))
        return Sniffed(
            text.written,
            _table_guess({guess.to for guess in guesses}),
            tuple(guesses),
            None if years is None else year_range(text.path, text.written, len(text.headers), years),
            None if country is None else _only(text.cells(country)),
        )


def _position(canonical: str, guesses: Sequence[ColumnGuess]) -> int | None:
    return next((place for place, guess in enumerate(guesses) if guess.to == canonical), None)


def _only(cells: Sequence[str]) -> str | None:
    found = {cell.strip() for cell in cells} - {""}
    return found.pop() if len(found) == 1 else None


def _table_guess(found: set[str]) -> TableName:
    if "site_id" in found or ("industry_code" in found and found & WHERE_SITES_ARE):
        return "sites"
    return "accounts" if "year" in found else "firms"


def _read(csv_path: Path, work: Path) -> _Text:
    file, text = _as_text(csv_path, work)
    table = _dialect(file, text)
    written = RegisterFile(0, file.source, table, csv_path)
    rows = [item.cells for item in islice(csv_items(written, text), ROWS_LOOKED_AT) if item.cells]
    if not rows:
        raise file.data_error("", "no rows", "at least one row")
    if not table.header:
        width = max(len(row) for row in rows)
        return _Text(text, table, tuple(f"column {place}" for place in range(1, width + 1)), tuple(rows))
    return _Text(text, table, tuple(cell.strip() for cell in rows[0]), tuple(rows[1:]))


def _as_text(csv_path: Path, work: Path) -> tuple[RegisterFile, Path]:
    """Return the file with the first encoding that can read all of it, and its text as UTF-8."""
    for encoding in ENCODINGS:
        file = _unknown_file(csv_path, encoding)
        try:
            return file, plain_text(file, work)
        except DataError as error:
            if encoding == ENCODINGS[-1] or not isinstance(error.__cause__, UnicodeDecodeError):
                raise
    raise file.data_error("", "no text", "a CSV")


def _unknown_file(csv_path: Path, encoding: str) -> RegisterFile:
    column = Column(name="unknown", to="unknown")
    table = SourceTable(table="sites", file=csv_path.name, encoding=encoding, columns=(column,))
    name = plain_word(csv_path.name.split(".")[0])
    source = SourceSpec(name=name, title=name, origin="", licence="", tables=(table,))
    return RegisterFile(0, source, table, csv_path)


def _dialect(file: RegisterFile, text: Path) -> SourceTable:
    """Return the file's table with the separator, quote and header that DuckDB sniffs."""
    with duckdb_session() as connection:
        # Unless errors are let pass, one broken line makes DuckDB take the rest for a single column.
        look = f"FROM sniff_csv({sql_text(str(text))}, ignore_errors=true)"
        try:
            ((separator, quote, has_header),) = connection.execute(
                f"{look} SELECT Delimiter, Quote, HasHeader"
            ).fetchall()
        except duckdb.Error as error:
            came = "text whose rows and columns cannot be told apart"
            raise file.data_error("", came, "a CSV") from error
    changes = {"separator": _one_sign(separator, ","), "quote": _one_sign(quote, '"'), "header": has_header}
    return file.table.model_copy(update=changes)


def _one_sign(sniffed: str | None, otherwise: str) -> str:
    return sniffed if sniffed is not None and len(sniffed) == 1 and sniffed != "\0" else otherwise
