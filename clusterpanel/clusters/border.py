"""Exact distance from points to the borders of polygons, on the ellipsoid."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from clusterpanel.clusters.drawn_cluster import Shape
from clusterpanel.clusters.earth import (
    TOUCH_M,
    BoolArray,
    FloatArray,
    IntArray,
    from_ecef,
    geodesic_km,
    to_ecef,
)

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

STEP_M = 1_000
PAIRS_AT_ONCE = 500_000


@dataclass(frozen=True)
class Border:
    """Corners of polygons, no further than a step apart along their edges.

    Attributes
    ----------
    corner : array, shape (n, 3)
        Earth-centred metres.
    before, after : array, shape (n, 3)
        The neighbours on the ring; the corner itself where the edge is a mere cut.
    owner : array, shape (n,)
        The polygon of each corner.
    """

    corner: FloatArray
    before: FloatArray
    after: FloatArray
    owner: IntArray

    @property
    def longest_m(self) -> float:
        """The longest edge."""
        return float(np.linalg.norm(self.after - self.corner, axis=1).max(initial=0))


def trace_border(shapes: list[Shape]) -> Border:
    """Return the border of polygons in longitude and latitude, holes included.

    Edges are straight in longitude and latitude, as in GeoJSON. Edges along 180 degrees of longitude or at a
    pole are where a map is cut, and no border.
    """
    rings = [
        (owner, shapely.get_coordinates(ring))
        for owner, shape in enumerate(shapes)
        for part in shapely.get_parts(shape)
        for ring in (part.exterior, *part.interiors)
    ]
    traced = [_trace_ring(points) for _, points in rings]
    corner, before, after = (np.concatenate([ring[i] for ring in traced]) for i in range(3))
    owner = np.repeat([owner for owner, _ in rings], [len(ring[0]) for ring in traced])
    return Border(corner, before, after, owner)


def joined(borders: list[Border]) -> Border:
    """Return the borders of several polygons as one, each polygon owning its own."""
    return Border(
        np.concatenate([border.corner for border in borders]),
        np.concatenate([border.before for border in borders]),
        np.concatenate([border.after for border in borders]),
        np.repeat(np.arange(len(borders)), [len(border.owner) for border in borders]),
    )


def _trace_ring(points: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return corners, and the corners before and after each, along a closed ring of degrees."""
    start, end = points[:-1], points[1:]
    along_cut = (np.abs(start[:, 0]) == 180) & (start[:, 0] == end[:, 0])
    along_cut |= (np.abs(start[:, 1]) == 90) & (start[:, 1] == end[:, 1])
    length = np.linalg.norm(to_ecef(end[:, 1], end[:, 0]) - to_ecef(start[:, 1], start[:, 0]), axis=1)
    pieces = np.where(along_cut, 1, np.ceil(length / STEP_M).astype(np.int64).clip(1))
    edge = np.repeat(np.arange(len(start)), pieces)
    step = np.arange(len(edge)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    share = (step / pieces[edge])[:, None]
    dense = start[edge] + share * (end[edge] - start[edge])
    corner = to_ecef(dense[:, 1], dense[:, 0])
    is_cut = along_cut[edge]
    after = np.where(is_cut[:, None], corner, np.roll(corner, -1, axis=0))
    before = np.where(np.roll(is_cut, 1)[:, None], corner, np.roll(corner, 1, axis=0))
    kept = ~(is_cut & np.roll(is_cut, 1))
    return corner[kept], before[kept], after[kept]


def nearest_border(
    border: Border, latitude: FloatArray, longitude: FloatArray
) -> tuple[FloatArray, IntArray]:
    """Return each point's distance to the nearest border in kilometres, and whose border it is.

    The nearest corners come from a tree; the edges beside them are measured; and the answer stands only if no
    edge beyond them can be nearer, else more corners are looked at. Of borders equally near (to a millimetre)
    the first polygon's is taken.

    Parameters
    ----------
    border : Border
    latitude, longitude : array, shape (n,)
        Degrees.

    Returns
    -------
    distance_km, owner : array, shape (n,)
    """
    from scipy.spatial import cKDTree

    tree, here = cKDTree(border.corner), to_ecef(latitude, longitude)
    foot, owner = np.empty_like(here), np.empty(len(here), dtype=np.int64)
    waiting, breadth = np.arange(len(here)), min(8, tree.n)
    while len(waiting):
        unsure = []
        step = max(1, PAIRS_AT_ONCE // breadth)
        for some in (waiting[first : first + step] for first in range(0, len(waiting), step)):
            foot[some], owner[some], is_sure = _nearest_edge(border, tree, here[some], breadth)
            unsure.append(some[~is_sure])
        waiting, breadth = np.concatenate(unsure), min(breadth * 4, tree.n)
    foot_latitude, foot_longitude = from_ecef(foot)
    return geodesic_km(latitude, longitude, foot_latitude, foot_longitude), owner


def _nearest_edge(
    border: Border, tree: "cKDTree", here: FloatArray, breadth: int
) -> tuple[FloatArray, IntArray, BoolArray]:
    answer = tree.query(here, k=list(range(1, breadth + 1)))
    reached, index = np.asarray(answer[0]), np.asarray(answer[1])
    ends = np.stack([border.before[index], border.after[index]], axis=2)
    feet = _feet(here[:, None, None, :], border.corner[index][:, :, None, :], ends)
    apart = np.linalg.norm(feet - here[:, None, None, :], axis=-1).reshape(len(here), -1)
    best = apart.min(axis=1)
    owners = np.repeat(border.owner[index], 2, axis=1)
    last = owners.max(initial=0) + 1
    ranked = np.where(apart <= best[:, None] + TOUCH_M, owners, last)
    chosen = ranked.argmin(axis=1)
    # Both ends of an edge not looked at are at least as far as the last corner reached, so the edge itself
    # is no nearer than the height of the triangle over half its length.
    height = np.sqrt(np.maximum(reached[:, -1] ** 2 - (border.longest_m / 2) ** 2, 0))
    is_sure = (height > best + TOUCH_M) | (breadth == tree.n)
    every = np.arange(len(here))
    return feet.reshape(len(here), -1, 3)[every, chosen], ranked[every, chosen], is_sure


def _feet(point: FloatArray, start: FloatArray, end: FloatArray) -> FloatArray:
    along = end - start
    squared = (along**2).sum(axis=-1, keepdims=True)
    share = ((point - start) * along).sum(axis=-1, keepdims=True) / np.where(squared > 0, squared, 1)
    feet: FloatArray = start + np.clip(share, 0, 1) * along
    return feet
