from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from clusterpanel.errors import DataError, SpecError
from clusterpanel.registry.registry import Registry

Geocode = Callable[..., Registry]

PLACES = [
    {"country_code": "XS", "postcode": str(1000 + n), "place": f"P{n}", "region_code": "N",
     "latitude": latitude, "longitude": longitude}
    for n, (latitude, longitude) in enumerate([(56.0, 12.0), (60.0, 18.0), (64.0, 20.0)])
]  # fmt: skip


def site(latitude: float | None, longitude: float | None, **other: Any) -> dict[str, Any]:
    return {"country_code": "XS", "postcode": "1001", "latitude": latitude, "longitude": longitude, **other}


SOUND = [site(60.0 + n / 997, 18.0 + n / 991, address=f"Road {n}") for n in range(1, 6)]


def counts(registry: Registry) -> dict[str, int]:
    return {
        row["rule"]: row["sites"] for row in registry.read("coordinate_faults").to_pylist() if row["sites"]
    }


@pytest.mark.parametrize(
    ("latitude", "longitude", "rule"),
    [
        (0.0, 0.0, "zero_zero"),
        (18.1, 60.1, "swapped_axes"),
        (601.0, 18.1, "out_of_range"),
        (40.123, 18.123, "outside_country"),
    ],
)
def test_a_coordinate_that_breaks_a_hard_rule_gives_way_to_the_postcode(
    geocoded: Geocode, latitude: float, longitude: float, rule: str
) -> None:
    registry = geocoded([*SOUND, site(latitude, longitude)], PLACES)
    row = registry.read("site_points").to_pylist()[-1]
    assert (row["status"], row["match_level"], row["latitude"]) == ("rejected", "postcode", 60.0)
    assert rule in row["reason"]
    assert {key: n for key, n in counts(registry).items() if key in {rule, "zero_zero", "swapped_axes"}} == {
        rule: 1
    }


def test_a_sound_coordinate_is_kept_with_half_its_step_as_precision(geocoded: Geocode) -> None:
    row = geocoded([*SOUND, site(60.123, 18.25)], PLACES).read("site_points").to_pylist()[-1]
    assert (row["status"], row["match_level"], row["match_type"]) == ("supplied", "coordinates", "supplied")
    assert (row["latitude"], row["longitude"], row["score"]) == (60.123, 18.25, 1.0)
    assert row["precision_m"] == pytest.approx(55.6, abs=0.1)


def test_rows_without_a_coordinate_are_matched_by_address(geocoded: Geocode) -> None:
    row = geocoded([*SOUND, site(None, 18.0)], PLACES).read("site_points").to_pylist()[-1]
    assert (row["status"], row["match_level"]) == ("matched", "postcode")


def test_soft_rules_count_and_keep_the_point(geocoded: Geocode) -> None:
    far = site(62.1234, 18.1234, address="Far")
    coarse = site(60.1, 18.12, address="Coarse")
    registry = geocoded([*SOUND, far, coarse], PLACES)
    assert registry.read("site_points")["status"].to_pylist() == ["supplied"] * 7
    found = counts(registry)
    assert found["fewer_than_3_decimals"] == 1
    # Postcode 1001 is known to half the way to its neighbour, 225 km; three times that is not exceeded.
    assert "far_from_postcode" not in found


def test_a_point_far_from_its_precise_postcode_is_counted(geocoded: Geocode) -> None:
    near = {**PLACES[1], "postcode": "1009", "latitude": 60.01}
    registry = geocoded([*SOUND, site(61.1234, 18.1234, address="Far")], [*PLACES, near])
    assert counts(registry)["far_from_postcode"] == 1


@pytest.mark.parametrize(("addresses", "piled"), [(25, 25), (19, 0)])
def test_a_point_shared_by_many_addresses_is_a_pile_up(geocoded: Geocode, addresses: int, piled: int) -> None:
    pile = [site(60.5555, 18.5555, address=f"Street {n}") for n in range(addresses)]
    assert counts(geocoded([*SOUND, *pile], PLACES)).get("pile_up", 0) == piled


def test_plants_of_one_address_are_no_pile_up(geocoded: Geocode) -> None:
    pile = [site(60.5555, 18.5555, address="Works road 1") for _ in range(40)]
    assert "pile_up" not in counts(geocoded([*SOUND, *pile], PLACES))


def minutes(value: float) -> float:
    return round(int(value) + (value % 1) * 0.6, 4)


def scattered(spread: float) -> list[tuple[float, float]]:
    rng = np.random.default_rng(5)
    return [
        (PLACES[n % 3]["latitude"] + a, PLACES[n % 3]["longitude"] + b)
        for n, (a, b) in enumerate(rng.uniform(0, spread, (120, 2)).round(4))
    ]


def test_degrees_minutes_without_a_postcode_to_confirm_them_are_only_suspicious(geocoded: Geocode) -> None:
    sites = [{"latitude": minutes(a), "longitude": minutes(b)} for a, b in scattered(0.99)]
    assert counts(geocoded(sites, PLACES))["maybe_degrees_minutes"] == 120


def test_degrees_minutes_that_the_postcodes_confirm_stop_the_run(geocoded: Geocode) -> None:
    places = [
        {**PLACES[0], "postcode": str(2000 + n), "place": f"Q{n}", "latitude": a, "longitude": b}
        for n, (a, b) in enumerate(scattered(0.99))
    ]
    sites = [site(minutes(a), minutes(b), postcode=str(2000 + n)) for n, (a, b) in enumerate(scattered(0.99))]
    with pytest.raises(DataError, match="degrees_minutes in 120 of 120"):
        geocoded(sites, places)


def test_decimal_degrees_are_not_suspected(geocoded: Geocode) -> None:
    sites = [{"latitude": a, "longitude": b} for a, b in scattered(0.99)]
    assert "maybe_degrees_minutes" not in counts(geocoded(sites, PLACES))


@pytest.mark.parametrize(
    ("latitude", "longitude", "rule"), [(18.1, 60.1, "swapped_axes"), (0.0, 0.0, "zero_zero")]
)
def test_a_rule_broken_by_most_coordinates_is_a_fault_of_the_file(
    geocoded: Geocode, latitude: float, longitude: float, rule: str
) -> None:
    sites = [*SOUND[:2], *(site(latitude, longitude) for _ in range(3))]
    with pytest.raises(DataError, match=f"{rule} in 3 of 5") as caught:
        geocoded(sites, PLACES)
    assert caught.value.faults[0].hint


def test_easting_and_northing_become_degrees(geocoded: Geocode) -> None:
    # On the central meridian, northing is .9996 of GRS80's arc from the equator, 6 654 072.82 m to 60 N.
    northing = 0.9996 * 6_654_072.82
    sites = [{"country_code": "XS", "postcode": "1001", "easting": 500_000.25, "northing": northing}]
    row = geocoded(sites, PLACES, crs="EPSG:3006").read("site_points").to_pylist()[0]
    assert row["status"] == "supplied"
    assert row["precision_m"] == 1.0
    assert (row["latitude"], row["longitude"]) == pytest.approx((60.0, 15.0), abs=1e-5)


def test_exchanged_easting_and_northing_are_named(geocoded: Geocode) -> None:
    sites = [{"country_code": "XS", "easting": 6_580_821.9, "northing": 674_032.3}]
    with pytest.raises(DataError, match="swapped_axes"):
        geocoded(sites, PLACES, crs="EPSG:3006")


@pytest.mark.parametrize("crs", ["EPSG:999999", "nonsense", "EPSG:4326"])
def test_an_unknown_or_geographic_system_of_easting_is_refused(geocoded: Geocode, crs: str) -> None:
    with pytest.raises(SpecError, match="cannot be turned into degrees"):
        geocoded([{"country_code": "XS", "easting": 1.0, "northing": 2.0}], PLACES, crs=crs)


def test_without_coordinates_there_are_no_faults(geocoded: Geocode) -> None:
    registry = geocoded([{"country_code": "XS", "postcode": "1001"}], PLACES)
    assert registry.read("coordinate_faults").num_rows == 0
