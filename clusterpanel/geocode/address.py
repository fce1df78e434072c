"""Write postcodes and place names the same way wherever they come from, so that they can be compared."""

import re
import unicodedata
from typing import Final

import pandas as pd

COUNTRY_NAMES: Final = {"UK": "GB", "EL": "GR"}
"""Codes the European institutions write for ISO's."""

ROAD_SIGNS: Final = {
    "AT": "A", "BE": "B", "DE": "D", "ES": "E", "FI": "FIN", "FR": "F", "HR": "HR", "HU": "H", "IE": "IRL",
    "IT": "I", "LU": "L", "NO": "N", "PT": "P", "SE": "S", "SI": "SLO",
}  # fmt: skip
"""The letters some write before a postcode beside the country's code, as in D-20095."""

TERRITORIES: Final = {
    ("FR", "971"): "GP", ("FR", "972"): "MQ", ("FR", "973"): "GF", ("FR", "974"): "RE", ("FR", "975"): "PM",
    ("FR", "976"): "YT", ("FI", "22"): "AX",
}  # fmt: skip
"""Countries of their own in gazetteers, though registers write their postcodes under another."""

SEPARATOR: Final = r"[\s.\-–/]"
WORDS: Final = {"sankt": "st", "saint": "st", "sint": "st", "sveti": "sv", "sainte": "ste"}
STROKES: Final = {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"}
APOSTROPHES: Final = "'’`´ʼ"
NUMBERS: Final = r"( (\d+[a-z]?|[ivx]+|k|vienk|mstl|linn))+$"
FILLER: Final = r"(0|1|2|3|4|5|6|7|8|9)\1{2,}"


class _Letters(dict[int, str]):
    """What each letter becomes in a key, worked out at its first use."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        plain = "".join(STROKES.get(small, small) for small in letter.casefold())
        kept = [part for part in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(part)]
        is_gone = letter in APOSTROPHES or unicodedata.combining(letter)
        key = "" if is_gone else "".join(part if part.isalnum() else " " for part in kept)
        self[code] = key
        return key


LETTERS: Final = _Letters()


def country_keys(countries: "pd.Series[str]") -> "pd.Series[str]":
    """Return ISO codes of countries in capitals."""
    return countries.str.strip().str.upper().replace(COUNTRY_NAMES)


def territory_keys(countries: "pd.Series[str]", postcodes: "pd.Series[str]") -> "pd.Series[str]":
    """Return the countries, or the territory that the postcode's beginning says: Réunion is RE, not FR."""
    keys = countries
    for (country, beginning), territory in TERRITORIES.items():
        keys = keys.where((countries != country) | ~postcodes.str.startswith(beginning), territory)
    return keys


def postcode_keys(postcodes: "pd.Series[str]", countries: "pd.Series[str]") -> "pd.Series[str]":
    """Return postcodes without separators, prefixes of the country, and text that follows.

    A key of two parts has one space: what a gazetteer usually holds (outward code, routing key, digits), and
    the rest.

    Parameters
    ----------
    postcodes, countries : Series of str
        Aligned; an empty text is missing. Countries as `country_keys` writes them.
    """
    codes, distinct = pd.factorize(countries + "|" + postcodes)
    parts = pd.Series(distinct, dtype="str").str.partition("|")
    return _postcode_keys(parts[2], parts[0]).take(codes).set_axis(postcodes.index)


def _postcode_keys(postcodes: "pd.Series[str]", countries: "pd.Series[str]") -> "pd.Series[str]":
    text = _without_country(postcodes.str.strip().str.upper(), countries)
    starts_with_digit = text.str.slice(0, 1).str.isdigit()
    digits = text.str.replace(r"[^\d\s.\-–/].*$", "", regex=True).str.replace(r"\D", "", regex=True)
    key = digits.where(starts_with_digit, "")
    dutch = starts_with_digit & (countries == "NL")
    tail = text[dutch].str.extract(r"^\d[\d\s]*([A-Z]{2})(?![A-Z])", expand=False).dropna()
    key.loc[tail.index] += " " + tail
    key.loc[~starts_with_digit] = _lettered(text[~starts_with_digit])
    return key


def _without_country(text: "pd.Series[str]", countries: "pd.Series[str]") -> "pd.Series[str]":
    lettered = text[~text.str.slice(0, 1).str.isdigit()]
    letters = lettered.str.extract(rf"^([A-Z]{{1,3}}){SEPARATOR}*\d", expand=False)
    country = countries[lettered.index]
    signed = lettered[(letters == country) | (letters == country.map(ROAD_SIGNS))]
    text = text.copy()
    text.loc[signed.index] = signed.str.replace(rf"^[A-Z]{{1,3}}{SEPARATOR}*", "", regex=True)
    return text


def _lettered(text: "pd.Series[str]") -> "pd.Series[str]":
    """Return codes that begin with a letter as two parts: British, Irish, Maltese, or as they are."""
    words = text.str.replace(r"[^A-Z0-9]+", " ", regex=True).str.strip()
    key = words
    compact = words.str.replace(" ", "")
    # The last part of a British code begins with a digit; the letter O is a common slip for the zero.
    british = compact.str.extract(r"^([A-Z]{1,2}\d[A-Z\d]?)([\dO][A-Z]{2})$")
    key = key.where(british[0].isna(), british[0] + " " + british[1].str.replace("^O", "0", regex=True))
    for pattern in (r"^([A-Z]\d[\dW])([A-Z\d]{4})$", r"^([A-Z]{3})(\d{2,4})$"):
        parts = compact.str.extract(pattern)
        key = key.where(parts[0].isna(), parts[0] + " " + parts[1])
    return key


def place_keys(places: "pd.Series[str]") -> "pd.Series[str]":
    """Return place names in small letters without accents, punctuation and post office words.

    Parameters
    ----------
    places : Series of str
        An empty text is missing.
    """
    codes, distinct = pd.factorize(places)
    keys = pd.Series([_place_key(name) for name in distinct.tolist()], dtype="str")
    return keys.take(codes).set_axis(places.index)


def bare_place_keys(keys: "pd.Series[str]") -> "pd.Series[str]":
    """Return place keys without the numbers of post offices and districts, as in milano 12 and kladno iii."""
    codes, distinct = pd.factorize(keys)
    bare = pd.Series(distinct, dtype="str").str.replace(NUMBERS, "", regex=True)
    return bare.take(codes).set_axis(keys.index)


def _place_key(name: str) -> str:
    text = name.translate(LETTERS)
    if "cedex" in text:
        text = re.sub(r"\bcedex\b.*", "", text)
    words = " ".join(WORDS.get(word, word) for word in text.split())
    # Bulgarian names are written with and without the j of the scientific transliteration.
    return words.removesuffix("ija") + "ia" if words.endswith("ija") else words
