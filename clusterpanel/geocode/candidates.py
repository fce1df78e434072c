"""Candidate points of addresses: one table form for every level of the cascade."""

from typing import Final, Literal

import pandas as pd

from clusterpanel.geocode.gazetteer import Gazetteer
from clusterpanel.geocode.point_groups import PointGroups
from clusterpanel.geocode.points import Centres, Ints, Points

MatchLevel = Literal["postcode", "place", "region"]

TIE_M: Final = 25_000.0
"""Places that share a key and lie farther than this from their centroid are a tie."""

FAR_APART: Final = "the places of the postcode are far apart"


def group_candidates(
    keys: pd.DataFrame,
    wanted: "pd.Series[str]",
    groups: PointGroups,
    gazetteer: Gazetteer,
    *,
    level: MatchLevel,
    has_place: bool,
) -> pd.DataFrame:
    """Return a candidate for each address whose wanted key is a group's.

    Parameters
    ----------
    keys : DataFrame
        What `address_keys` returns.
    wanted : Series of str
        The key to find for each row of `keys`.
    groups : PointGroups
    gazetteer : Gazetteer
    level : str
    has_place : bool
        Whether the place's name takes part in the key.
    """
    position = groups.find(wanted)
    is_found = position >= 0
    table = centre_candidates(
        keys[is_found], groups.centres, position[is_found], gazetteer, level=level, has_place=has_place
    )
    # A region is wide by nature; its spread is said as precision.
    is_tie = ((table["spread_m"] > TIE_M) & (level != "region")).to_numpy()
    table.loc[is_tie, "tied_points"] = groups.count_different(
        position[is_found][is_tie], gazetteer.point_number
    )
    table.loc[is_tie, "reason"] = FAR_APART
    return table


def centre_candidates(
    keys: pd.DataFrame,
    centres: Centres,
    position: Ints,
    gazetteer: Gazetteer,
    *,
    level: MatchLevel,
    has_place: bool,
) -> pd.DataFrame:
    """Return the centre at `position` as the candidate of each row of `keys`.

    Returns
    -------
    DataFrame
        Index as `keys`; country, latitude, longitude, spread_m, region_code, match_level, match_type,
        has_place, tied_points, reason.
    """
    return pd.DataFrame(
        {
            "country": keys["country"],
            "latitude": centres.points.latitude[position],
            "longitude": centres.points.longitude[position],
            "spread_m": centres.spread_m[position],
            "region_code": gazetteer.rows["region_code"].to_numpy()[centres.nearest[position]],
            "match_level": level,
            "match_type": "normalised",
            "has_place": has_place,
            "tied_points": 0,
            "reason": "",
        },
        index=keys.index,
    )


def first_of(*candidates: pd.DataFrame) -> pd.DataFrame:
    """Return each address's candidate of the first table that has one."""
    together = pd.concat([table for table in candidates if len(table)] or [candidates[0]])
    return together[~together.index.duplicated()]


def points_of(candidates: pd.DataFrame) -> Points:
    """Return the points of candidates."""
    return Points(candidates["latitude"].to_numpy(), candidates["longitude"].to_numpy())
