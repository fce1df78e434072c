"""What each column of a source spec must satisfy: its target, unit, format and constraints."""

import re
from collections.abc import Iterator

from clusterpanel.errors import Fault
from clusterpanel.spec.columns import TABLE_COLUMNS
from clusterpanel.spec.faults import Place, did_you_mean, listed
from clusterpanel.spec.parse import SpecFile
from clusterpanel.spec.source import Column, SourceSpec, SourceTable

OPEN_TABLES = ("accounts",)
"""Tables that hold any measure beside their declared columns."""

TYPES = {
    "string": ("string",),
    "integer": ("year", "integer", "date"),
    "number": ("number", "integer"),
}
"""The types of a file's column that fit a canonical column; a date becomes its year."""

YEAR_TYPES = TYPES["integer"]


def allowed_columns(table: SourceTable) -> tuple[str, ...]:
    """Return the canonical columns a table may map, beside the measures of an open table."""
    span = (table.years.first, table.years.last) if table.years else ()
    declared = [name for name in TABLE_COLUMNS[table.table] if not (table.years and name == "year")]
    return (*declared, *span)


def check_column(
    file: SpecFile[SourceSpec], place: Place, table: SourceTable, column: Column
) -> Iterator[Fault]:
    """Yield every fault of one column that can be seen without other files."""
    yield from _check_target(file, place, table, column)
    yield from _check_unit(file, place, table, column)
    yield from _check_format(file, place, table, column)
    yield from _check_constraints(file, place, column)


def _check_target(
    file: SpecFile[SourceSpec], place: Place, table: SourceTable, column: Column
) -> Iterator[Fault]:
    allowed = allowed_columns(table)
    if column.to not in allowed and not _may_be_span(table, column):
        if table.table not in OPEN_TABLES:
            yield file.fault_of((*place, "to"), listed(allowed), did_you_mean(column.to, allowed))
        elif column.to == "year":
            yield file.fault_of((*place, "to"), "no year beside years = { first, last }")
        elif column.type not in TYPES["number"]:
            came = f'"{column.type}" for the measure "{column.to}"'
            yield file.fault((*place, "type"), came, f"measures: {listed(TYPES['number'])}")
    if column.to not in allowed:
        return
    canonical = TABLE_COLUMNS[table.table].get(column.to)
    fitting = TYPES[canonical.type] if canonical else YEAR_TYPES
    if column.type not in fitting and not (table.years and canonical is None):
        hint = "Codes and names are text: 01.10 stays 01.10." if "string" in fitting else ""
        yield file.fault((*place, "type"), f'"{column.type}" for {column.to}', listed(fitting), hint)


def _may_be_span(table: SourceTable, column: Column) -> bool:
    """Say whether a column may be meant by a span that names a column which is not mapped."""
    mapped = {one.to for one in table.columns}
    is_broken = table.years is not None and not {table.years.first, table.years.last} <= mapped
    return is_broken and column.type in YEAR_TYPES


def _check_unit(
    file: SpecFile[SourceSpec], place: Place, table: SourceTable, column: Column
) -> Iterator[Fault]:
    if column.unit is not None and not column.to.endswith(f"_{column.unit}"):
        hint = f'Such as to = "{column.to}_{column.unit}".'
        yield file.fault((*place, "to"), f'"{column.to}"', f"a name that ends with _{column.unit}", hint)
    is_measure = table.table in OPEN_TABLES and column.to not in allowed_columns(table)
    if is_measure and column.unit is None and column.type in TYPES["number"]:
        allowed = "the unit, which the canonical name ends with"
        yield file.fault((*place, "unit"), "nothing", allowed, 'Such as to = "revenue_sek", unit = "sek".')


def _check_format(
    file: SpecFile[SourceSpec], place: Place, table: SourceTable, column: Column
) -> Iterator[Fault]:
    if column.type == "date" and column.format is None:
        yield file.fault((*place, "format"), "nothing", "how the date is written", 'Such as "%d/%m/%Y".')
    if column.type != "date" and column.format is not None:
        yield file.fault((*place, "format"), f'a format for type "{column.type}"', 'a format for type "date"')
    for key in ("start", "width"):
        is_given = getattr(column, key) is not None
        if table.format == "fixed_width" and not is_given:
            yield file.fault((*place, key), "nothing", "a whole number: the file is of fixed width")
        if table.format != "fixed_width" and is_given:
            yield file.fault_of((*place, key), f"no {key}: the format is {table.format}")
    yield from _check_overlap(file, place, table, column)


def _check_overlap(
    file: SpecFile[SourceSpec], place: Place, table: SourceTable, column: Column
) -> Iterator[Fault]:
    if column.start is None or column.width is None or table.format != "fixed_width":
        return
    for other in table.columns[: int(place[-1])]:
        if other.start is None or other.width is None or other.name == column.name:
            continue
        if column.start < other.start + other.width and other.start < column.start + column.width:
            came = f"characters {_characters(column)}, which overlap {_characters(other)} of {other.name}"
            yield file.fault((*place, "start"), came, "characters of their own")


def _characters(column: Column) -> str:
    start, width = column.start or 0, column.width or 0
    return f"{start} to {start + width - 1}"


def _check_constraints(file: SpecFile[SourceSpec], place: Place, column: Column) -> Iterator[Fault]:
    rules = column.constraints
    here = (*place, "constraints")
    if rules.pattern is not None:
        try:
            re.compile(rules.pattern)
        except re.error as error:
            yield file.fault_of((*here, "pattern"), f"a regular expression ({error})")
    if rules.minimum is not None and rules.maximum is not None and rules.minimum > rules.maximum:
        yield file.fault_of((*here, "minimum"), f"at most the maximum, {rules.maximum:g}")
    is_number = column.type in {"number", "integer", "year"}
    for key in ("minimum", "maximum"):
        if getattr(rules, key) is not None and not is_number:
            yield file.fault_of((*here, key), f"no {key}: the column's type is {column.type}")
