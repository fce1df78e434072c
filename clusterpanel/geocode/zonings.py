"""Put points into the regions of a zoning."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from clusterpanel.errors import DataError, Fault, MissingInputError
from clusterpanel.geocode.points import Points
from clusterpanel.spec.places import ZoningSpec
from clusterpanel.spec.study import Study

if TYPE_CHECKING:
    import geopandas as gpd


def zone_codes(study: Study, points: Points) -> dict[str, "pd.Series[str]"]:
    """Return each zoning's code of each point: missing outside every polygon, and where the point is missing.

    A point on a border belongs to the smallest of the codes that meet there.

    Raises
    ------
    MissingInputError
        A zoning's file is not there.
    DataError
        A file cannot be read, lacks a column, or says no coordinate system.
    """
    files = {spec.name: study.folder_of(spec.name) / spec.file for spec in study.zonings}
    missing = [
        Fault(spec.file, "", "no such file", "a file", f"{spec.name}.toml names it.")
        for spec in study.zonings
        if not files[spec.name].is_file()
    ]
    if missing:
        raise MissingInputError("zonings are missing", faults=missing, hint="Name their folder with --data.")
    return {spec.name: codes_in(read_zoning(spec, files[spec.name]), points) for spec in study.zonings}


def read_zoning(spec: ZoningSpec, file: Path) -> pd.DataFrame:
    """Read the polygons of a zoning.

    Returns
    -------
    DataFrame
        region_code (text) and geometry (polygons, degrees, WGS84), sorted by code.
    """
    frame = _read(spec, file)
    wanted = [*spec.columns.values(), *spec.where]
    faults = [
        Fault(spec.file, "columns", f"no column {name!r}", ", ".join(map(str, frame.columns)))
        for name in wanted
        if name not in frame.columns
    ]
    faults += (
        [Fault(spec.file, "", "no coordinate system", "a file that names its own")]
        if frame.crs is None
        else []
    )
    if faults:
        raise DataError(f"the zoning {spec.name} cannot be used", faults=faults)
    for column, allowed in spec.where.items():
        frame = frame[frame[column].astype("str").isin([str(value) for value in allowed])]
    degrees = frame.to_crs("EPSG:4326")
    codes = degrees[spec.columns["region_code"]].astype("str")
    zones = pd.DataFrame({"region_code": codes.to_numpy(), "geometry": degrees.geometry.to_numpy()})
    return zones.sort_values("region_code", ignore_index=True, kind="stable")


def _read(spec: ZoningSpec, file: Path) -> "gpd.GeoDataFrame":
    import geopandas as gpd

    try:
        return gpd.read_parquet(file) if spec.format == "parquet" else gpd.read_file(file)
    except Exception as error:
        # The reader is a stack of several libraries whose errors share no base class.
        came = str(error).splitlines()[0] if str(error) else type(error).__name__
        fault = Fault(spec.file, "", came, f"a {spec.format} file with polygons")
        raise DataError(f"the zoning {spec.name} cannot be read", faults=[fault]) from error


def codes_in(zones: pd.DataFrame, points: Points) -> "pd.Series[str]":
    """Return the code of the polygon around each point, the smallest code on a border, missing outside."""
    where = np.column_stack([points.longitude, points.latitude])
    distinct, number = np.unique(where[np.isfinite(where).all(axis=1)], axis=0, return_inverse=True)
    # Polygons ask a tree of points, not the reverse: the geometry that asks is the one prepared.
    tree = shapely.STRtree([shapely.Point(x, y) for x, y in distinct])
    polygon, inside = tree.query(zones["geometry"].to_numpy(), predicate="intersects")
    zone = np.full(len(distinct), len(zones))
    np.minimum.at(zone, inside, polygon)
    codes = np.array([*zones["region_code"], None], dtype=object)
    found = np.full(len(where), None, dtype=object)
    found[np.isfinite(where).all(axis=1)] = codes[zone[number.ravel()]]
    return pd.Series(found, dtype="str")
