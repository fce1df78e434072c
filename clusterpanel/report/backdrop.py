"""What lies under the map: the zoning's borders, or the gazetteer's places as a dotted land."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from clusterpanel.spec.places import GazetteerSpec, ZoningSpec
from clusterpanel.spec.study import Study

Points = NDArray[np.float64]


def zoning_borders(study: Study) -> list[Points]:
    """Return the outer rings of the first zoning whose file is there, as longitude-latitude arrays (n, 2)."""
    for zoning in study.zonings:
        path = study.folder_of(zoning.name) / zoning.file
        if path.exists():
            return _rings(zoning, str(path))
    return []


def gazetteer_places(study: Study) -> Points:
    """Return the places of every gazetteer whose file is there, as a longitude-latitude array (n, 2)."""
    found = [
        _places(spec, str(study.folder_of(spec.name) / spec.file))
        for spec in study.gazetteers
        if (study.folder_of(spec.name) / spec.file).exists()
        and {"longitude", "latitude"} <= set(spec.columns)
    ]
    return np.concatenate(found) if found else np.empty((0, 2))


def _rings(zoning: ZoningSpec, path: str) -> list[Points]:
    import geopandas as gpd
    from shapely import get_coordinates, get_exterior_ring, get_parts

    read: Callable[[str], gpd.GeoDataFrame] = (
        gpd.read_parquet if zoning.format == "parquet" else gpd.read_file
    )
    frame = read(path)
    for column, allowed in zoning.where.items():
        frame = frame[frame[column].isin(allowed)]
    parts = get_parts(frame.to_crs(4326).geometry.to_numpy())
    return [get_coordinates(ring) for ring in get_exterior_ring(parts) if ring is not None]


def _places(spec: GazetteerSpec, path: str) -> Points:
    import pandas as pd

    names = [spec.columns["longitude"], spec.columns["latitude"]]
    if spec.format == "parquet":
        frame = pd.read_parquet(path, columns=names)
    else:
        frame = pd.read_csv(path, sep=spec.separator, encoding=spec.encoding, usecols=names)
    numbers = frame[names].apply(pd.to_numeric, errors="coerce").dropna()
    return np.asarray(numbers, dtype=np.float64)
