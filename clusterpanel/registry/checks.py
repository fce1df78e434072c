"""What each cell must satisfy, and the value its text stands for, as SQL over a file's raw rows."""

from collections.abc import Iterator
from dataclasses import dataclass

from clusterpanel.registry.canonical import never_missing, stored_type
from clusterpanel.registry.quoting import sql_name, sql_text, sql_texts
from clusterpanel.registry.raw_rows import raw_name
from clusterpanel.registry.register_file import RegisterFile
from clusterpanel.spec.source import Column

YES, NO = ("true", "1", "yes"), ("false", "0", "no")
ISO_DATE = "%Y-%m-%d"
# Above this a floating-point number no longer tells whole numbers apart.
EXACT = 2**53


@dataclass(frozen=True)
class Check:
    """One rule for one column.

    Attributes
    ----------
    column : Column
    fails : str
        SQL that is true for a row of the raw table which breaks the rule; null counts as kept.
    reason, allowed : str
        What the quarantine says, and what would have been accepted.
    """

    column: Column
    fails: str
    reason: str
    allowed: str


def value_of(file: RegisterFile, column: Column) -> str:
    """Return the SQL of the value a cell's text stands for; null where it stands for none."""
    text = sql_name(column.to)
    match column.type:
        case "string":
            return text
        case "integer":
            whole = f"TRY_CAST(CASE WHEN regexp_full_match({text}, '[+-]?[0-9]+') THEN {text} END AS BIGINT)"
            return f"CASE WHEN abs({whole}) <= {EXACT} THEN {whole} END"
        case "number":
            return _number(file, text)
        case "boolean":
            lower = f"lower({text})"
            yes, no = (f"WHEN {lower} IN {sql_texts(words)}" for words in (YES, NO))
            return f"CASE {yes} THEN true {no} THEN false END"
        case "date":
            return f"try_strptime({text}, {sql_text(column.format or ISO_DATE)})"
        case "year":
            return f"TRY_CAST(CASE WHEN regexp_full_match({text}, '[0-9]{{4}}') THEN {text} END AS INTEGER)"


def _number(file: RegisterFile, text: str) -> str:
    if file.is_text and file.table.decimal == ",":
        text = f"CASE WHEN NOT contains({text}, '.') THEN replace({text}, ',', '.') END"
    number = f"TRY_CAST({text} AS DOUBLE)"
    # DuckDB reads 1_000 as a thousand and knows infinities; a register's number is neither.
    return f"CASE WHEN isfinite({number}) AND NOT contains({text}, '_') THEN {number} END"


def stored_value(file: RegisterFile, column: Column) -> str:
    """Return the SQL of the value as the canonical table stores it."""
    value, stored = value_of(file, column), stored_type(file.table, column)
    if column.type == "date":
        value = f"year({value})" if stored == "INTEGER" else f"strftime({value}, '{ISO_DATE}')"
    elif stored == "VARCHAR":
        return sql_name(column.to)
    return f"TRY_CAST({value} AS {stored})"


def column_checks(file: RegisterFile, column: Column) -> Iterator[Check]:
    """Yield the rules of one column: presence, type, and each constraint of its spec."""
    text, value = sql_name(column.to), value_of(file, column)
    wanted = column.constraints
    if wanted.required or column.to in _always_there(file):
        yield Check(column, f"{text} IS NULL", "required, but missing", "a value in every row")
    if column.type != "string":
        reason, allowed = _type_words(file, column)
        yield Check(column, f"{text} IS NOT NULL AND {stored_value(file, column)} IS NULL", reason, allowed)
    if wanted.enum is not None:
        listed = ", ".join(wanted.enum)
        yield Check(column, f"{text} NOT IN {sql_texts(wanted.enum)}", f"not one of {listed}", listed)
    if wanted.pattern is not None:
        fails = f"NOT regexp_full_match({text}, {sql_text(wanted.pattern)})"
        yield Check(column, fails, f"not of the pattern {wanted.pattern}", f"the pattern {wanted.pattern}")
    number = f"year({value})" if column.type == "date" else value
    if wanted.minimum is not None:
        least = f"{wanted.minimum:.15g}"
        yield Check(column, f"{number} < {least}", f"below the minimum {least}", f"{least} or more")
    if wanted.maximum is not None:
        most = f"{wanted.maximum:.15g}"
        yield Check(column, f"{number} > {most}", f"above the maximum {most}", f"{most} or less")
    if wanted.unique:
        repeated = f"(FROM {raw_name(file)} SELECT {text} GROUP BY {text} HAVING count(*) > 1)"
        yield Check(column, f"{text} IN {repeated}", "not unique in the file", "each value once")


def row_checks(file: RegisterFile) -> Iterator[Check]:
    """Yield every rule of a file: those of its columns, and that no span of years ends before it begins."""
    columns = {column.to: column for column in file.table.columns}
    for column in columns.values():
        yield from column_checks(file, column)
    span = file.table.years
    if span is not None and span.first in columns and span.last in columns:
        first, last = (stored_value(file, columns[name]) for name in (span.first, span.last))
        reason = "the years end before they begin"
        yield Check(columns[span.last], f"{last} < {first}", reason, f"{span.first} or later")


def _always_there(file: RegisterFile) -> tuple[str, ...]:
    span = file.table.years
    return (*never_missing(file.canonical), *(() if span is None else (span.first,)))


def _type_words(file: RegisterFile, column: Column) -> tuple[str, str]:
    """Return why a cell is not of its column's type, and what would be."""
    sign = file.table.decimal
    match column.type:
        case "integer":
            return "not a whole number", "a whole number"
        case "number":
            other = "." if sign == "," else ","
            return (
                "not a number",
                f"a number with the decimal sign {sign} (is it {other}? say decimal)",
            )
        case "boolean":
            return "not yes or no", ", ".join((*YES, *NO))
        case "year":
            return "not a year", "a year of four digits"
        case _:
            pattern = column.format or ISO_DATE
            return f"bad date for {pattern}", f"a date such as {pattern}"
