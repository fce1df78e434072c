"""Shapes in longitude and latitude: circles on the ellipsoid, their union, areas, the cut at 180 degrees."""

import numpy as np
import shapely
from pyproj import Proj
from shapely import MultiPolygon, Polygon
from shapely.geometry.polygon import orient

from clusterpanel.clusters.drawn_cluster import Shape
from clusterpanel.clusters.earth import (
    EQUATOR_M,
    FLATTENING,
    GEOD,
    FloatArray,
    from_ecef,
    geodesic_km,
    to_ecef,
)
from clusterpanel.errors import DataError

CIRCLE_POINTS = 128


def circles_union(
    latitude: FloatArray, longitude: FloatArray, radius_km: float, centre: tuple[float, float]
) -> tuple[Shape, float]:
    """Return the union of geodesic circles and its area in square kilometres.

    Parameters
    ----------
    latitude, longitude : array, shape (n,)
        Centres of the circles, in degrees.
    radius_km : float
    centre : tuple of float
        Latitude and longitude that the azimuthal-equidistant plane of the union touches.

    Returns
    -------
    geometry : Polygon or MultiPolygon
        Cut where it crosses 180 degrees of longitude.
    area_km2 : float
        Geodesic area; each circle is a polygon of 128 corners, which is 0.04 % too small.

    Raises
    ------
    DataError
        A circle holds a pole, where longitude means nothing.
    """
    _refuse_pole(latitude, longitude, radius_km)
    azimuth = np.linspace(0, 360, CIRCLE_POINTS, endpoint=False)
    around = np.broadcast_to(azimuth, (len(latitude), CIRCLE_POINTS))
    start_longitude, start_latitude = (
        np.repeat(v[:, None], CIRCLE_POINTS, axis=1) for v in (longitude, latitude)
    )
    far_longitude, far_latitude, _ = GEOD.fwd(
        start_longitude, start_latitude, around, np.full(around.shape, radius_km * 1000)
    )
    plane = Proj(proj="aeqd", lat_0=centre[0], lon_0=centre[1], ellps="WGS84")
    x, y = plane(far_longitude, far_latitude)
    union = polygonal(shapely.union_all(shapely.polygons(np.stack([x, y], axis=-1))))
    unwrapped = polygonal(shapely.transform(union, lambda points: _to_degrees(plane, points, centre[1])))
    return wrapped(unwrapped), area_km2(unwrapped)


def _to_degrees(plane: Proj, points: FloatArray, central_longitude: float) -> FloatArray:
    longitude, latitude = plane(points[:, 0], points[:, 1], inverse=True)
    near = central_longitude + (np.asarray(longitude) - central_longitude + 180) % 360 - 180
    return np.stack([near, np.asarray(latitude)], axis=-1)


def _refuse_pole(latitude: FloatArray, longitude: FloatArray, radius_km: float) -> None:
    pole = np.where(latitude < 0, -90.0, 90.0)
    if (geodesic_km(latitude, longitude, pole, longitude) <= radius_km).any():
        raise DataError(
            "a cluster covers a pole, which no map in longitude and latitude can show",
            hint="Look for sites with latitude 90 or -90 given in place of a missing value.",
        )


def wrapped(shape: Shape) -> Shape:
    """Return a shape whose longitudes run past 180 degrees cut there, all of it within -180 to 180."""
    west, _, east, _ = shape.bounds
    if west >= -180 and east <= 180:
        return shape
    parts = [
        shapely.transform(part, lambda points, turn=turn: points - [turn, 0])  # type: ignore[misc]
        for turn in (-360.0, 0.0, 360.0)
        if not (part := shapely.intersection(shape, shapely.box(turn - 180, -90, turn + 180, 90))).is_empty
    ]
    return polygonal(shapely.union_all(parts))


def polygonal(shape: shapely.Geometry) -> Shape:
    """Return the polygons of a shape, without stray lines and points."""
    polygons = [part for part in shapely.get_parts(shape, return_index=False) if isinstance(part, Polygon)]
    return polygons[0] if len(polygons) == 1 else MultiPolygon(polygons)


def area_km2(shape: Shape) -> float:
    """Return the geodesic area on WGS84; edges are geodesics between the corners, holes are left out."""
    total = 0.0
    for part in shapely.get_parts(shape):
        area, _ = GEOD.geometry_area_perimeter(orient(part))
        total += area
    return total / 1e6


def centroid(shape: Shape) -> tuple[float, float]:
    """Return latitude and longitude of a shape's centre of area, found in an equal-area plane around it."""
    corners = shapely.get_coordinates(shape)
    # The corners' middle in space, not in degrees, which a cut at 180 degrees would throw to the far side.
    latitude_0, longitude_0 = from_ecef(to_ecef(corners[:, 1], corners[:, 0]).mean(axis=0))
    plane = Proj(proj="laea", lat_0=float(latitude_0), lon_0=float(longitude_0), a=EQUATOR_M, f=FLATTENING)
    flat = shapely.transform(shape, lambda points: np.stack(plane(points[:, 0], points[:, 1]), axis=-1))
    longitude, latitude = plane(flat.centroid.x, flat.centroid.y, inverse=True)
    return float(latitude), float(longitude)
