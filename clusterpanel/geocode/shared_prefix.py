"""Match postcodes the gazetteer does not hold by the beginning they share with those it does."""

from typing import Final

import numpy as np
import pandas as pd

from clusterpanel.geocode.candidates import TIE_M, centre_candidates, first_of
from clusterpanel.geocode.gazetteer import BETWEEN, Gazetteer, joined
from clusterpanel.geocode.points import Centres, Ints, centres_of, spans, starts_of

MOST_DROPPED: Final = 2
"""Digits that may be taken off the end of a postcode where no place's name narrows what remains."""

FEWEST_KEPT: Final = 2
LAST_SIGN: Final = "\U0010ffff"


def prefix_candidates(keys: pd.DataFrame, gazetteer: Gazetteer) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return candidates by shared beginning: those the place's name narrows, and all postcodes' centroids.

    A centroid is a candidate only where nothing it stands for is more than `TIE_M` from it.

    Parameters
    ----------
    keys : DataFrame
        What `address_keys` returns.
    gazetteer : Gazetteer
    """
    numeric = keys[keys["held_part"].str.fullmatch(r"\d+")]
    narrowed, whole = [], []
    longest = int(numeric["held_part"].str.len().max()) if len(numeric) else 0
    for dropped in range(max(longest - FEWEST_KEPT, 0) + 1):
        prefix = numeric["held_part"].str.slice(0, -dropped if dropped else None)
        long_enough = prefix.str.len() >= FEWEST_KEPT
        ranges = _postcode_ranges(numeric[long_enough], prefix[long_enough], gazetteer)
        narrowed.append(_by_place(ranges, gazetteer))
        whole += [_by_all(ranges, gazetteer)] if dropped <= MOST_DROPPED else []
    named, alone = first_of(*narrowed), first_of(*whole)
    return named[named["spread_m"] <= TIE_M], alone[alone["spread_m"] <= TIE_M]


def _postcode_ranges(keys: pd.DataFrame, prefix: "pd.Series[str]", gazetteer: Gazetteer) -> pd.DataFrame:
    """Return the addresses some postcode shares the prefix of, with the range of those postcodes' groups."""
    held = gazetteer.postcodes.keys.to_numpy(dtype=np.str_)
    wanted = (keys["country"] + BETWEEN + prefix).to_numpy(dtype=np.str_)
    low = np.searchsorted(held, wanted)
    high = np.searchsorted(held, np.char.add(wanted, LAST_SIGN))
    return keys.assign(low=low, high=high)[high > low]


def _by_all(ranges: pd.DataFrame, gazetteer: Gazetteer) -> pd.DataFrame:
    groups = gazetteer.postcodes
    distinct = ranges[["low", "high"]].drop_duplicates()
    first, last = groups.starts[distinct["low"].to_numpy()], groups.starts[distinct["high"].to_numpy()]
    centres = centres_of(gazetteer.points, groups.rows[spans(first, last)], starts_of(last - first))
    return _candidates(ranges, distinct, centres, gazetteer, has_place=False)


def _by_place(ranges: pd.DataFrame, gazetteer: Gazetteer) -> pd.DataFrame:
    names = gazetteer.bare_places
    name, first = (names.find(joined(ranges, column)) for column in ("bare_place", "first_name"))
    named = ranges.assign(name=np.where(name >= 0, name, first))
    named = named[named["name"] >= 0]
    distinct = named[["low", "high", "name"]].drop_duplicates()
    name = distinct["name"].to_numpy()
    rows = names.rows[spans(names.starts[name], names.starts[name + 1])]
    wish = np.repeat(np.arange(len(distinct)), names.starts[name + 1] - names.starts[name])
    group = _group_of_row(gazetteer)[rows]
    is_inside = (group >= distinct["low"].to_numpy()[wish]) & (group < distinct["high"].to_numpy()[wish])
    met, count = np.unique(wish[is_inside], return_counts=True)
    centres = centres_of(gazetteer.points, rows[is_inside], starts_of(count))
    return _candidates(named, distinct.iloc[met], centres, gazetteer, has_place=True)


def _candidates(
    ranges: pd.DataFrame, distinct: pd.DataFrame, centres: Centres, gazetteer: Gazetteer, has_place: bool
) -> pd.DataFrame:
    """Hand each centre, in the order of `distinct`, to the addresses with the same columns."""
    numbered = distinct.assign(position=np.arange(len(distinct)))
    position = ranges.merge(numbered, on=list(distinct.columns), how="left")["position"].fillna(-1)
    found = position.to_numpy(dtype=np.int64)
    table = centre_candidates(
        ranges[found >= 0], centres, found[found >= 0], gazetteer, level="postcode", has_place=has_place
    )
    return table.assign(match_type="prefix")


def _group_of_row(gazetteer: Gazetteer) -> Ints:
    groups = gazetteer.postcodes
    group = np.full(len(gazetteer.rows), -1, dtype=np.int64)
    group[groups.rows] = np.repeat(np.arange(len(groups.keys)), np.diff(groups.starts))
    return group
