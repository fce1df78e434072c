"""Distance to clusters that are circles around points: density clusters and supplied centres."""

from dataclasses import dataclass

import numpy as np

from clusterpanel.clusters.density import measure_density
from clusterpanel.clusters.earth import geodesic_km, reach_m, to_ecef
from clusterpanel.clusters.leave_out import lost_without
from clusterpanel.clusters.map_rows import MapRows
from clusterpanel.clusters.nearest import nearest_allowed
from clusterpanel.clusters.nearness import (
    NOBODY,
    Focal,
    Nearness,
    kilometres,
    left_out_centre_km,
    member_km,
)
from clusterpanel.clusters.site_years import SiteYears
from clusterpanel.spec.clusters import DbscanDraw, PointsDraw


@dataclass(frozen=True)
class DensityMeasure:
    """Nearness to density clusters, which are the circles around their cores.

    A firm's own sites never decide: for each firm the cores are those that other firms' sites make, exactly
    as if the clusters had been drawn without it.
    """

    sites: SiteYears
    drawn: MapRows
    draw: DbscanDraw

    def nearness(self, focal: Focal) -> Nearness:
        """Return nearness to the nearest core that stays without the focal firm."""
        clusters = self.drawn.clusters_of(focal.vintage, self.sites.industries[focal.industry])
        if not len(clusters):
            return Nearness.none(len(focal.firm))
        members, cluster = self.drawn.members_of(clusters)
        rows = self.sites.rows_of(focal.vintage, focal.industry)
        density = measure_density(self.sites, rows, self.draw.eps_km)
        lost, stranded = lost_without(density, self.sites.firm[density.rows], self.draw.minimum_members)

        of_spot = np.full(len(density.sites), -1, dtype=np.int64)
        of_spot[density.spot[np.searchsorted(density.rows, members)]] = cluster
        cores = np.flatnonzero(density.within >= self.draw.minimum_members)
        cores = cores[np.lexsort((density.location[cores], of_spot[cores]))]
        number = np.empty(len(of_spot), dtype=np.int64)
        number[cores] = np.arange(len(cores))

        here = self.sites.locations.xyz[focal.location]
        found = nearest_allowed(density.xyz[cores], here, focal.firm, (lost[0], number[lost[1]]))
        spot = cores[found]
        location = np.where(found >= 0, density.location[spot], -1)
        core_km = kilometres(self.sites, focal.location, location)
        apart = np.linalg.norm(density.xyz[spot] - here, axis=1)
        is_inside = (found >= 0) & (apart <= density.reach)
        nearest = np.where(found >= 0, of_spot[spot], -1)
        left_out = (stranded[0], density.location[stranded[1]])
        return Nearness(
            nearest,
            is_inside,
            np.where(is_inside, 0.0, np.maximum(core_km - self.draw.eps_km, 0)),
            np.where(is_inside, np.maximum(self.draw.eps_km - core_km, 0), core_km * 0),
            left_out_centre_km(self.sites, (members, cluster), focal, nearest),
            member_km(self.sites, members, focal, left_out),
        )


@dataclass(frozen=True)
class CircleMeasure:
    """Nearness to circles around supplied centres, which no firm's sites decide."""

    sites: SiteYears
    drawn: MapRows
    draw: PointsDraw

    def nearness(self, focal: Focal) -> Nearness:
        """Return nearness to the circle whose centre is nearest."""
        clusters = self.drawn.clusters_of(focal.vintage, self.sites.industries[focal.industry])
        if not len(clusters):
            return Nearness.none(len(focal.firm))
        latitude, longitude = self.drawn.centre_latitude[clusters], self.drawn.centre_longitude[clusters]
        centres, places = to_ecef(latitude, longitude), self.sites.locations
        here = places.xyz[focal.location]
        found = nearest_allowed(centres, here, focal.firm, NOBODY)
        centre_km = geodesic_km(
            places.latitude[focal.location],
            places.longitude[focal.location],
            latitude[found],
            longitude[found],
        )
        is_inside = np.linalg.norm(centres[found] - here, axis=1) <= reach_m(self.draw.radius_km)
        members, _ = self.drawn.members_of(clusters)
        return Nearness(
            clusters[found],
            is_inside,
            np.where(is_inside, 0.0, np.maximum(centre_km - self.draw.radius_km, 0)),
            np.where(is_inside, np.maximum(self.draw.radius_km - centre_km, 0), 0.0),
            centre_km,
            member_km(self.sites, members, focal),
        )
