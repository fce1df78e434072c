"""Coordinates the register brings, as degrees on WGS84 with the resolution they are written in."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from clusterpanel.errors import Fault, SpecError
from clusterpanel.geocode.points import Bools, Floats, Points
from clusterpanel.spec.source import SourceSpec

COORDINATES: Final = ("latitude", "longitude", "easting", "northing")
METRES_PER_DEGREE: Final = 111_195.0
FINEST, COARSEST = -6, 6
LEAST_PRECISION_M: Final = 1.0


@dataclass(frozen=True)
class Supplied:
    """Points the register brings; arrays of one row per location.

    Attributes
    ----------
    is_given : array of bool
        Both coordinates are there.
    is_zero : array of bool
        Both are 0 as the register writes them.
    is_degrees : array of bool
        Given as latitude and longitude, not as easting and northing.
    points : Points
        Degrees, WGS84; not finite where not given or not on the globe.
    swapped : Points
        The same with the axes exchanged.
    precision_m : array
        Half the step the coordinates are written in, metres, at least 1.
    """

    is_given: Bools
    is_zero: Bools
    is_degrees: Bools
    points: Points
    swapped: Points
    precision_m: Floats


def supplied_points(locations: pd.DataFrame, sources: tuple[SourceSpec, ...]) -> Supplied:
    """Return the supplied points; latitude and longitude come before easting and northing.

    Raises
    ------
    SpecError
        The coordinate system of easting and northing is unknown, or sources differ in it.
    """
    latitude, longitude, easting, northing = (_numbers(locations, name) for name in COORDINATES)
    is_degrees = ~(np.isnan(latitude) | np.isnan(longitude))
    is_projected = ~(np.isnan(easting) | np.isnan(northing)) & ~is_degrees
    step = np.where(is_projected, _step(easting, northing), _step(latitude, longitude) * METRES_PER_DEGREE)
    is_zero = np.where(is_projected, (easting == 0) & (northing == 0), (latitude == 0) & (longitude == 0))
    points, swapped = Points(latitude, longitude), Points(longitude, latitude)
    if is_projected.any():
        crs = _crs_of(sources)
        points = _chosen(is_projected, _transformed(crs, easting, northing), points)
        swapped = _chosen(is_projected, _transformed(crs, northing, easting), swapped)
    return Supplied(
        is_given=is_degrees | is_projected,
        is_zero=is_zero,
        is_degrees=is_degrees,
        points=points,
        swapped=swapped,
        precision_m=np.fmax(step / 2, LEAST_PRECISION_M),
    )


def _numbers(locations: pd.DataFrame, name: str) -> Floats:
    if name not in locations:
        return np.full(len(locations), np.nan)
    return locations[name].to_numpy(dtype=np.float64, na_value=np.nan)


def _step(first: Floats, second: Floats) -> Floats:
    """Return the largest power of ten that both numbers are whole multiples of, not above a million."""
    step = np.full(len(first), 10.0**FINEST)
    for power in range(FINEST, COARSEST + 1):
        is_whole = np.ones(len(first), dtype=np.bool_)
        for number in (first, second):
            scaled = number / 10.0**power
            is_whole &= np.abs(scaled - np.rint(scaled)) < 1e-6 * np.fmax(1, np.abs(scaled) * 1e-6)
        step[is_whole] = 10.0**power
    return step


def _crs_of(sources: tuple[SourceSpec, ...]) -> str:
    bring = [
        source
        for source in sources
        if any(column.to == "easting" for table in source.tables for column in table.columns)
    ]
    systems = sorted({source.crs for source in bring})
    faults = [
        Fault(f"{source.name}.toml", "crs", source.crs, "one system for all sources with easting")
        for source in bring
        if len(systems) > 1
    ]
    faults += [
        Fault(
            f"{source.name}.toml",
            "crs",
            source.crs,
            "a system pyproj knows, measured in metres, as EPSG:3006",
        )
        for source in bring
        if not _is_projected(source.crs)
    ]
    if faults or not systems:
        raise SpecError("easting and northing cannot be turned into degrees", faults=faults)
    return systems[0]


def _is_projected(crs: str) -> bool:
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    try:
        return bool(CRS.from_user_input(crs).is_projected)
    except CRSError:
        return False


def _transformed(crs: str, easting: Floats, northing: Floats) -> Points:
    from pyproj import Transformer

    transformer = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    longitude, latitude = transformer.transform(easting, northing)
    return Points(np.asarray(latitude, dtype=np.float64), np.asarray(longitude, dtype=np.float64))


def _chosen(condition: Bools, yes: Points, no: Points) -> Points:
    return Points(
        np.where(condition, yes.latitude, no.latitude), np.where(condition, yes.longitude, no.longitude)
    )
