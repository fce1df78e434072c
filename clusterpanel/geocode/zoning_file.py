"""Read the polygons of a zoning, with every fault of the file at once."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import pandas as pd
import shapely

from clusterpanel.errors import DataError, Fault
from clusterpanel.spec.faults import listed, nearest
from clusterpanel.spec.places import ZoningSpec

if TYPE_CHECKING:
    import geopandas as gpd

POLYGONS: Final = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)


def read_zoning(spec: ZoningSpec, file: Path) -> pd.DataFrame:
    """Read the polygons of a zoning.

    Returns
    -------
    DataFrame
        region_code (text) and geometry (polygons, degrees, WGS84), sorted by code.

    Raises
    ------
    DataError
        The file cannot be read, lacks a column or a coordinate system, or keeps no polygon; or a polygon it
        keeps has no code or is not valid.
    """
    frame = _read(spec, file).reset_index(drop=True)
    if faults := _misfits(spec, frame):
        raise DataError(f"the zoning {spec.name} cannot be used", faults=faults)
    kept = _only_where(spec, frame)
    if faults := _unsound(spec, kept):
        raise DataError(f"the zoning {spec.name} cannot be used", faults=faults)
    degrees = kept.to_crs("EPSG:4326")
    codes = degrees[spec.columns["region_code"]].astype("str")
    zones = pd.DataFrame({"region_code": codes.to_numpy(), "geometry": degrees.geometry.to_numpy()})
    return zones.sort_values("region_code", ignore_index=True, kind="stable")


def _read(spec: ZoningSpec, file: Path) -> "gpd.GeoDataFrame":
    import geopandas as gpd

    try:
        frame = gpd.read_parquet(file) if spec.format == "parquet" else gpd.read_file(file)
    except Exception as error:
        # The reader is a stack of several libraries whose errors share no base class.
        came = str(error).splitlines()[0] if str(error) else type(error).__name__
        fault = Fault(spec.file, "", came, f"a {spec.format} file with polygons")
        raise DataError(f"the zoning {spec.name} cannot be read", faults=[fault]) from error
    if not isinstance(frame, gpd.GeoDataFrame):
        fault = Fault(spec.file, "", "a table without shapes", f"a {spec.format} file with polygons")
        raise DataError(f"the zoning {spec.name} cannot be read", faults=[fault])
    return frame


def _misfits(spec: ZoningSpec, frame: "gpd.GeoDataFrame") -> list[Fault]:
    if len(frame) == 0:
        return [Fault(spec.file, "", "no polygon", "one polygon or more")]
    faults = [
        Fault(
            spec.file,
            "columns",
            f"no column {name!r}",
            listed(map(str, frame.columns)),
            f"{spec.name}.toml names it.",
        )
        for name in (*spec.columns.values(), *spec.where)
        if name not in frame.columns
    ]
    if frame.crs is None:
        faults.append(Fault(spec.file, "", "no coordinate system", "a file that names its own"))
    return faults


def _only_where(spec: ZoningSpec, frame: "gpd.GeoDataFrame") -> "gpd.GeoDataFrame":
    for column, allowed in spec.where.items():
        texts = frame[column].astype("str")
        kept = frame[texts.isin([str(value) for value in allowed])]
        if len(kept) == 0:
            came = f"no polygon with {column} = {listed(map(str, allowed))}"
            fault = Fault(spec.file, f"column {column}", came, nearest(str(allowed[0]), sorted(set(texts))))
            hint = f"Change where in {spec.name}.toml."
            raise DataError(f"the zoning {spec.name} cannot be used", hint=hint, faults=[fault])
        frame = kept
    return frame


def _unsound(spec: ZoningSpec, frame: "gpd.GeoDataFrame") -> list[Fault]:
    """Return the shapes that would give an answer, but not the right one."""
    code = spec.columns["region_code"]
    hint = "Repair it in a geographic information system, or ask for a mended file."
    faults = []
    for row, shape, name in zip(frame.index, frame.geometry, frame[code], strict=True):
        place = f"shape {row + 1}"
        if shape is None or shape.is_empty:
            faults.append(Fault(spec.file, place, "no geometry", "a polygon"))
        elif shapely.get_type_id(shape) not in POLYGONS:
            faults.append(Fault(spec.file, place, f"a {shape.geom_type}", "a polygon"))
        elif not shape.is_valid:
            came = f"an invalid polygon: {shapely.is_valid_reason(shape)}"
            faults.append(Fault(spec.file, place, came, "a valid polygon", hint))
        if pd.isna(name):
            faults.append(Fault(spec.file, f"{place}, column {code}", "no code", "the region's code"))
    return faults
