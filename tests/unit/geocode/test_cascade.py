from collections.abc import Callable
from typing import Any

import pytest

from clusterpanel.registry.registry import Registry

Geocode = Callable[..., Registry]


def place(postcode: str, name: str, latitude: float, longitude: float = 15.0, **other: str) -> dict[str, Any]:
    row = {"postcode": postcode, "place": name, "latitude": latitude, "longitude": longitude}
    return {"country_code": "XS", "region_code": "N", "region_name": "Northland", **row, **other}


def site(postcode: str | None, name: str | None, country: str | None = "XS", **other: Any) -> dict[str, Any]:
    return {"country_code": country, "postcode": postcode, "place": name, **other}


PLACES = [
    place("01000", "Alby", 60.0),
    place("01001", "Alby", 60.02),
    place("02000", "Bro", 61.0),
    place("02000", "Övre Bro", 61.1),
    place("03000", "Carl", 62.0),
    place("03000", "Dal", 63.0),
    place("04 100", "Ek", 64.0, region_code="S", region_name="Southland"),
    place("05000", "Fors", 58.0),
    place("06000", "Fors", 65.0, region_code="S", region_name="Southland"),
]


def only(registry: Registry) -> dict[str, Any]:
    (row,) = registry.read("site_points").to_pylist()
    return row


@pytest.mark.parametrize(
    ("site_row", "level", "kind", "score"),
    [
        (site("01000", "Alby"), "postcode", "exact", 1.0),
        (site("01000", "Elsewhere"), "postcode", "exact", 0.9),
        (site("010 00", "ALBY"), "postcode", "normalised", 0.95),
        (site("XS-01000", None), "postcode", "normalised", 0.85),
        (site("1000", "Alby"), "postcode", "normalised", 0.95),
        (site("01009", "Alby"), "postcode", "prefix", 0.8),
        (site("01009", None), "postcode", "prefix", 0.7),
        (site(None, "Alby"), "place", "exact", 0.6),
        (site(None, "alby 3"), "place", "normalised", 0.5),
        (site(None, None, region_code="S"), "region", "centroid", 0.2),
        (site(None, "Southland"), "region", "centroid", 0.2),
    ],
)
def test_an_address_is_matched_at_the_first_level_that_knows_it(
    geocoded: Geocode, site_row: dict[str, Any], level: str, kind: str, score: float
) -> None:
    row = only(geocoded([site_row], PLACES))
    assert (row["match_level"], row["match_type"], row["score"]) == (level, kind, score)
    assert row["status"] == "matched"
    assert row["latitude"] is not None


def test_the_place_chooses_among_those_of_a_postcode(geocoded: Geocode) -> None:
    assert only(geocoded([site("02000", "Ovre Bro (N)")], PLACES))["latitude"] == 61.1


def test_a_postcode_of_several_places_is_at_their_centre(geocoded: Geocode) -> None:
    row = only(geocoded([site("02000", None)], PLACES))
    assert row["latitude"] == pytest.approx(61.05, abs=1e-6)
    assert row["precision_m"] == pytest.approx(0.05 * 111_400, rel=2e-2) or row["precision_m"] > 5_570
    assert row["status"] == "matched"


def test_a_postcode_whose_places_are_far_apart_is_a_tie_with_its_points_counted(geocoded: Geocode) -> None:
    row = only(geocoded([site("03000", None)], PLACES))
    assert (row["status"], row["tied_points"], row["score"]) == ("tie", 2, 0.45)
    # Half the way to the next postcode, 1.45 degrees, is more than the way to the members, half a degree.
    assert row["precision_m"] == pytest.approx(80_790, rel=1e-3)


def test_a_name_of_places_far_apart_is_a_tie_without_a_point(geocoded: Geocode) -> None:
    row = only(geocoded([site(None, "Fors")], PLACES))
    assert (row["status"], row["match_level"], row["tied_points"]) == ("tie", "none", 2)
    assert row["latitude"] is None
    assert row["longitude"] is None


@pytest.mark.parametrize("region", ["S", "XS-S", "Southland"])
def test_the_registers_region_decides_between_places_of_one_name(geocoded: Geocode, region: str) -> None:
    row = only(geocoded([site(None, "Fors", region_code=region)], PLACES))
    assert (row["status"], row["latitude"], row["match_level"]) == ("matched", 65.0, "place")


def test_a_tie_that_only_the_region_places_stays_a_tie(geocoded: Geocode) -> None:
    places = [*PLACES, place("07000", "Fors", 70.0, region_code="S", region_name="Southland")]
    row = only(geocoded([site(None, "Fors", region_code="S")], places))
    assert (row["status"], row["match_level"], row["tied_points"]) == ("tie", "region", 3)


def test_nothing_is_matched_across_a_border(geocoded: Geocode) -> None:
    row = only(
        geocoded([site("01000", "Alby", "XT")], [*PLACES, place("9", "Other", 1.0, country_code="XT")])
    )
    assert (row["status"], row["reason"]) == ("unmatched", "neither the postcode nor the place was found")


def test_a_missing_country_is_the_only_one_there_is(geocoded: Geocode) -> None:
    assert only(geocoded([site("01000", "Alby", None)], PLACES))["country_code"] == "XS"


def test_a_missing_country_is_not_guessed_among_several(geocoded: Geocode) -> None:
    row = only(geocoded([site("01000", "Alby", None)], [*PLACES, place("9", "O", 1.0, country_code="XT")]))
    assert (row["status"], row["reason"]) == ("unmatched", "the country is missing")


def test_a_postcode_is_at_least_half_the_way_to_the_next_one_uncertain(geocoded: Geocode) -> None:
    row = only(geocoded([site("01000", "Alby")], PLACES))
    assert row["precision_m"] == pytest.approx(0.02 * 111_420 / 2, rel=1e-2)


def test_a_contradiction_of_postcode_and_place_is_said_and_halves_the_score(geocoded: Geocode) -> None:
    row = only(geocoded([site("01000", "Ek")], PLACES))
    assert (row["latitude"], row["score"]) == (60.0, 0.45)
    assert row["reason"] == "the postcode and the place name are far apart"


def test_a_filler_is_no_postcode(geocoded: Geocode) -> None:
    row = only(geocoded([site("99999", "Ek")], PLACES))
    assert (row["match_level"], row["latitude"]) == ("place", 64.0)


def test_a_beginning_shared_by_places_far_apart_is_no_match(geocoded: Geocode) -> None:
    places = [place("12100", "A", 50.0), place("12900", "B", 60.0)]
    assert only(geocoded([site("12345", None)], places))["status"] == "unmatched"


def test_the_place_narrows_a_beginning_that_is_wide(geocoded: Geocode) -> None:
    places = [place("12100", "Aby", 50.0), place("12900", "Bo", 60.0), place("99000", "Aby", 70.0)]
    row = only(geocoded([site("12345", "Aby")], places))
    assert (row["match_type"], row["latitude"]) == ("prefix", 50.0)


@pytest.mark.parametrize(
    ("country", "held", "written", "wrong"),
    [
        ("GB", "AB1", "AB1 2CD", "AB12"),
        ("IE", "D15", "D15 Y3EC", "D1"),
        ("NL", "1234", "1234 AB", "123"),
    ],
)
def test_the_part_of_a_postcode_that_the_gazetteer_holds_is_found(
    geocoded: Geocode, country: str, held: str, written: str, wrong: str
) -> None:
    places = [
        place(held, "Right", 52.0, country_code=country),
        place(wrong, "Wrong", 53.0, country_code=country),
    ]
    row = only(geocoded([site(written, None, country)], places))
    assert (row["latitude"], row["match_type"]) == (52.0, "prefix")


def test_region_codes_of_two_countries_are_never_equal(geocoded: Geocode) -> None:
    places = [*PLACES, place("9", "Other", 1.0, country_code="XT"), place("8", "Own", 1.0, country_code="XU")]
    places[-1]["region_code"] = "XU1"
    rows = geocoded([site("01000", None), site("9", None, "XT"), site("8", None, "XU")], places)
    assert rows.read("site_points")["region_code"].to_pylist() == ["XS-N", "XT-N", "XU1"]


def test_either_name_of_a_bilingual_place_finds_it(geocoded: Geocode) -> None:
    places = [place("01000", "Alicante/Alacant", 38.3)]
    rows = geocoded([site(None, "Alacant"), site(None, "ALICANTE")], places).read("site_points")
    assert rows["latitude"].to_pylist() == [38.3, 38.3]
