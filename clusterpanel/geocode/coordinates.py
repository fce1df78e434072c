"""The coordinate linter: what is wrong with supplied coordinates, and what is only suspicious."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd

from clusterpanel.geocode.degrees_minutes import are_degrees_minutes
from clusterpanel.geocode.points import Bools, Floats, Points, distance_m
from clusterpanel.geocode.supplied import Supplied

BOX_MARGIN_DEGREES: Final = 1.0
COARSE_STEP_M: Final = 100.0
"""Half a step of two decimals is 556 m, of three 56 m: this tells them apart."""

PILE_SHARE: Final = 0.05
PILE_ADDRESSES: Final = 20
FAR_M: Final = 25_000.0
FAR_PRECISIONS: Final = 3.0


@dataclass(frozen=True)
class Rule:
    """One rule: a hard one rejects the coordinate, a soft one counts it."""

    name: str
    severity: Literal["hard", "soft"]
    what_to_do: str


RULES: Final = (
    Rule("zero_zero", "hard", "Declare 0 as missing in the source spec (missingValues)."),
    Rule(
        "swapped_axes",
        "hard",
        "Exchange the columns mapped to latitude and longitude (easting and northing).",
    ),
    Rule("out_of_range", "hard", "Give degrees (latitude -90..90, longitude -180..180), or declare the crs."),
    Rule("outside_country", "hard", "Compare with the country's code; check the crs of the source."),
    Rule(
        "degrees_minutes",
        "hard",
        "Convert degrees.minutes to degrees: 59.30 written for 59 deg 30 min is 59.5.",
    ),
    Rule(
        "maybe_degrees_minutes", "soft", "No fraction reaches .60: check whether these are degrees.minutes."
    ),
    Rule("pile_up", "soft", "Many addresses share one point: check whether it is a stand-in for unknown."),
    Rule(
        "fewer_than_3_decimals",
        "soft",
        "Ask for more decimals: the point is known to half a kilometre at best.",
    ),
    Rule(
        "far_from_postcode",
        "soft",
        "Compare the coordinate with the postcode: one of them is out of date or wrong.",
    ),
)


def lint(
    locations: pd.DataFrame, supplied: Supplied, boxes: pd.DataFrame, matches: pd.DataFrame
) -> pd.DataFrame:
    """Return which location breaks which rule.

    Parameters
    ----------
    locations : DataFrame
        country (as gazetteers write it), address_number (equal for equal addresses), one row per location.
    supplied : Supplied
    boxes : DataFrame
        Index country; south, north, west, east in degrees.
    matches : DataFrame
        What `best_matches` returns, by location: latitude, longitude, precision_m, match_level.

    Returns
    -------
    DataFrame
        One column of bool per rule. A location breaks at most one hard rule: the first of `RULES`.
    """
    with np.errstate(invalid="ignore"):
        hard = _hard(locations["country"], supplied, boxes)
    suspicious = are_degrees_minutes(supplied, matches)
    sound = supplied.is_given & ~np.logical_or.reduce(list(hard.values()))
    hard["degrees_minutes"] = sound & supplied.is_degrees & (suspicious == "confirmed")
    soft = {
        "maybe_degrees_minutes": sound & supplied.is_degrees & (suspicious == "possible"),
        "pile_up": _pile_ups(locations, supplied, sound),
        "fewer_than_3_decimals": sound & supplied.is_degrees & (supplied.precision_m > COARSE_STEP_M),
        "far_from_postcode": sound & _far_from(matches, supplied.points),
    }
    return pd.DataFrame({**hard, **soft}, index=locations.index)


def _hard(countries: "pd.Series[str]", supplied: Supplied, boxes: pd.DataFrame) -> dict[str, Bools]:
    has_box = countries.isin(boxes.index).to_numpy()
    inside, inside_swapped = (
        _is_inside(points, countries, boxes) for points in (supplied.points, supplied.swapped)
    )
    found = {
        "zero_zero": supplied.is_zero,
        "swapped_axes": has_box & ~inside & inside_swapped,
        "out_of_range": ~_is_on_globe(supplied.points),
        "outside_country": has_box & ~inside,
    }
    left = supplied.is_given.copy()
    hard = {}
    for rule, is_broken in found.items():
        hard[rule] = left & is_broken
        left &= ~is_broken
    return hard


def _is_on_globe(points: Points) -> Bools:
    on_globe: Bools = (np.abs(points.latitude) <= 90) & (np.abs(points.longitude) <= 180)
    return on_globe


def _is_inside(points: Points, countries: "pd.Series[str]", boxes: pd.DataFrame) -> Bools:
    box = boxes.reindex(countries)
    margin = BOX_MARGIN_DEGREES
    inside: Bools = (
        (points.latitude >= box["south"].to_numpy() - margin)
        & (points.latitude <= box["north"].to_numpy() + margin)
        & (points.longitude >= box["west"].to_numpy() - margin)
        & (points.longitude <= box["east"].to_numpy() + margin)
    )
    return inside


def _pile_ups(locations: pd.DataFrame, supplied: Supplied, sound: Bools) -> Bools:
    """Say which locations lie at one point with many other addresses."""
    where = pd.DataFrame(
        {
            "latitude": supplied.points.latitude,
            "longitude": supplied.points.longitude,
            "address": locations["address_number"].to_numpy(),
        }
    )[sound]
    addresses = where.groupby(["latitude", "longitude"])["address"].transform("nunique")
    least = max(PILE_ADDRESSES, PILE_SHARE * where["address"].nunique())
    found = np.zeros(len(locations), dtype=np.bool_)
    found[where.index[addresses >= least]] = True
    return found


def _far_from(matches: pd.DataFrame, points: Points) -> Bools:
    precision: Floats = matches["precision_m"].to_numpy()
    compared = matches["match_level"].eq("postcode").to_numpy() & np.isfinite(
        points.latitude + points.longitude
    )
    matched = Points(matches["latitude"].to_numpy(), matches["longitude"].to_numpy())
    far: Bools = compared & (distance_m(points, matched) > FAR_PRECISIONS * np.nan_to_num(precision) + FAR_M)
    return far
