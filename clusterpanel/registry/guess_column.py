"""Guess what a column of an unknown register holds from its header and some of its cells."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from clusterpanel.registry.header_words import canonical_guess, plain_word
from clusterpanel.spec.columns import TABLE_COLUMNS

Kind = Literal["string", "integer", "number", "date", "year"]
DATE_FORMATS = ("%Y-%m-%d", "%Y%m%d", "%d.%m.%Y", "%d/%m/%Y", "%d-%m-%Y", "%m/%d/%Y", "%Y/%m/%d")
NUMBER = r"[+-]?(\d+({sign}\d*)?|{sign}\d+)([eE][+-]?\d+)?"
CANONICAL_TYPES = {
    name: column.type for columns in TABLE_COLUMNS.values() for name, column in columns.items()
}
MONEY = ("wage_bill", "revenue", "value_added", "capital")


@dataclass(frozen=True)
class ColumnGuess:
    """What a column probably is.

    Attributes
    ----------
    header : str
        The column's name in the file.
    to : str
        The canonical column, or the header in plain letters where none is known.
    kind : str
        Its type in a source spec.
    date_format : str or None
        The strptime pattern, if it is a date.
    has_decimal_comma : bool
    to_decide : str
        What a person must look at.
    """

    header: str
    to: str
    kind: Kind
    date_format: str | None
    has_decimal_comma: bool
    to_decide: str

    @property
    def is_money(self) -> bool:
        """Whether it is an amount of money, whose name must end with its unit."""
        return self.to in MONEY


def guess_column(header: str, cells: Sequence[str], taken: frozenset[str]) -> ColumnGuess:
    """Guess a column from its header and its cells; `taken` are canonical columns that others became."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    known = _instead_of_longitude(header, canonical_guess(header), filled)
    known = None if known in taken else known
    to = known or _free_name(plain_word(header), taken)
    kind, date_format = _kind(to, filled)
    return ColumnGuess(
        header=header,
        to=to,
        kind=kind,
        date_format=date_format,
        has_decimal_comma=kind == "number" and _have_decimal_comma(filled),
        to_decide=_to_decide(known, to, kind, date_format, filled),
    )


def _instead_of_longitude(header: str, known: str | None, cells: Sequence[str]) -> str | None:
    """Read a Swedish "lön" or "lon" as wages where its cells are no degrees."""
    if plain_word(header) != "lon":
        return known
    numbers = [cell.replace(",", ".") for cell in cells if _all(NUMBER.format(sign="[.,]"), [cell])]
    is_degrees = "ö" not in header.lower() and all(abs(float(number)) <= 180 for number in numbers)
    return "longitude" if is_degrees else "wage_bill"


def _free_name(word: str, taken: frozenset[str]) -> str:
    name, number = word, 2
    while name in taken:
        name, number = f"{word}_{number}", number + 1
    return name


def _kind(to: str, cells: Sequence[str]) -> tuple[Kind, str | None]:
    date_format = _date_format(cells)
    if to.endswith(("_id", "_code")) or CANONICAL_TYPES.get(to) == "string":
        kind: Kind = "string"
    elif _is_amount(to):
        kind = "number"
    elif to == "year" or to.endswith("_year"):
        kind = "date" if date_format else "year"
    elif not cells:
        kind = "string"
    elif _all(r"(17|18|19|20|21)\d\d", cells):
        kind = "year"
    elif date_format:
        kind = "date"
    else:
        kind = _number_kind(cells)
    return kind, date_format if kind == "date" else None


def _is_amount(to: str) -> bool:
    return to in MONEY or CANONICAL_TYPES.get(to) == "number"


def _number_kind(cells: Sequence[str]) -> Kind:
    # A leading zero is lost in a number, so it is a code.
    if any(re.match(r"[+-]?0\d", cell) for cell in cells):
        return "string"
    if _all(r"[+-]?\d+", cells):
        return "integer"
    return "number" if _are_numbers(cells) else "string"


def _have_decimal_comma(cells: Sequence[str]) -> bool:
    numbers = [cell for cell in cells if _all(NUMBER.format(sign="[.,]"), [cell])]
    return any("," in cell for cell in numbers) and not any("." in cell for cell in numbers)


def _are_numbers(cells: Sequence[str]) -> bool:
    return _all(NUMBER.format(sign=r"\."), cells) or _all(NUMBER.format(sign=","), cells)


def _all(pattern: str, cells: Sequence[str]) -> bool:
    return all(re.fullmatch(pattern, cell, re.ASCII) for cell in cells)


def _date_format(cells: Sequence[str]) -> str | None:
    if not cells:
        return None
    return next((wanted for wanted in DATE_FORMATS if all(_is_date(cell, wanted) for cell in cells)), None)


def _is_date(cell: str, wanted: str) -> bool:
    # strptime reads 2001 with %Y%m%d as the year 200 and January: only whole dates count.
    if len(cell) < 8:
        return False
    try:
        return 1700 <= datetime.strptime(cell, wanted).year <= 2200
    except ValueError:
        return False


def _to_decide(known: str | None, to: str, kind: Kind, date_format: str | None, cells: Sequence[str]) -> str:
    if known is None:
        what = "which canonical column is this? Take the column out if the study does not need it"
    elif known in MONEY:
        what = f"end the name with the money's unit, such as {to}_sek, and say unit"
    elif known == "industry_code":
        what = "which classification, and of which year?"
    else:
        what = ""
    if _is_amount(to) and not _are_numbers(cells):
        what = f"{what}; some cells are no numbers: do they mean missing?".removeprefix("; ")
    if date_format in {"%d/%m/%Y", "%m/%d/%Y"} and all(int(cell[:2]) <= 12 for cell in cells):
        what = f"{what}; day or month first?".removeprefix("; ")
    if not cells:
        what = f"{what}; the column is empty in the first rows".removeprefix("; ")
    return what if what or kind != "string" or known else "which canonical column is this?"
