"""Every check of cluster and places specs, and of the study's way to place its sites."""

from collections.abc import Callable

import pytest

from clusterpanel.errors import Fault

CLUSTERS = "clusters/small.toml"
GAZETTEER = "places/small_gazetteer.toml"
ZONING = "places/small_zoning.toml"
STUDY = "studies/small.toml"
Faults = Callable[..., list[Fault]]
DBSCAN = 'method = "dbscan"\neps_km = 10\nminimum_members = 3'
QUOTIENT = 'method = "location_quotient"\nzoning = "small_zoning"'

CASES = {
    "vintage before the study": (CLUSTERS, "[2014, 2016]", "[2013, 2016]", "key vintages, item 1"),
    "vintage after the study": (CLUSTERS, "[2014, 2016]", "[2014, 2019]", "key vintages, item 2"),
    "vintages falling": (CLUSTERS, "[2014, 2016]", "[2016, 2014]", "key vintages"),
    "vintage twice": (CLUSTERS, "[2014, 2016]", "[2014, 2014]", "key vintages"),
    "radii falling": (CLUSTERS, "[5, 10, 25]", "[10, 5]", "key radii_km"),
    "radius of nothing": (CLUSTERS, "[5, 10, 25]", "[0, 5]", "key radii_km, item 1"),
    "code in a group and excluded": (
        CLUSTERS,
        "[industries]",
        '[industries]\nexclude = ["13.20"]',
        "[industries.groups], key textiles, item 1",
    ),
    "no industries at all": (
        CLUSTERS,
        'groups = { textiles = ["13.20"] }',
        'ungrouped = "none"',
        "[industries], key ungrouped",
    ),
    "zoning of another study": (
        CLUSTERS,
        DBSCAN,
        QUOTIENT.replace("small", "large"),
        "[draw], key zoning",
    ),
    "activity nobody measures": (CLUSTERS, '"employment"', '"patents"', "key activity"),
    "gazetteer without longitude": (GAZETTEER, 'longitude = "longitude"\n', "", "[columns]"),
    "gazetteer without country": (GAZETTEER, 'country_code = "XS"\n', "", "key country_code"),
    "gazetteer with two countries": (
        GAZETTEER,
        "[columns]",
        '[columns]\ncountry_code = "c"',
        "key country_code",
    ),
    "gazetteer in no encoding": (GAZETTEER, '"csv"', '"csv"\nencoding = "ebcdick"', "key encoding"),
    "zoning without regions": (ZONING, 'region_code = "region"\n', "", "[columns]"),
    "zoning with a postcode": (ZONING, "region_name =", "postcode =", "[columns], key postcode"),
    "places of one name": (ZONING, '"small_zoning"', '"small_gazetteer"', "key name"),
    "sites without a place": (STUDY, '["small_gazetteer", ', "[", "key places"),
}


@pytest.mark.parametrize("case", CASES)
def test_fault_is_told_alone_in_its_file(case: str, faults: Faults) -> None:
    name, old, new, where = CASES[case]

    found = faults((name, old, new))

    assert [(fault.file.endswith(name), fault.where) for fault in found] == [(True, where)]


def test_location_quotient_on_a_zoning_of_the_study_is_allowed(faults: Faults) -> None:
    assert faults((CLUSTERS, DBSCAN, QUOTIENT)) == []


def test_location_quotient_by_employment_needs_employment(faults: Faults) -> None:
    employment = (
        '    { name = "employees", to = "employment", type = "number", constraints = { minimum = 0 } },\n'
    )
    found = faults(
        (CLUSTERS, DBSCAN, f'{QUOTIENT}\nweight = "employment"'),
        (CLUSTERS, 'activity = "employment"\n', ""),
        ("sources/small.toml", employment, ""),
    )

    assert "[draw], key weight" in {fault.where for fault in found}


def test_coordinates_make_a_gazetteer_needless(faults: Faults) -> None:
    points = '{ name = "x", to = "longitude", type = "number" },'
    points += '{ name = "y", to = "latitude", type = "number" },'
    town = '{ name = "town", to = "place" },'

    assert (
        faults((STUDY, '["small_gazetteer", ', "["), ("sources/small.toml", town, f"{town}\n{points}")) == []
    )


def test_a_study_needs_sites(faults: Faults) -> None:
    found = faults(
        ("sources/small.toml", 'table = "sites"', 'table = "events"'),
        ("sources/small.toml", 'to = "site_id"', 'to = "case_id"'),
    )

    assert "key sources" in {fault.where for fault in found}
