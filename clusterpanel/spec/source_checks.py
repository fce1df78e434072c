"""What a source spec must satisfy beyond its keys and types."""

import codecs
from collections.abc import Iterator

from clusterpanel.errors import Fault
from clusterpanel.spec.column_checks import YEAR_TYPES, check_column
from clusterpanel.spec.columns import REQUIRED_COLUMNS, TABLE_COLUMNS
from clusterpanel.spec.faults import Place, did_you_mean, listed
from clusterpanel.spec.parse import SpecFile
from clusterpanel.spec.source import Column, SourceSpec, SourceTable

SITE_COORDINATES = (("latitude", "longitude"), ("easting", "northing"))


def check_source(file: SpecFile[SourceSpec]) -> Iterator[Fault]:
    """Yield every fault of a source spec that can be seen without other files."""
    if file.model is None:
        return
    yield from check_crs(file, file.model)
    for index, table in enumerate(file.model.tables):
        place = ("tables", index)
        yield from check_encoding(file, place, table.encoding)
        yield from _check_key(file, place, table)
        yield from _check_repeats(file, place, table)
        yield from _check_constants(file, place, table)
        yield from _check_span(file, place, table)
        yield from _check_coordinates(file, place, table)
        for number, column in enumerate(table.columns):
            yield from check_column(file, (*place, "columns", number), table, column)


def check_encoding(file: SpecFile[object], place: Place, encoding: str) -> Iterator[Fault]:
    """Yield a fault where Python knows no such encoding."""
    try:
        codecs.lookup(encoding)
    except LookupError:
        usual = ("utf-8", "latin-1", "cp1250", "cp1252", "iso8859-2", "iso8859-15", "utf-16")
        hint = did_you_mean(encoding, usual)
        yield file.fault_of((*place, "encoding"), f"an encoding, such as {listed(usual)}", hint)


def check_crs(file: SpecFile[SourceSpec], source: SourceSpec) -> Iterator[Fault]:
    """Yield a fault where the crs is unknown, or eastings are given in a system of degrees."""
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    eastings = any(column.to == "easting" for table in source.tables for column in table.columns)
    try:
        is_projected = CRS.from_user_input(source.crs).is_projected
    except CRSError:
        yield file.fault_of(("crs",), "a coordinate system PROJ knows", 'Such as "EPSG:3035".')
        return
    if eastings and not is_projected:
        allowed = "a projected system, since a table maps easting and northing"
        yield file.fault(("crs",), f'"{source.crs}", a system of degrees', allowed, 'Such as "EPSG:3035".')


def _check_key(file: SpecFile[SourceSpec], place: Place, table: SourceTable) -> Iterator[Fault]:
    mapped = {column.to for column in table.columns} | set(table.constants)
    mapped |= {"year"} if table.years else set()
    missing = [name for name in REQUIRED_COLUMNS[table.table] if name not in mapped]
    if missing:
        span = " (year: or years = { first, last })" if "year" in missing else ""
        allowed = f"{listed(REQUIRED_COLUMNS[table.table])}{span}"
        hint = f'Add columns with to = "{missing[0]}"' + "".join(f' and "{name}"' for name in missing[1:])
        yield file.fault((*place, "columns"), f"no column for {listed(missing)}", allowed, f"{hint}.")


def _check_repeats(file: SpecFile[SourceSpec], place: Place, table: SourceTable) -> Iterator[Fault]:
    first: dict[str, Column] = {}
    for number, column in enumerate(table.columns):
        if column.to in first:
            here = (*place, "columns", number, "to")
            came = f'"{column.to}", which "{first[column.to].name}" already becomes'
            yield file.fault(here, came, "each canonical column once")
        first.setdefault(column.to, column)
    for name in table.constants:
        if name in first:
            came = f'"{name}", which the column "{first[name].name}" already becomes'
            yield file.fault((*place, "constants", name), came, "each canonical column once")


def _check_constants(file: SpecFile[SourceSpec], place: Place, table: SourceTable) -> Iterator[Fault]:
    texts = [name for name, column in TABLE_COLUMNS[table.table].items() if column.type == "string"]
    for name, value in table.constants.items():
        here = (*place, "constants", name)
        if name == "year" and table.years is None:
            if not value.isdecimal():
                yield file.fault_of(here, "a year in quotes")
        elif name not in texts:
            yield file.fault(
                here, f'"{name}"', f"year, or a text column: {listed(texts)}", did_you_mean(name, texts)
            )


def _check_span(file: SpecFile[SourceSpec], place: Place, table: SourceTable) -> Iterator[Fault]:
    if table.years is None:
        return
    types = {column.to: column.type for column in table.columns}
    for key, name in (("first", table.years.first), ("last", table.years.last)):
        here = (*place, "years", key)
        if name not in types:
            yield file.fault_of(here, f"a mapped column: {listed(types)}", did_you_mean(name, types))
        elif types[name] not in YEAR_TYPES:
            came = f'"{name}", a {types[name]} column'
            yield file.fault(here, came, f"a column of type {listed(YEAR_TYPES)}")
        elif not name.endswith("_year"):
            yield file.fault_of(here, "a name that ends with _year", f'Such as "{name}_year".')
    if table.table == "firms":
        yield file.fault((*place, "years"), "a span", "none: firms have one row each")
    if table.years.first == table.years.last:
        yield file.fault_of((*place, "years", "last"), "another column than the first year's")


def _check_coordinates(file: SpecFile[SourceSpec], place: Place, table: SourceTable) -> Iterator[Fault]:
    mapped = {column.to for column in table.columns}
    for pair in SITE_COORDINATES if table.table == "sites" else ():
        if len(mapped & set(pair)) == 1:
            (given,) = mapped & set(pair)
            yield file.fault((*place, "columns"), f"{given} alone", " and ".join(pair))
