"""The WGS84 ellipsoid: straight lines through the Earth to search by, geodesics to report."""

import numpy as np
from numpy.typing import NDArray
from pyproj import Geod

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

GEOD = Geod(ellps="WGS84")
EQUATOR_M = 6_378_137.0
FLATTENING = 1 / 298.257223563
SQUARED_ECCENTRICITY = FLATTENING * (2 - FLATTENING)
MEAN_RADIUS_M = 6_371_008.8
TOUCH_M = 1e-3
"""Distances that differ by less than a millimetre are taken as equal."""


def to_ecef(latitude: FloatArray, longitude: FloatArray) -> FloatArray:
    """Return Earth-centred coordinates in metres of points on the ellipsoid.

    Parameters
    ----------
    latitude, longitude : array, shape (n,)
        Degrees.

    Returns
    -------
    array, shape (n, 3)
    """
    phi, lam = np.radians(latitude), np.radians(longitude)
    normal = EQUATOR_M / np.sqrt(1 - SQUARED_ECCENTRICITY * np.sin(phi) ** 2)
    across = normal * np.cos(phi)
    up = normal * (1 - SQUARED_ECCENTRICITY) * np.sin(phi)
    return np.stack([across * np.cos(lam), across * np.sin(lam), up], axis=-1)


def from_ecef(xyz: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return latitude and longitude, in degrees, of the surface above or below Earth-centred points.

    Bowring (1976), which near the surface is exact to far below a millimetre.
    """
    x, y, z = xyz[..., 0], xyz[..., 1], xyz[..., 2]
    polar = EQUATOR_M * (1 - FLATTENING)
    away = np.hypot(x, y)
    theta = np.arctan2(z * EQUATOR_M, away * polar)
    second = SQUARED_ECCENTRICITY / (1 - SQUARED_ECCENTRICITY)
    latitude = np.arctan2(
        z + second * polar * np.sin(theta) ** 3,
        away - SQUARED_ECCENTRICITY * EQUATOR_M * np.cos(theta) ** 3,
    )
    return np.degrees(latitude), np.degrees(np.arctan2(y, x))


def chord_m(geodesic_km: FloatArray | float) -> FloatArray:
    """Return the straight line through the Earth, in metres, under a geodesic of given length.

    The sphere of mean radius stands in for the ellipsoid, which at 100 km is a centimetre off and at
    1,000 km ten metres.
    """
    half_angle = np.minimum(np.asarray(geodesic_km) * 1000 / (2 * MEAN_RADIUS_M), np.pi / 2)
    return np.asarray(2 * MEAN_RADIUS_M * np.sin(half_angle), dtype=np.float64)


def reach_m(radius_km: FloatArray | float) -> FloatArray:
    """Return the chord up to which a point counts as within `radius_km`: inclusive, to a millimetre."""
    return chord_m(radius_km) + TOUCH_M


def geodesic_km(
    latitude: FloatArray, longitude: FloatArray, other_latitude: FloatArray, other_longitude: FloatArray
) -> FloatArray:
    """Return WGS84 geodesic distances in kilometres (Karney 2013, by PROJ), exact to a micrometre."""
    _, _, metres = GEOD.inv(longitude, latitude, other_longitude, other_latitude)
    return np.asarray(metres, dtype=np.float64) / 1000


def wrapped_longitude(longitude: FloatArray) -> FloatArray:
    """Return longitudes in [-180, 180); those already there keep every bit."""
    outside = (longitude < -180) | (longitude >= 180)
    return np.where(outside, (longitude + 180) % 360 - 180, longitude)
