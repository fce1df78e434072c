"""Every check of a source spec: its fault, and that the right spec has none."""

from collections.abc import Callable

import pytest

from clusterpanel.errors import Fault

SOURCE = "sources/small.toml"
Faults = Callable[..., list[Fault]]

FIRM = '{ name = "firm", to = "firm_id", constraints = { required = true, unique = true } },\n'
BORN = '{ name = "born", to = "birth_year", type = "year" }'
EAST = '{ name = "e", to = "easting", type = "number" },'
NORTH = '{ name = "n", to = "northing", type = "number" },'
TOWN = '{ name = "town", to = "place" },'

CASES = {
    "unknown column": (
        BORN,
        BORN.replace("birth_year", "birth_yeer"),
        "columns 2 (born), key to",
        "birth_year",
    ),
    "mapped twice": (BORN, BORN.replace("birth_year", "death_year"), "columns 3 (closed), key to", "born"),
    "constant of a mapped column": (
        '"XS" }',
        '"XS", place = "Alby" }',
        "key constants.place",
        "each canonical column once",
    ),
    "constant that is no text": (
        '"XS" }',
        '"XS", employment = "5" }',
        "key constants.employment",
        "text column",
    ),
    "firms without their key": (FIRM, "", "[[tables]] 1 (firms), key columns", "firm_id"),
    "accounts without year": (
        '    { name = "year", to = "year", type = "year", constraints = { required = true } },\n',
        "",
        "[[tables]] 3 (accounts), key columns",
        "no column for year",
    ),
    "latitude alone": (
        TOWN,
        TOWN + '{ name = "lat", to = "latitude", type = "number" },',
        "[[tables]] 2 (sites), key columns",
        "latitude and longitude",
    ),
    "eastings in degrees": (
        TOWN,
        f"{TOWN} {EAST} {NORTH}",
        "key crs",
        "a projected system",
    ),
    "unknown crs": ('licence = "CC0-1.0"', 'licence = "CC0-1.0"\ncrs = "lambert"', "key crs", "EPSG:3035"),
    "unknown encoding": (
        'file = "sites.csv"',
        'file = "sites.csv"\nencoding = "cp12500"',
        "[[tables]] 2 (sites), key encoding",
        'Did you mean "cp1250"?',
    ),
    "code as number": (
        'to = "postcode"',
        'to = "postcode", type = "integer"',
        "key type",
        "01.10 stays 01.10",
    ),
    "year as text": (
        BORN,
        BORN.replace('"year"', '"string"'),
        "columns 2 (born), key type",
        "year, integer, date",
    ),
    "measure as text": (
        'to = "revenue_crowns", type = "number"',
        'to = "revenue_crowns", type = "string"',
        "columns 5 (revenue), key type",
        "measures: number, integer",
    ),
    "unit not in the name": (
        'unit = "crowns"',
        'unit = "rowns"',
        "columns 4 (wages), key to",
        "ends with _rowns",
    ),
    "measure without a unit": (
        'to = "revenue_crowns", type = "number", unit = "crowns"',
        'to = "revenue", type = "number"',
        "columns 5 (revenue), key unit",
        "the unit",
    ),
    "date without format": (
        BORN,
        BORN.replace('"year"', '"date"'),
        "columns 2 (born), key format",
        "%d/%m/%Y",
    ),
    "format without date": (
        BORN,
        BORN.replace('"year"', '"year", format = "%Y"'),
        "columns 2 (born), key format",
        'a format for type "date"',
    ),
    "start in a csv": (BORN, BORN.replace(" }", ", start = 1 }"), "key start", "the format is csv"),
    "bad pattern": ('"[0-9]{2}', '"([0-9]{2}', "key constraints.pattern", "a regular expression"),
    "minimum above maximum": (
        BORN,
        BORN.replace(" }", ", constraints = { minimum = 2, maximum = 1 } }"),
        "key constraints.minimum",
        "at most the maximum, 1",
    ),
    "minimum of a text": (
        TOWN,
        TOWN.replace(" }", ", constraints = { minimum = 2 } }"),
        "key constraints.minimum",
        "the column's type is string",
    ),
    "span over no column": ('first = "first_year"', 'first = "start"', "key years.first", "a mapped column"),
    "span over text": (
        'to = "first_year", type = "year"',
        'to = "first_year"',
        "key years.first",
        "a column of type year",
    ),
    "span of one column": ('last = "last_year"', 'last = "first_year"', "key years.last", "another column"),
    "span of firms": (
        'table = "firms"',
        'table = "firms"\nyears = { first = "birth_year", last = "death_year" }',
        "[[tables]] 1 (firms), key years",
        "firms have one row each",
    ),
    "year beside a span": (
        'to = "place"',
        'to = "year", type = "year"',
        "columns 6 (town), key to",
        "first_year",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_fault_of_a_source_is_told(case: str, faults: Faults) -> None:
    old, new, where, text = CASES[case]

    found = faults((SOURCE, old, new))

    assert any(where in fault.where and text in str(fault) for fault in found), found


def test_the_small_source_has_no_fault(faults: Faults) -> None:
    assert faults() == []


def test_employment_needs_no_unit_and_an_integer_measure_is_allowed(faults: Faults) -> None:
    assert faults((SOURCE, 'to = "employment", type = "number"', 'to = "employment", type = "integer"')) == []


def test_span_columns_are_called_years(faults: Faults) -> None:
    found = faults(
        (SOURCE, 'first = "first_year"', 'first = "begin"'), (SOURCE, 'to = "first_year"', 'to = "begin"')
    )

    assert [(fault.where, fault.hint) for fault in found] == [
        ("[[tables]] 2 (sites), key years.first", 'Such as "begin_year".')
    ]


def test_fixed_width_columns_that_touch_do_not_overlap(faults: Faults) -> None:
    found = faults(
        (SOURCE, 'separator = ";"\n', 'format = "fixed_width"\n'),
        (SOURCE, 'to = "firm_id"', 'start = 1, width = 4, to = "firm_id"'),
        (SOURCE, 'to = "birth_year"', 'start = 5, width = 4, to = "birth_year"'),
        (SOURCE, 'to = "death_year"', 'start = 8, width = 4, to = "death_year"'),
        (SOURCE, 'to = "death_cause"', 'start = 12, width = 9, to = "death_cause"'),
    )

    assert [fault.where for fault in found] == ["[[tables]] 1 (firms), columns 3 (closed), key start"]
    assert "8 to 11" in found[0].came and "5 to 8 of born" in found[0].came


def test_one_file_a_year_may_say_its_year(faults: Faults) -> None:
    year = '    { name = "year", to = "year", type = "year", constraints = { required = true } },\n'
    head = 'file = "accounts.csv"\n'

    assert faults((SOURCE, year, ""), (SOURCE, head, f'{head}constants = {{ year = "2014" }}\n')) == []
    (fault,) = faults((SOURCE, 'year = "2014"', 'year = "last"'))
    assert fault.where == "[[tables]] 3 (accounts), key constants.year"


def test_one_file_column_may_become_two_canonical_columns(faults: Faults) -> None:
    site = '{ name = "site", to = "site_id"'

    assert faults((SOURCE, site, '{ name = "firm", to = "site_id"')) == []


def test_every_table_is_checked_for_its_own_columns(faults: Faults) -> None:
    table = '[[tables]]\ntable = "flows"\nfile = "f.csv"\ncolumns = [{ name = "a", to = "employment" }]\n\n'

    found = faults((SOURCE, '[[tables]]\ntable = "accounts"', f'{table}[[tables]]\ntable = "accounts"'))

    assert {fault.where for fault in found} == {
        "[[tables]] 3 (flows), key columns",
        "[[tables]] 3 (flows), columns 1 (a), key to",
    }
