"""The best match of each address over all gazetteers of a study."""

from typing import Final

import numpy as np
import pandas as pd

from clusterpanel.geocode.address import country_keys
from clusterpanel.geocode.cascade import match_addresses
from clusterpanel.geocode.gazetteer import Gazetteer
from clusterpanel.geocode.locations import MATCHED

UNMATCHED: Final = {
    "latitude": np.nan,
    "longitude": np.nan,
    "precision_m": np.nan,
    "region_code": "",
    "score": 0.0,
    "status": "unmatched",
    "match_level": "none",
    "match_type": "none",
    "tied_points": 0,
    "reason": "",
    "gazetteer": None,
}


def best_matches(locations: pd.DataFrame, gazetteers: tuple[Gazetteer, ...]) -> pd.DataFrame:
    """Return one row per location: the match with the highest score, of equal ones the earlier gazetteer's.

    Parameters
    ----------
    locations : DataFrame
        country_code, postcode, place, region_code as text, empty where missing; index 0..n-1.
    gazetteers : tuple of Gazetteer

    Returns
    -------
    DataFrame
        latitude, longitude, precision_m, region_code, score, status (matched, tie, unmatched), match_level,
        match_type, tied_points, reason, gazetteer.
    """
    number = locations.groupby(list(MATCHED), sort=True).ngroup().to_numpy()
    first = np.unique(number, return_index=True)[1]
    addresses = locations[list(MATCHED)].iloc[first].reset_index(drop=True)
    found = [
        match_addresses(addresses, gazetteer).assign(gazetteer=gazetteer.name) for gazetteer in gazetteers
    ]
    held = {country for gazetteer in gazetteers for country in gazetteer.countries}
    unmatched = pd.DataFrame(UNMATCHED, index=addresses.index).assign(reason=_reasons(addresses, held))
    every = pd.concat([*(part for part in found if len(part)), unmatched])
    ranked = every.sort_values("score", ascending=False, kind="stable")
    best = ranked[~ranked.index.duplicated()].sort_index()
    return best.iloc[number].reset_index(drop=True)[list(UNMATCHED)]


def _reasons(addresses: pd.DataFrame, held: set[str]) -> list[str]:
    country = country_keys(addresses["country_code"])
    said = np.select(
        [
            country == "",
            ~country.isin(held),
            (addresses["postcode"] == "") & (addresses["place"] == "") & (addresses["region_code"] == ""),
        ],
        [
            "the country is missing",
            "no gazetteer holds the country",
            "the address is missing",
        ],
        default="neither the postcode nor the place was found",
    )
    return [str(reason) for reason in said]
