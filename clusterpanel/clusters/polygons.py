"""Clusters whose borders the user supplies."""

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from clusterpanel.clusters.drawn_cluster import DrawnCluster, Shape
from clusterpanel.clusters.earth import IntArray
from clusterpanel.clusters.read_polygons import read_polygons
from clusterpanel.clusters.shapes import area_km2, centroid
from clusterpanel.clusters.site_years import SiteYears
from clusterpanel.errors import DataError, Fault
from clusterpanel.spec.clusters import PointsDraw, PolygonsDraw
from clusterpanel.spec.study import Study


def draw_from_polygons(study: Study, sites: SiteYears, draw: PolygonsDraw) -> list[DrawnCluster]:
    """Read the user's polygons; each is a cluster in every vintage, with the sites in it as members.

    A site on the border is inside. A polygon without an industry column is a cluster of every industry.

    Raises
    ------
    MissingInputError, DataError
        The file is not there, its polygons cannot be used, a name is missing or not unique, or an industry is
        neither in the cluster spec nor among the sites.
    """
    path = study.folder_of(study.cluster_spec.name) / draw.file
    needed = (draw.cluster_id,) if draw.industry is None else (draw.cluster_id, draw.industry)
    frame = read_polygons(path, draw.format, needed)
    names, industries = supplied_names(
        study, sites, draw, pd.DataFrame(frame.drop(columns=frame.geometry.name))
    )
    shapes: list[Shape] = list(frame.geometry)
    inside = _sites_inside(sites, shapes)
    return [
        DrawnCluster(
            vintage,
            industry,
            _members(sites, inside[number], vintage, industry),
            None,
            centroid(shape),
            shape,
            area_km2(shape),
            name,
        )
        for vintage in study.cluster_spec.vintages
        for number, (shape, name, industry) in enumerate(zip(shapes, names, industries, strict=True))
    ]


def supplied_names(
    study: Study, sites: SiteYears, draw: PolygonsDraw | PointsDraw, frame: pd.DataFrame
) -> tuple[list[str], list[str | None]]:
    """Return the names of supplied clusters and the industries (None: every industry).

    Raises
    ------
    DataError
        A name is missing or not unique, or an industry is neither in the cluster spec nor among the sites.
    """
    names = frame[draw.cluster_id]
    faults = [
        Fault(
            draw.file,
            f"row {row}, column {draw.cluster_id}",
            "no name" if pd.isna(name) else repr(name),
            "a name of its own",
        )
        for row, (name, again) in enumerate(zip(names, names.duplicated(keep=False), strict=True), start=1)
        if pd.isna(name) or again
    ]
    industries: list[str | None] = [None] * len(names)
    if draw.industry is not None:
        known = {*sites.industries, *study.cluster_spec.industries.groups}
        column = frame[draw.industry]
        faults += [
            Fault(
                draw.file, f"row {row}, column {draw.industry}", repr(industry), ", ".join(sorted(known)[:20])
            )
            for row, industry in enumerate(column, start=1)
            if pd.isna(industry) or str(industry) not in known
        ]
        industries = [str(industry) for industry in column]
    if faults:
        raise DataError("supplied clusters cannot be used", faults=faults)
    return [str(name) for name in names], industries


def _sites_inside(sites: SiteYears, shapes: list[Shape]) -> list[IntArray]:
    """Return the locations inside each shape."""
    points = np.asarray(shapely.points(sites.locations.longitude, sites.locations.latitude))
    point, shape = points_in_shapes(points, shapes)
    return [point[shape == number] for number in range(len(shapes))]


def points_in_shapes(points: NDArray[np.object_], shapes: list[Shape]) -> tuple[IntArray, IntArray]:
    """Return the pairs of point and shape where the point is inside the shape or on its border."""
    point, shape = shapely.STRtree(shapes).query(points, predicate="intersects")
    order = np.lexsort((shape, point))
    return point[order], shape[order]


def _members(sites: SiteYears, locations: IntArray, vintage: int, industry: str | None) -> IntArray:
    is_member = (sites.year == vintage) & np.isin(sites.location, locations) & sites.is_in(industry)
    return np.flatnonzero(is_member)
