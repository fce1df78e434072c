"""Read polygons that a user supplies, from any coordinate system, with every fault of the file at once."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon

from clusterpanel.clusters.drawn_cluster import Shape
from clusterpanel.clusters.shapes import wrapped
from clusterpanel.errors import DataError, Fault, MissingInputError

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

Format = Literal["parquet", "geojson", "geopackage"]
LONGEST_EDGE_M = 1_000
"""Edges of projected polygons are bent to this length before they leave their plane."""


def read_polygons(path: Path, format_: Format, columns: tuple[str, ...]) -> "GeoDataFrame":
    """Read a file of polygons into longitude and latitude on WGS84; holes and parts are kept.

    Parameters
    ----------
    path : Path
    format_ : {"parquet", "geojson", "geopackage"}
        GeoJSON is in longitude and latitude by its standard; the others say their coordinate system.
    columns : tuple of str
        Columns that must be there.

    Returns
    -------
    GeoDataFrame
        With the file's columns and a geometry of Polygons and MultiPolygons within -180 to 180 degrees.

    Raises
    ------
    MissingInputError
        The file is not there or cannot be read.
    DataError
        It lacks a column or a coordinate system, has no rows, or a geometry is missing, empty, no polygon,
        invalid, or not in degrees on the Earth.
    """
    frame = _read(path, format_)
    faults = [
        Fault(path.name, f"column {name}", "no such column", ", ".join(map(str, frame.columns)))
        for name in columns
        if name not in frame.columns
    ]
    if frame.crs is None:
        faults.append(Fault(path.name, "coordinate system", "none", "one that PROJ knows, such as EPSG:4326"))
    if len(frame) == 0:
        faults.append(Fault(path.name, "", "no rows", "at least one polygon"))
    faults += _shape_faults(path.name, frame.geometry.to_numpy())
    if faults:
        raise DataError("the polygons cannot be used", faults=faults)
    return _on_wgs84(frame, path.name)


def _read(path: Path, format_: Format) -> "GeoDataFrame":
    import geopandas
    from pyogrio.errors import DataSourceError

    if not path.exists():
        raise MissingInputError(
            f"there is no file {path.name}", hint="Give its folder with --data NAME=FOLDER."
        )
    try:
        frame = geopandas.read_parquet(path) if format_ == "parquet" else geopandas.read_file(path)
    except (DataSourceError, ValueError, OSError) as error:
        raise MissingInputError(f"{path.name} cannot be read as {format_}: {error}") from error
    if not isinstance(frame, geopandas.GeoDataFrame):
        raise DataError(f"{path.name} has no geometry", hint="Name a file of polygons.")
    return frame


def _shape_faults(file: str, shapes: np.ndarray) -> list[Fault]:
    faults = []
    for row, shape in enumerate(shapes, start=1):
        if shape is None or shape.is_empty:
            came = "no geometry"
        elif not isinstance(shape, Polygon | MultiPolygon):
            came = f"a {shape.geom_type}"
        elif not shape.is_valid:
            came = f"an invalid polygon: {shapely.is_valid_reason(shape)}"
        else:
            continue
        faults.append(Fault(file, f"geometry {row}", came, "a valid Polygon or MultiPolygon"))
    return faults


def _on_wgs84(frame: "GeoDataFrame", file: str) -> "GeoDataFrame":
    if frame.crs.is_projected:
        metres_per_unit = frame.crs.axis_info[0].unit_conversion_factor
        frame = frame.set_geometry(frame.geometry.segmentize(LONGEST_EDGE_M / metres_per_unit))
    moved = frame.to_crs(4326)
    faults = [
        Fault(file, f"geometry {row}", came, "degrees, and no wider than 180 of longitude")
        for row, shape in enumerate(moved.geometry, start=1)
        if (came := _outside(shape))
    ]
    if faults:
        raise DataError(
            "polygons lie off the Earth or across 180 degrees of longitude",
            hint="Check the coordinate system; cut what crosses 180 degrees there (RFC 7946, 3.1.9).",
            faults=faults,
        )
    return moved.set_geometry([wrapped(shape) for shape in moved.geometry], crs=4326)


def _outside(shape: Shape) -> str:
    west, south, east, north = shape.bounds
    widest = max(part.bounds[2] - part.bounds[0] for part in shapely.get_parts(shape))
    if not np.isfinite(shape.bounds).all():
        return "coordinates that are not finite"
    if south < -90 or north > 90 or west < -360 or east > 360 or widest > 180:
        return f"longitude {west:g} to {east:g}, latitude {south:g} to {north:g}"
    return ""
