"""Degrees.minutes read as degrees: 59.30 for 59 degrees 30 minutes."""

from typing import Final, Literal

import numpy as np
import pandas as pd

from clusterpanel.geocode.points import Bools, Floats, Points, distance_m
from clusterpanel.geocode.supplied import Supplied

FEWEST_VALUES: Final = 50
"""By chance, 50 fractions all stay below .60 once in 10^11 registers."""

FEWEST_COMPARED: Final = 20
NEARER: Final = 0.5


def are_degrees_minutes(supplied: Supplied, matches: pd.DataFrame) -> Literal["no", "possible", "confirmed"]:
    """Say whether the columns look like degrees.minutes, and whether the postcodes confirm it.

    Looks so: on each axis that spans several degrees and has at least 50 different values, no fraction is .60
    or more. Confirmed: read as degrees.minutes, the points lie at less than half the median distance from
    their postcodes; then 20 different values suffice.

    Parameters
    ----------
    supplied : Supplied
    matches : DataFrame
        latitude, longitude, match_level of each location's address.
    """
    used = supplied.is_degrees & ~supplied.is_zero
    latitude, longitude = supplied.points.latitude, supplied.points.longitude
    verdicts = [_has_minutes(values[used], FEWEST_VALUES) for values in (latitude, longitude)]
    unconfirmed: Literal["no", "possible"] = "no" if set(verdicts) <= {False, None} else "possible"
    # Fewer values say little by themselves, but enough beside the postcodes.
    verdicts = [_has_minutes(values[used], FEWEST_COMPARED) for values in (latitude, longitude)]
    if False in verdicts or verdicts == [None, None]:
        return "no"
    compared = used & matches["match_level"].eq("postcode").to_numpy()
    if compared.sum() < FEWEST_COMPARED:
        return unconfirmed
    matched = Points(matches["latitude"].to_numpy()[compared], matches["longitude"].to_numpy()[compared])
    given = Points(latitude[compared], longitude[compared])
    read = Points(_minutes_read(given.latitude), _minutes_read(given.longitude))
    is_nearer = np.median(distance_m(read, matched)) < NEARER * np.median(distance_m(given, matched))
    return "confirmed" if is_nearer else unconfirmed


def _has_minutes(values: Floats, fewest: int) -> bool | None:
    """Return whether no fraction reaches .60; none where too few values tell."""
    distinct = np.unique(values[np.isfinite(values)])
    whole = np.trunc(distinct)
    if len(distinct) < fewest or len(np.unique(whole)) < 2:
        return None
    fraction: Floats = np.abs(distinct - whole)
    is_below: Bools = fraction < 0.6
    return bool(is_below.all())


def _minutes_read(values: Floats) -> Floats:
    whole = np.trunc(values)
    degrees: Floats = whole + (values - whole) * 100 / 60
    return degrees
