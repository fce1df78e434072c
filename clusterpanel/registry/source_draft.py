"""The text of a source spec, drafted from what a CSV looks like."""

from collections.abc import Iterator
from dataclasses import replace

from clusterpanel.registry.guess_column import ColumnGuess
from clusterpanel.registry.sniff import Sniffed
from clusterpanel.registry.toml_text import comment_text, toml_text
from clusterpanel.spec.columns import REQUIRED_COLUMNS, TABLE_COLUMNS
from clusterpanel.spec.source import TableName

ONE_ACCOUNT = (
    "put it in a table of accounts; where each firm has one row a year, one that repeats this file will do"
)
TWINS = {
    "site_id": ("firm_id", "no column names the sites: each firm is taken to have one"),
    "firm_id": ("site_id", "no column names the firms: each site is taken to be one"),
}
"""What a table of sites may lack, the column that then stands for it, and what is then taken to be so."""


def draft_source(name: str, sniffed: Sniffed) -> str:
    """Return a source spec called `name`.

    Every column of the file is in it; those its table has no place for are commented out, unless no column
    were left. ``TODO`` says what a person must decide. The text parses as a `SourceSpec`.
    """
    known = [guess for guess in sniffed.guesses if _has_place(guess, sniffed.table)]
    columns: list[str] = []
    for guess in sniffed.guesses:
        columns += _column_lines(guess) if guess in known or not known else _outside_lines(guess, sniffed)
    columns += [line for twin in _twins(sniffed) for line in _column_lines(twin)]
    return "\n".join([*_spec_lines(name, sniffed), *_table_lines(sniffed), *columns])


def _has_place(guess: ColumnGuess, table: TableName) -> bool:
    is_measure = table == "accounts" and guess.kind in {"number", "integer"}
    return guess.to in TABLE_COLUMNS[table] or is_measure


def _spec_lines(name: str, sniffed: Sniffed) -> list[str]:
    lines = [
        f"# A draft made from {comment_text(sniffed.written.file)}. Look at every line that says TODO, then",
        "# run `clusterpanel check` on a study that names this source.",
        "",
        f"name = {toml_text(name)}",
        f"title = {toml_text(name)}  # TODO: what the register is called, and the years it covers",
        'origin = "TODO"  # TODO: who keeps the register, and how to cite it',
        'licence = "TODO"  # TODO: on what terms it may be used',
        "max_quarantined_share = 0.01  # more rows than this share that cannot be mapped is an error",
    ]
    if sniffed.has("easting", "northing"):
        lines.append('crs = "EPSG:3035"  # TODO: the projected system of easting and northing')
    return [*lines, ""]


def _table_lines(sniffed: Sniffed) -> list[str]:
    table, written = sniffed.table, sniffed.written
    found = {guess.to for guess in (*sniffed.guesses, *_twins(sniffed))}
    lines = [
        "[[tables]]",
        f"table = {toml_text(table)}  # TODO: is it firms, sites, accounts, ...?",
        f"file = {toml_text(written.file)}  # below the folder named with --data",
        f"separator = {toml_text(written.separator)}",
        f"quote = {toml_text(written.quote)}",
        f"encoding = {toml_text(written.encoding)}",
        f"header = {str(written.header).lower()}",
    ]
    if any(guess.has_decimal_comma for guess in sniffed.guesses):
        lines.append('decimal = ","')
    lines.append('missingValues = [""]  # TODO: other texts that mean missing, such as "." or "-99"')
    missing = [name for name in REQUIRED_COLUMNS[table] if name not in found]
    lines += [f"# TODO: {table} need a column that becomes {name}; none was found" for name in missing]
    return [*lines, ""]


def _twins(sniffed: Sniffed) -> Iterator[ColumnGuess]:
    """Yield the column that stands for the firm, or for the site, where the file names only the other."""
    for name, (other, to_decide) in TWINS.items():
        if sniffed.table == "sites" and not sniffed.has(name):
            for guess in sniffed.guesses:
                if guess.to == other:
                    yield replace(guess, to=name, to_decide=to_decide)


def _column_lines(guess: ColumnGuess) -> list[str]:
    lines = [f"  # TODO: {guess.to_decide}"] if guess.to_decide else []
    lines += ["  [[tables.columns]]", f"  name = {toml_text(guess.header)}", f"  to = {toml_text(guess.to)}"]
    lines += [f"  type = {toml_text(guess.kind)}"] if guess.kind != "string" else []
    lines += [f"  format = {toml_text(guess.date_format)}"] if guess.date_format else []
    return [*lines, ""]


def _outside_lines(guess: ColumnGuess, sniffed: Sniffed) -> list[str]:
    """Return a column its table has no place for, commented out."""
    is_elsewhere = any(guess.to in columns for columns in TABLE_COLUMNS.values())
    to_decide = guess.to_decide
    if is_elsewhere or guess.is_money:
        where = ONE_ACCOUNT if guess.is_money else "give it in a table that has"
        to_decide = f"{sniffed.table} have no {guess.to}: {where}"
    lines = _column_lines(replace(guess, to_decide=""))
    return [f"  # TODO: {to_decide}", *(f"  # {line.strip()}" if line else "" for line in lines)]
