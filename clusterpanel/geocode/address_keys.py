"""Prepare addresses for a gazetteer: their keys, their country, and the part of the postcode it can hold."""

import numpy as np
import pandas as pd

from clusterpanel.geocode.address import (
    FILLER,
    bare_place_keys,
    country_keys,
    place_keys,
    postcode_keys,
    territory_keys,
)
from clusterpanel.geocode.gazetteer import BETWEEN, Gazetteer, joined

ADDRESS_COLUMNS = ("country_code", "postcode", "place", "region_code")


def address_keys(addresses: pd.DataFrame, gazetteer: Gazetteer) -> pd.DataFrame:
    """Return the keys of each address that `gazetteer` can be asked for.

    Parameters
    ----------
    addresses : DataFrame
        country_code, postcode, place, region_code as text, empty where missing.
    gazetteer : Gazetteer

    Returns
    -------
    DataFrame
        country, postcode_text, postcode, held_part, place_text, place, bare_place, other_name, first_name,
        region_code: text, empty where missing; rows as in `addresses`.
    """
    country = country_keys(addresses["country_code"])
    postcode = postcode_keys(addresses["postcode"], country).fillna("")
    place = place_keys(addresses["place"])
    keys = pd.DataFrame(
        {
            "country": territory_keys(country, postcode),
            "postcode_text": addresses["postcode"].str.strip(),
            "postcode": postcode,
            "place_text": addresses["place"].str.strip(),
            "place": place,
            "bare_place": bare_place_keys(place),
            "first_name": _first_names(addresses["place"]),
            "other_name": _other_names(addresses["postcode"]),
        }
    )
    keys["region_code"] = _region_codes(keys, addresses["region_code"], gazetteer)
    return _with_parts(keys, gazetteer)


def _first_names(places: "pd.Series[str]") -> "pd.Series[str]":
    """Return what stands before a comma, a bracket, a slash or a dash."""
    first = places.str.replace(r"(?<=\w\w)\s*(?:[,;(/]|\s[-–]\s).*$", "", regex=True)
    return bare_place_keys(place_keys(first))


def _other_names(postcodes: "pd.Series[str]") -> "pd.Series[str]":
    """Return postcodes that name a post district, as in Dublin 15; without a number it may be a county."""
    is_name = postcodes.str.strip().str.fullmatch(r"[^\W\d]{3,}\s+\d{1,2}")
    return place_keys(postcodes.where(is_name, ""))


def _region_codes(keys: pd.DataFrame, regions: "pd.Series[str]", gazetteer: Gazetteer) -> "pd.Series[str]":
    """Return the gazetteer's code of the region the register gives, or else that the place is named as."""
    known = gazetteer.region_of_name
    code = pd.Series("", index=keys.index, dtype="str")
    for written in (regions.str.strip(), place_keys(regions), keys["other_name"], keys["place"]):
        found = (keys["country"] + BETWEEN + written).map(known)
        code = code.where((code != "") | found.isna(), found)
    return code


def _with_parts(keys: pd.DataFrame, gazetteer: Gazetteer) -> pd.DataFrame:
    """Restore the zero that a spreadsheet took off a postcode, and cut what a gazetteer of fewer signs lacks.

    A digit over and over that is no postcode of the gazetteer, such as 99999, stands for a missing one.
    """
    is_unknown = gazetteer.postcodes.find(joined(keys, "postcode")) < 0
    keys["postcode"] = keys["postcode"].where(~(is_unknown & keys["postcode"].str.fullmatch(FILLER)), "")
    width = keys["country"].map(gazetteer.digits).fillna(-1).astype(np.int64)
    length = keys["postcode"].str.len()
    is_short = keys["postcode"].str.fullmatch(r"\d+") & (length == width - 1)
    restored = keys.assign(postcode="0" + keys["postcode"])
    is_held = gazetteer.postcodes.find(joined(restored, "postcode")) >= 0
    keys["postcode"] = keys["postcode"].where(~(is_short & is_held), restored["postcode"])
    first = keys["postcode"].str.split(" ", n=1).str[0].fillna("")
    is_long = keys["postcode"].str.fullmatch(r"\d+") & (width > 0) & (length > width)
    cut = [part[:digits] if long else part for part, digits, long in zip(first, width, is_long, strict=True)]
    keys["held_part"] = pd.Series(cut, index=keys.index, dtype="str")
    return keys
