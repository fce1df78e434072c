"""The distinct addresses and coordinates of sites, so that each is looked up once."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from clusterpanel.geocode.points import Ints
from clusterpanel.geocode.supplied import COORDINATES

ADDRESS: Final = ("country_code", "postcode", "place", "region_code", "address")
MATCHED: Final = ADDRESS[:4]


@dataclass(frozen=True)
class Locations:
    """Distinct locations of the rows of ``sites``.

    Attributes
    ----------
    frame : DataFrame
        One row per location: country_code, postcode, place, region_code as text, empty where missing; the
        supplied coordinates; address_number, equal for equal addresses.
    number : (rows,) array
        The location of each row of ``sites``.
    """

    frame: pd.DataFrame
    number: Ints


def locations_of(sites: pd.DataFrame) -> Locations:
    """Return the distinct locations of sites."""
    has_coordinates = [name for name in COORDINATES if name in sites]
    texts = {name: _text(sites, name) for name in ADDRESS if name in MATCHED or has_coordinates}
    # Sites without any address each count as one of their own when pile-ups are looked for.
    written = [*texts.values()] if any(name in sites for name in ADDRESS[1:]) else [sites["site_id"]]
    address = _number(written)
    number = _number([pd.Series(address), *(sites[name] for name in has_coordinates), *texts.values()])
    frame = pd.DataFrame(
        {**texts, **{name: sites[name] for name in has_coordinates}, "address_number": address}
    )
    first = np.unique(number, return_index=True)[1]
    return Locations(frame.iloc[first].reset_index(drop=True), number)


def _text(sites: pd.DataFrame, name: str) -> "pd.Series[str]":
    if name not in sites:
        return pd.Series("", index=sites.index, dtype="str")
    return sites[name].astype("str").fillna("").str.strip()


def _number(columns: list["pd.Series[str]"]) -> Ints:
    """Return the number of each row's combination of values, missing ones equal."""
    number = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        codes, distinct = pd.factorize(column, use_na_sentinel=False)
        number = pd.factorize(number * max(len(distinct), 1) + codes)[0].astype(np.int64)
    return number
