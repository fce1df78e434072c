"""Distance to clusters that are polygons: those that the user supplies."""

from dataclasses import dataclass

import numpy as np
import shapely

from clusterpanel.clusters.border import nearest_border, trace_border
from clusterpanel.clusters.drawn_cluster import Shape
from clusterpanel.clusters.earth import BoolArray, FloatArray, IntArray, geodesic_km
from clusterpanel.clusters.map_rows import MapRows
from clusterpanel.clusters.nearness import Focal, Nearness, member_km
from clusterpanel.clusters.polygons import points_in_shapes
from clusterpanel.clusters.site_years import SiteYears


@dataclass(frozen=True)
class ShapeMeasure:
    """Nearness to supplied polygons, which no firm's sites decide."""

    sites: SiteYears
    drawn: MapRows

    def nearness(self, focal: Focal) -> Nearness:
        """Return nearness to the polygon each site is in, or whose border is nearest."""
        clusters = self.drawn.clusters_of(focal.vintage, self.sites.industries[focal.industry])
        if not len(clusters):
            return Nearness.none(len(focal.firm))
        places, inverse = np.unique(focal.location, return_inverse=True)
        shape, edge_km, depth_km = self._by_place(self.drawn.shapes_of(clusters), places)
        nearest = clusters[shape[inverse]]
        latitude, longitude = self.sites.locations.latitude, self.sites.locations.longitude
        centre_km = geodesic_km(
            latitude[focal.location],
            longitude[focal.location],
            self.drawn.centre_latitude[nearest],
            self.drawn.centre_longitude[nearest],
        )
        members, _ = self.drawn.members_of(clusters)
        return Nearness(
            nearest,
            edge_km[inverse] == 0,
            edge_km[inverse],
            depth_km[inverse],
            centre_km,
            member_km(self.sites, members, focal),
        )

    def _by_place(self, shapes: list[Shape], places: IntArray) -> tuple[IntArray, FloatArray, FloatArray]:
        latitude, longitude = self.sites.locations.latitude[places], self.sites.locations.longitude[places]
        points = np.asarray(shapely.points(longitude, latitude))
        point, holder = points_in_shapes(points, shapes)
        inside, first = np.unique(point, return_index=True)
        edge_km, shape = nearest_border(trace_border(shapes), latitude, longitude)
        shape[inside], edge_km[inside] = holder[first], 0
        is_inside = np.zeros(len(places), dtype=np.bool_)
        is_inside[inside] = True
        return shape, edge_km, depth_inside(shapes, shape, is_inside, latitude, longitude)


def depth_inside(
    shapes: list[Shape], shape: IntArray, is_inside: BoolArray, latitude: FloatArray, longitude: FloatArray
) -> FloatArray:
    """Return how far each point inside a shape is from that shape's own border, in kilometres; 0 outside."""
    depth_km = np.zeros(len(shape))
    for number in np.unique(shape[is_inside]):
        chosen = is_inside & (shape == number)
        border = trace_border([shapes[number]])
        depth_km[chosen], _ = nearest_border(border, latitude[chosen], longitude[chosen])
    return depth_km
