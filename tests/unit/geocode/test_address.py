import pandas as pd
import pytest

from clusterpanel.geocode.address import (
    bare_place_keys,
    country_keys,
    place_keys,
    postcode_keys,
    territory_keys,
)


def text(*values: str) -> "pd.Series[str]":
    return pd.Series(list(values), dtype="str")


@pytest.mark.parametrize(
    ("country", "written", "key"),
    [
        ("DE", "D-01067", "01067"),
        ("DE", "01067 Dresden", "01067"),
        ("DE", "01067-1234", "010671234"),
        ("AT", "A-1010", "1010"),
        ("SE", "SE-831 27", "83127"),
        ("SE", "831 27", "83127"),
        ("LU", "L-4514", "4514"),
        ("LV", "LV- 1234", "1234"),
        ("LT", "LT35114", "35114"),
        ("PL", "72-410", "72410"),
        ("PT", "4450-852", "4450852"),
        ("PT", "4450 – 852 Matosinhos", "4450852"),
        ("CZ", "798 47", "79847"),
        ("FR", "31015 CEDEX 6", "31015"),
        ("NL", "1234 AB", "1234 AB"),
        ("NL", "1234ab", "1234 AB"),
        ("NL", "1234 Amsterdam", "1234"),
        ("GB", "AB12 3CD", "AB12 3CD"),
        ("GB", "ab123cd", "AB12 3CD"),
        ("GB", "LA 1 3PQ", "LA1 3PQ"),
        ("GB", "SE10 OAA", "SE10 0AA"),
        ("GB", "EC3V 0BT", "EC3V 0BT"),
        ("GB", "PL24", "PL24"),
        ("IE", "D15Y3EC", "D15 Y3EC"),
        ("IE", "A92 X865", "A92 X865"),
        ("MT", "MRS 1000", "MRS 1000"),
        ("CY", "7733, Kalavasos", "7733"),
        ("XS", "00 120", "00120"),
        ("DE", "", ""),
        ("SE", "*", ""),
    ],
)
def test_a_postcode_has_one_key_however_it_is_written(country: str, written: str, key: str) -> None:
    assert postcode_keys(text(written), text(country)).tolist() == [key]


def test_only_the_countrys_own_letters_are_taken_off_a_postcode() -> None:
    assert postcode_keys(text("G12 8QQ", "D-20095"), text("GB", "GB")).tolist() == ["G12 8QQ", "D 20095"]


def test_place_names_agree_whatever_their_accents_case_and_punctuation() -> None:
    written = text(
        "Gmünd", "GMUND", "Łódź", "lodz", "L'Aquila", "LAquila", "St.-Étienne", "Saint Etienne Cedex 9"
    )
    keys = place_keys(written).tolist()
    assert keys[0] == keys[1]
    assert keys[2] == keys[3]
    assert keys[4] == keys[5]
    assert keys[6] == keys[7] == "st etienne"


def test_numbers_of_districts_are_dropped_only_from_the_bare_name() -> None:
    keys = place_keys(text("Milano 12", "Kladno III", "Xi"))
    assert keys.tolist() == ["milano 12", "kladno iii", "xi"]
    assert bare_place_keys(keys).tolist() == ["milano", "kladno", "xi"]


def test_an_overseas_postcode_belongs_to_its_own_country() -> None:
    postcodes = text("97410", "75001", "22100")
    assert territory_keys(text("FR", "FR", "FI"), postcodes).tolist() == ["RE", "FR", "AX"]


def test_european_country_codes_become_iso_codes() -> None:
    assert country_keys(text(" uk", "EL", "se")).tolist() == ["GB", "GR", "SE"]
