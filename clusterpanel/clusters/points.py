"""Clusters whose centres the user supplies, each a circle."""

from pathlib import Path

import numpy as np
import pandas as pd

from clusterpanel.clusters.drawn_cluster import DrawnCluster
from clusterpanel.clusters.earth import IntArray, reach_m, to_ecef, wrapped_longitude
from clusterpanel.clusters.polygons import supplied_names
from clusterpanel.clusters.shapes import circles_union
from clusterpanel.clusters.site_years import SiteYears
from clusterpanel.errors import DataError, Fault, MissingInputError
from clusterpanel.spec.clusters import PointsDraw
from clusterpanel.spec.study import Study


def draw_from_points(study: Study, sites: SiteYears, draw: PointsDraw) -> list[DrawnCluster]:
    """Read the user's centres; each is a circular cluster in every vintage, with the sites in it as members.

    Raises
    ------
    MissingInputError
        The file is not there or cannot be read.
    DataError
        A column is missing, a coordinate is not in degrees, a name is missing or not unique, or an industry
        is neither in the cluster spec nor among the sites.
    """
    frame = _read(study.folder_of(study.cluster_spec.name) / draw.file, draw)
    names, industries = supplied_names(study, sites, draw, frame)
    latitude = frame[draw.latitude].to_numpy(dtype=np.float64)
    longitude = wrapped_longitude(frame[draw.longitude].to_numpy(dtype=np.float64))
    drawn = []
    for number, (name, industry) in enumerate(zip(names, industries, strict=True)):
        centre = (float(latitude[number]), float(longitude[number]))
        one = slice(number, number + 1)
        shape, area = circles_union(latitude[one], longitude[one], draw.radius_km, centre)
        drawn += [
            DrawnCluster(
                vintage,
                industry,
                _members(sites, centre, draw, vintage, industry),
                None,
                centre,
                shape,
                area,
                name,
            )
            for vintage in study.cluster_spec.vintages
        ]
    return drawn


def _read(path: Path, draw: PointsDraw) -> pd.DataFrame:
    if not path.exists():
        raise MissingInputError(
            f"there is no file {path.name}", hint="Give its folder with --data NAME=FOLDER."
        )
    try:
        frame = pd.read_csv(path, dtype=str, encoding="utf-8")
    except (ValueError, OSError) as error:
        raise MissingInputError(f"{path.name} cannot be read as CSV in UTF-8: {error}") from error
    needed = [draw.cluster_id, draw.latitude, draw.longitude, *([draw.industry] if draw.industry else [])]
    faults = [
        Fault(draw.file, f"column {name}", "no such column", ", ".join(frame.columns))
        for name in needed
        if name not in frame.columns
    ]
    if not len(frame):
        faults.append(Fault(draw.file, "", "no rows", "at least one centre"))
    if not faults:
        faults += _degree_faults(frame, draw.latitude, 90, draw.file)
        faults += _degree_faults(frame, draw.longitude, 180, draw.file)
    if faults:
        raise DataError("supplied centres cannot be used", faults=faults)
    return frame


def _degree_faults(frame: pd.DataFrame, column: str, most: int, file: str) -> list[Fault]:
    numbers = pd.to_numeric(frame[column], errors="coerce")
    return [
        Fault(file, f"row {row}, column {column}", repr(text), f"degrees from -{most} to {most}")
        for row, (text, number) in enumerate(zip(frame[column], numbers, strict=True), start=1)
        if not abs(number) <= most
    ]


def _members(
    sites: SiteYears, centre: tuple[float, float], draw: PointsDraw, vintage: int, industry: str | None
) -> IntArray:
    middle = to_ecef(np.array(centre[0]), np.array(centre[1]))
    is_near = np.linalg.norm(sites.locations.xyz - middle, axis=1) <= reach_m(draw.radius_km)
    is_member = (sites.year == vintage) & (sites.location >= 0)
    is_member[is_member] = is_near[sites.location[is_member]]
    return np.flatnonzero(is_member & sites.is_in(industry))
