"""An equal-area map of wherever the sites are, and borders too coarse to give a site away."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

Points = NDArray[np.float64]


@dataclass(frozen=True)
class Projection:
    """Lambert's azimuthal equal-area projection around a centre (degrees)."""

    longitude: float
    latitude: float

    def forward(self, degrees: Points) -> Points:
        """Return longitude-latitude points (n, 2) as metres (n, 2)."""
        transformer = _transformer(self.longitude, self.latitude)
        return np.column_stack(transformer.transform(degrees[:, 0], degrees[:, 1]))

    def shape(self, geometry: "BaseGeometry") -> "BaseGeometry":
        """Return a longitude-latitude geometry in metres."""
        from shapely import transform

        return transform(geometry, self.forward)


def projection_of(degrees: Points) -> Projection:
    """Return the projection centred on points (n, 2), the antimeridian no obstacle."""
    angles = np.radians(degrees[:, 0])
    longitude = np.degrees(np.arctan2(np.sin(angles).mean(), np.cos(angles).mean()))
    middle = (degrees[:, 1].min() + degrees[:, 1].max()) / 2
    return Projection(round(float(longitude), 2), round(float(middle), 2))


def coarsened(shape: "BaseGeometry", cell_m: float) -> "BaseGeometry":
    """Return a shape with every corner moved to a grid of `cell_m` metres, then rounded for the eye.

    A border made of circles around sites would give their centres away; one on a grid does not.
    """
    from shapely import box, get_parts, set_precision, unary_union

    gridded = set_precision(shape.buffer(cell_m / 2), cell_m)
    if gridded.is_empty:
        gridded = box(*(np.floor(np.array(shape.bounds) / cell_m) * cell_m + [0, 0, cell_m, cell_m]))
    smooth = unary_union(gridded).simplify(1.2 * cell_m)
    rounded = unary_union([_rounded(part) for part in get_parts(smooth)])
    return gridded if rounded.is_empty else rounded


def _rounded(part: "BaseGeometry") -> "BaseGeometry":
    from shapely import Polygon, get_coordinates, get_exterior_ring

    return Polygon(cut_corners(cut_corners(get_coordinates(get_exterior_ring(part))))).buffer(0)


def cut_corners(ring: Points) -> Points:
    """Return a closed ring (n, 2) with every corner cut at a quarter of its sides (Chaikin 1974)."""
    first, second = ring[:-1], ring[1:]
    cut = np.stack([0.75 * first + 0.25 * second, 0.25 * first + 0.75 * second], axis=1).reshape(-1, 2)
    return np.concatenate([cut, cut[:1]])


def _transformer(longitude: float, latitude: float) -> Any:
    from pyproj import Transformer

    target = f"+proj=laea +lon_0={longitude} +lat_0={latitude} +datum=WGS84 +units=m"
    return Transformer.from_crs("EPSG:4326", target, always_xy=True)
