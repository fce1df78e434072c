"""Put points into the regions of a zoning."""

from typing import Final

import numpy as np
import pandas as pd
import shapely

from clusterpanel.errors import DataError, Fault, MissingInputError
from clusterpanel.geocode.points import Floats, Points
from clusterpanel.geocode.zoning_file import read_zoning
from clusterpanel.spec.places import ZoningSpec
from clusterpanel.spec.study import Study

NESTED: Final = 0.5
"""A sliver where two regions overlap may hold a few points; above this share one region lies in another."""


def zone_codes(study: Study, points: Points) -> dict[str, "pd.Series[str]"]:
    """Return each zoning's code of each point: missing outside every polygon, and where the point is missing.

    A point on a border belongs to the smallest of the codes that meet there.

    Raises
    ------
    MissingInputError
        A zoning's file is not there.
    DataError
        A file cannot be used (see `read_zoning`), none of the points lies in its polygons, or most lie in
        several.
    """
    files = {spec.name: study.folder_of(spec.name) / spec.file for spec in study.zonings}
    missing = [
        Fault(spec.file, "", "no such file", "a file", f"{spec.name}.toml names it.")
        for spec in study.zonings
        if not files[spec.name].is_file()
    ]
    if missing:
        raise MissingInputError("zonings are missing", faults=missing, hint="Name their folder with --data.")
    return {spec.name: codes_in(spec, read_zoning(spec, files[spec.name]), points) for spec in study.zonings}


def codes_in(spec: ZoningSpec, zones: pd.DataFrame, points: Points) -> "pd.Series[str]":
    """Return the code of the polygon around each point, the smallest code on a border, missing outside.

    Raises
    ------
    DataError
        No point is in a polygon, or most are inside two or more.
    """
    where = np.column_stack([points.longitude, points.latitude])
    is_point = np.isfinite(where).all(axis=1)
    distinct, number = np.unique(where[is_point], axis=0, return_inverse=True)
    # Polygons ask a tree of points, not the reverse: the geometry that asks is the one prepared.
    tree = shapely.STRtree([shapely.Point(x, y) for x, y in distinct])
    polygon, inside = tree.query(zones["geometry"].to_numpy(), predicate="intersects")
    if len(distinct) and not len(inside):
        raise _elsewhere(spec, zones, distinct)
    if (np.bincount(inside) > 1).sum() > NESTED * len(distinct):
        _refuse_nested(spec, zones, tree)
    zone = np.full(len(distinct), len(zones))
    np.minimum.at(zone, inside, polygon)
    codes = np.array([*zones["region_code"], None], dtype=object)
    found = np.full(len(where), None, dtype=object)
    found[is_point] = codes[zone[number.ravel()]]
    return pd.Series(found, dtype="str")


def _elsewhere(spec: ZoningSpec, zones: pd.DataFrame, distinct: Floats) -> DataError:
    bounds = shapely.total_bounds(zones["geometry"].to_numpy())
    came = f"no site in any polygon; the sites have {_extent([*distinct.min(axis=0), *distinct.max(axis=0)])}"
    allowed = f"sites within the polygons' {_extent(bounds)}"
    hint = (
        "Compare the coordinate systems, the order of latitude and longitude (in the gazetteer too), and "
        f"where in {spec.name}.toml."
    )
    fault = Fault(spec.file, f"{len(zones)} polygons", came, allowed, hint)
    return DataError(f"the zoning {spec.name} lies elsewhere than the sites", faults=[fault])


def _extent(bounds: Floats | list[float]) -> str:
    west, south, east, north = bounds
    return f"latitude {south:.1f} to {north:.1f} and longitude {west:.1f} to {east:.1f}"


def _refuse_nested(spec: ZoningSpec, zones: pd.DataFrame, tree: shapely.STRtree) -> None:
    """Refuse zonings in which most points are inside several polygons; points on borders are not."""
    polygon, inside = tree.query(zones["geometry"].to_numpy(), predicate="contains")
    polygons = np.bincount(inside, minlength=len(tree.geometries))
    if (polygons > 1).sum() <= NESTED * len(polygons):
        return
    at_once = zones["region_code"].iloc[polygon[inside == polygons.argmax()]]
    came = f"{int((polygons > 1).sum()):,} of {len(polygons):,} points inside two or more polygons, such as "
    fault = Fault(
        spec.file,
        f"{len(zones)} polygons",
        came + " and ".join(at_once.iloc[:2]),
        "regions that do not overlap",
        f"Keep one level of the zoning with where in {spec.name}.toml.",
    )
    raise DataError(f"the zoning {spec.name} has regions within regions", faults=[fault])
