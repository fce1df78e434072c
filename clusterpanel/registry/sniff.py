"""Draft a source spec from a CSV, and a study, with a comment wherever a person must decide."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from clusterpanel.engine.sql import duckdb_session
from clusterpanel.errors import DataError
from clusterpanel.registry.canonical import never_missing
from clusterpanel.registry.csv_items import csv_items
from clusterpanel.registry.guess_column import ColumnGuess, guess_column
from clusterpanel.registry.header_words import plain_word
from clusterpanel.registry.plain_text import plain_text
from clusterpanel.registry.quoting import sql_text
from clusterpanel.registry.register_file import RegisterFile
from clusterpanel.registry.study_draft import draft_study
from clusterpanel.spec.source import Column, SourceSpec, SourceTable, TableName

ROWS_LOOKED_AT = 2_000
ENCODINGS = ("utf-8", "cp1252", "latin-1")


@dataclass(frozen=True)
class Sniffed:
    """What a CSV looks like: how it is written, its headers, and its first rows."""

    table: SourceTable
    headers: tuple[str, ...]
    rows: tuple[list[str], ...]

    def cells(self, position: int) -> list[str]:
        """Return the cells of one column."""
        return [row[position] for row in self.rows if position < len(row)]


def sniff_source(csv_path: Path) -> str:
    """Return the text of a source spec drafted from a CSV.

    Every column of the file is there with a guessed type and canonical name; ``TODO`` comments say what a
    person must decide. The text parses as a `SourceSpec`.

    Raises
    ------
    MissingInputError, DataError
        The file is not there, is empty, or is no text in rows and columns.
    """
    sniffed = _sniff(csv_path)
    guesses: list[ColumnGuess] = []
    for position, header in enumerate(sniffed.headers):
        taken = frozenset(guess.to for guess in guesses)
        guesses.append(guess_column(header, sniffed.cells(position), taken))
    return "\n".join([*_spec_lines(csv_path), *_table_lines(sniffed, guesses), *_column_lines(guesses)])


def sniff_study(name: str) -> str:
    """Return the text of a study of the source called `name`, to edit; it parses as a `StudySpec`."""
    return draft_study(plain_word(name))


def _sniff(csv_path: Path) -> Sniffed:
    with TemporaryDirectory(prefix="text-") as work:
        file, text = _as_text(csv_path, Path(work))
        table = _dialect(file, text)
        written = RegisterFile(0, file.source, table, csv_path)
        rows = [item.cells for item in islice(csv_items(written, text), ROWS_LOOKED_AT) if item.cells]
    if not rows:
        raise file.data_error("", "no rows", "at least one row")
    if not table.header:
        width = max(len(row) for row in rows)
        return Sniffed(table, tuple(f"column {place}" for place in range(1, width + 1)), tuple(rows))
    return Sniffed(table, tuple(cell.strip() for cell in rows[0]), tuple(rows[1:]))


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
        try:
            ((separator, quote, has_header),) = connection.execute(
                f"FROM sniff_csv({sql_text(str(text))}) SELECT Delimiter, Quote, HasHeader"
            ).fetchall()
        except duckdb.Error as error:
            came = "text whose rows and columns cannot be told apart"
            raise file.data_error("", came, "a CSV") from error
    changes = {"separator": _one_sign(separator, ","), "quote": _one_sign(quote, '"'), "header": has_header}
    return file.table.model_copy(update=changes)


def _one_sign(sniffed: str | None, otherwise: str) -> str:
    return sniffed if sniffed is not None and len(sniffed) == 1 and sniffed != "\0" else otherwise


def _spec_lines(csv_path: Path) -> list[str]:
    name = plain_word(csv_path.name.split(".")[0])
    return [
        f"# A draft made from {_comment(csv_path.name)}. Look at every line that says TODO, then run",
        "# `clusterpanel check` on a study that names this source.",
        "",
        f"name = {toml_text(name)}",
        f"title = {toml_text(name)}  # TODO: what the register is called, and the years it covers",
        'origin = "TODO"  # TODO: who keeps the register, and how to cite it',
        'licence = "TODO"  # TODO: on what terms it may be used',
        "max_quarantined_share = 0.01  # more rows than this share that cannot be mapped is an error",
        "",
    ]


def _table_lines(sniffed: Sniffed, guesses: Sequence[ColumnGuess]) -> list[str]:
    table, written = _table_guess(guesses), sniffed.table
    missing = [name for name in never_missing(table) if name not in {guess.to for guess in guesses}]
    lines = [
        "[[tables]]",
        f"table = {toml_text(table)}  # TODO: is it firms, sites, accounts, ...?",
        f"file = {toml_text(written.file)}  # below the folder named with --data",
        f"separator = {toml_text(written.separator)}",
        f"quote = {toml_text(written.quote)}",
        f"encoding = {toml_text(written.encoding)}",
        f"header = {str(written.header).lower()}",
    ]
    if any(guess.has_decimal_comma for guess in guesses):
        lines.append('decimal = ","')
    lines.append('missingValues = [""]  # TODO: other texts that mean missing, such as "." or "-99"')
    lines += [f"# TODO: {table} need a column that becomes {name}; none was found" for name in missing]
    return [*lines, ""]


def _table_guess(guesses: Sequence[ColumnGuess]) -> TableName:
    found = {guess.to for guess in guesses}
    if "site_id" in found:
        return "sites"
    return "accounts" if "year" in found else "firms"


def _column_lines(guesses: Sequence[ColumnGuess]) -> list[str]:
    lines = []
    for guess in guesses:
        lines += [f"  # TODO: {guess.to_decide}"] if guess.to_decide else []
        lines += [
            "  [[tables.columns]]",
            f"  name = {toml_text(guess.header)}",
            f"  to = {toml_text(guess.to)}",
        ]
        lines += [f"  type = {toml_text(guess.kind)}"] if guess.kind != "string" else []
        lines += [f"  format = {toml_text(guess.date_format)}"] if guess.date_format else []
        lines.append("")
    return lines


def toml_text(text: str) -> str:
    """Return a TOML string; JSON's escapes are TOML's, but for the delete sign."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def _comment(text: str) -> str:
    return "".join(sign if sign.isprintable() else "?" for sign in text)
