"""Match addresses to one gazetteer, level by level, from the postcode down to the region."""

from typing import Final

import numpy as np
import pandas as pd

from clusterpanel.geocode.address_keys import address_keys
from clusterpanel.geocode.candidates import TIE_M, first_of, group_candidates, points_of
from clusterpanel.geocode.gazetteer import Gazetteer, joined
from clusterpanel.geocode.points import Bools, Floats, distance_m
from clusterpanel.geocode.shared_prefix import prefix_candidates

SCORES: Final = {
    ("postcode", "exact", True): 1.0,
    ("postcode", "normalised", True): 0.95,
    ("postcode", "exact", False): 0.9,
    ("postcode", "normalised", False): 0.85,
    ("postcode", "prefix", True): 0.8,
    ("postcode", "prefix", False): 0.7,
    ("place", "exact", True): 0.6,
    ("place", "normalised", True): 0.5,
    ("region", "centroid", False): 0.2,
}
"""By level, type and whether the place's name agrees; a tie or a contradiction halves it."""

PREFIX_FLOOR: Final = 2.0
"""A point by a postcode's beginning is at least a whole distance to the next postcode uncertain, not half."""

POINTLESS: Final[dict[str, str | float]] = {
    "latitude": np.nan,
    "longitude": np.nan,
    "precision_m": np.nan,
    "region_code": "",
    "score": 0.0,
    "match_level": "none",
    "match_type": "none",
}
SAME_NAME: Final = "several places far apart have the name"
CONTRADICTION: Final = "the postcode and the place name are far apart"


def match_addresses(addresses: pd.DataFrame, gazetteer: Gazetteer) -> pd.DataFrame:
    """Return the best match of each address, never across countries.

    Parameters
    ----------
    addresses : DataFrame
        country_code, postcode, place, region_code as text, empty where missing; a unique index.
    gazetteer : Gazetteer

    Returns
    -------
    DataFrame
        Index as `addresses`, only the rows with a match or a tie; latitude, longitude (degrees; missing for a
        tie of names that no region decides), precision_m, region_code, status (matched or tie), score,
        match_level, match_type, tied_points, reason.
    """
    held = addresses[addresses["country_code"].str.strip() != ""]
    if held.empty:
        return held
    keys = address_keys(held, gazetteer)
    keys = keys[keys["country"].isin(gazetteer.countries)]
    if keys.empty:
        return keys
    postcodes = _by_postcode(keys, gazetteer)
    places, ties = _by_place(keys.drop(postcodes.index[postcodes["has_place"]]), gazetteer)
    narrowed, beginnings = prefix_candidates(keys.drop(postcodes.index), gazetteer)
    near = _near(places, beginnings)
    points = first_of(postcodes, narrowed, near, beginnings, places, _by_region(keys, gazetteer))
    points = _contradicted(points, places)
    return _finish(points, ties, gazetteer)


def _by_postcode(keys: pd.DataFrame, gazetteer: Gazetteer) -> pd.DataFrame:
    found = []
    for column in ("postcode", "held_part"):
        for name in ("bare_place", "first_name"):
            wanted = joined(keys, column, name)
            found.append(
                group_candidates(
                    keys, wanted, gazetteer.postcode_places, gazetteer, level="postcode", has_place=True
                )
            )
        wanted = joined(keys, column)
        found.append(
            group_candidates(keys, wanted, gazetteer.postcodes, gazetteer, level="postcode", has_place=False)
        )
    points = first_of(*found)
    of = keys.loc[points.index]
    is_held = gazetteer.postcodes.find(joined(of, "postcode")) >= 0
    is_exact = _is_in(gazetteer.postcode_texts, joined(of, "postcode_text"))
    kind = np.where(is_exact, "exact", np.where(is_held, "normalised", "prefix"))
    return points.assign(match_type=kind)


def _by_place(keys: pd.DataFrame, gazetteer: Gazetteer) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the points of names that lie in one area, and the ties of those that do not."""
    names = {"place": gazetteer.places, "other_name": gazetteer.places, "bare_place": gazetteer.bare_places,
             "first_name": gazetteer.bare_places}  # fmt: skip
    named = first_of(
        *[
            group_candidates(keys, joined(keys, column), groups, gazetteer, level="place", has_place=True)
            for column, groups in names.items()
        ]
    )
    is_tie = named["tied_points"] > 0
    tied = keys.loc[named.index[is_tie]]
    wanted = joined(tied, "region_code", "bare_place")
    decided = group_candidates(
        tied, wanted, gazetteer.region_places, gazetteer, level="place", has_place=True
    )
    decided = decided[decided["tied_points"] == 0]
    points = first_of(named[~is_tie], decided)
    is_exact = _is_in(gazetteer.place_texts, joined(keys.loc[points.index], "place_text"))
    ties = named[is_tie].drop(decided.index)
    return points.assign(match_type=np.where(is_exact, "exact", "normalised")), ties


def _is_in(texts: "pd.Index[str]", wanted: "pd.Series[str]") -> Bools:
    return texts.get_indexer(pd.Index(wanted, dtype="object")) >= 0


def _by_region(keys: pd.DataFrame, gazetteer: Gazetteer) -> pd.DataFrame:
    wanted = joined(keys, "region_code")
    found = group_candidates(keys, wanted, gazetteer.regions, gazetteer, level="region", has_place=False)
    return found.assign(match_type="centroid")


def _near(places: pd.DataFrame, beginnings: pd.DataFrame) -> pd.DataFrame:
    """Return the places that lie where the beginning of the postcode says."""
    both = places[places.index.isin(beginnings.index)]
    around = beginnings.loc[both.index]
    return both[distance_m(points_of(both), points_of(around)) <= TIE_M + around["spread_m"].to_numpy()]


def _contradicted(points: pd.DataFrame, places: pd.DataFrame) -> pd.DataFrame:
    """Say where the place's name is known, but far from the postcode."""
    asked = points[
        (points["match_level"] == "postcode") & ~points["has_place"] & points.index.isin(places.index)
    ]
    named = places.loc[asked.index]
    limit = TIE_M + asked["spread_m"] + named["spread_m"]
    is_far = distance_m(points_of(asked), points_of(named)) > limit
    reason = points["reason"].copy()
    reason.loc[asked.index[is_far & (asked["tied_points"] == 0)]] = CONTRADICTION
    return points.assign(reason=reason)


def _finish(points: pd.DataFrame, ties: pd.DataFrame, gazetteer: Gazetteer) -> pd.DataFrame:
    """Add precision, score and status; a tie of names stays one where only the region was found."""
    kind = zip(points["match_level"], points["match_type"], points["has_place"], strict=True)
    points = points.assign(precision_m=_precision_m(points, gazetteer), score=[SCORES[key] for key in kind])
    above = points.index[points["match_level"] != "region"]
    left = ties.drop(above.intersection(ties.index)).assign(reason=SAME_NAME)
    both = left.index.intersection(points.index)
    points.loc[both, "reason"] = SAME_NAME
    points.loc[both, "tied_points"] = left.loc[both, "tied_points"]
    pointless = left.drop(both).assign(**POINTLESS)
    matches = pd.concat([table for table in (points, pointless) if len(table)] or [points])
    status = np.where(matches["tied_points"] > 0, "tie", "matched")
    score = matches["score"].where(matches["reason"] == "", matches["score"] / 2)
    matches = matches.assign(status=status, score=score)
    return matches.drop(columns=["country", "spread_m", "has_place"]).sort_index()


def _precision_m(points: pd.DataFrame, gazetteer: Gazetteer) -> Floats:
    """Return the spread, but at least half the way to the next postcode; missing if there is no other."""
    gap = gazetteer.half_gap_m(points["country"], points_of(points))
    floor = np.where(points["match_type"] == "prefix", PREFIX_FLOOR * gap, gap)
    precision: Floats = np.fmax(points["spread_m"].to_numpy(), floor)
    precision[(points["spread_m"] == 0).to_numpy() & np.isnan(gap)] = np.nan
    return precision
