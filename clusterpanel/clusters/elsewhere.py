"""Refuse supplied clusters that lie far from every site: their axes or coordinate system are wrong."""

from collections.abc import Sequence

import numpy as np
import shapely
from scipy.spatial import cKDTree

from clusterpanel.clusters.drawn_cluster import DrawnCluster, Shape
from clusterpanel.clusters.earth import to_ecef
from clusterpanel.clusters.site_years import SiteYears
from clusterpanel.errors import DataError, Fault

FAR_KM = 200


def refuse_elsewhere(file: str, sites: SiteYears, drawn: Sequence[DrawnCluster]) -> None:
    """Refuse supplied clusters if none has a member and none has a corner within 200 km of a site.

    Distances to such clusters would be numbers like any other.

    Raises
    ------
    DataError
    """
    if any(len(cluster.rows) for cluster in drawn):
        return
    shapes: list[Shape] = [cluster.geometry for cluster in drawn if cluster.geometry is not None]
    corners = shapely.get_coordinates(shapes)
    apart, _ = cKDTree(sites.locations.xyz).query(to_ecef(corners[:, 1], corners[:, 0]))
    nearest_km = float(np.min(apart, initial=np.inf)) / 1_000
    if nearest_km <= FAR_KM or not len(corners):
        return
    here = np.column_stack([sites.locations.longitude, sites.locations.latitude])
    came = f"clusters at {_extent(corners)}, none with a site, the nearest {nearest_km:,.0f} km from one"
    allowed = f"clusters near the sites, at {_extent(here)}"
    hint = "Compare the order of latitude and longitude, and the coordinate system."
    raise DataError(
        "the supplied clusters lie elsewhere than the sites", faults=[Fault(file, "", came, allowed, hint)]
    )


def _extent(points: np.ndarray) -> str:
    (west, south), (east, north) = points.min(axis=0), points.max(axis=0)
    return f"latitude {south:.1f} to {north:.1f} and longitude {west:.1f} to {east:.1f}"
