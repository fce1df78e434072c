"""Points on the WGS84 ellipsoid: centroids and spreads of groups, safe at the antimeridian and the poles."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

SEMI_MAJOR_M = 6_378_137.0
ECCENTRICITY_SQUARED = 0.006_694_379_990_141_316


@dataclass(frozen=True)
class Points:
    """Points given by latitude and longitude.

    Attributes
    ----------
    latitude, longitude : (n,) arrays
        Degrees, WGS84.
    """

    latitude: Floats
    longitude: Floats

    @cached_property
    def normals(self) -> Floats:
        """The unit vectors that stand upright on the ellipsoid at each point, (n, 3)."""
        latitude, longitude = np.radians(self.latitude), np.radians(self.longitude)
        flat = np.cos(latitude)
        return np.column_stack([flat * np.cos(longitude), flat * np.sin(longitude), np.sin(latitude)])

    @cached_property
    def metres(self) -> Floats:
        """Earth-centred coordinates in metres, (n, 3); chords are 0.01 % short of arcs at 300 km."""
        curvature = SEMI_MAJOR_M / np.sqrt(1 - ECCENTRICITY_SQUARED * self.normals[:, 2] ** 2)
        stretched: Floats = self.normals * curvature[:, None]
        stretched[:, 2] *= 1 - ECCENTRICITY_SQUARED
        return stretched

    @classmethod
    def from_normals(cls, normals: Floats) -> "Points":
        """Return the points where the ellipsoid's upright has the direction of each vector, of any length."""
        longitude = np.degrees(np.arctan2(normals[:, 1], normals[:, 0]))
        latitude = np.degrees(np.arctan2(normals[:, 2], np.hypot(normals[:, 0], normals[:, 1])))
        return cls(latitude, longitude)

    def take(self, rows: Ints) -> "Points":
        """Return the points of some rows."""
        return Points(self.latitude[rows], self.longitude[rows])


@dataclass(frozen=True)
class Centres:
    """Where groups of points are.

    Attributes
    ----------
    points : Points
        The centroid of each group.
    spread_m : (groups,) array
        Largest distance of a member from the centroid, metres.
    nearest : (groups,) array
        The row of the member nearest to the centroid, the first in case of a tie.
    """

    points: Points
    spread_m: Floats
    nearest: Ints


def distance_m(first: Points, second: Points) -> Floats:
    """Return the chord between each pair of points in metres."""
    distance: Floats = np.linalg.norm(first.metres - second.metres, axis=1)
    return distance


def centres_of(points: Points, rows: Ints, starts: Ints) -> Centres:
    """Return the centre of each group of points.

    Parameters
    ----------
    points : Points
        All points.
    rows : (members,) array
        The rows of the members of the first group, then of the second, and so on.
    starts : (groups,) array
        Where each group begins in `rows`; no group is empty.
    """
    if len(starts) == 0:
        none = np.empty(0)
        empty = np.empty(0, dtype=np.int64)
        return Centres(Points(none, none), none, empty)
    group = np.repeat(np.arange(len(starts)), np.diff([*starts, len(rows)]))
    centroids = Points.from_normals(np.add.reduceat(points.normals[rows], starts, axis=0))
    alone = np.diff([*starts, len(rows)]) == 1
    # A single point is its own centroid to the last bit, not to rounding.
    centroids = Points(
        np.where(alone, points.latitude[rows[starts]], centroids.latitude),
        np.where(alone, points.longitude[rows[starts]], centroids.longitude),
    )
    distance = np.linalg.norm(points.metres[rows] - centroids.metres[group], axis=1)
    is_nearest = distance == np.minimum.reduceat(distance, starts)[group]
    _, first = np.unique(group[is_nearest], return_index=True)
    return Centres(
        points=centroids,
        spread_m=np.maximum.reduceat(distance, starts),
        nearest=rows[is_nearest][first],
    )


def starts_of(counts: Ints) -> Ints:
    """Return where each of several groups begins when they are laid end to end."""
    starts: Ints = np.cumsum(counts) - counts
    return starts


def spans(first: Ints, last: Ints) -> Ints:
    """Return the whole numbers first..last-1 of each pair, end to end."""
    length = last - first
    numbers: Ints = np.repeat(first - starts_of(length), length) + np.arange(length.sum())
    return numbers
