"""How many sites of an industry lie within a radius of each of its locations."""

from dataclasses import dataclass

import numpy as np

from clusterpanel.clusters.earth import FloatArray, IntArray, reach_m
from clusterpanel.clusters.neighbourhood import CellGrid, sums_within
from clusterpanel.clusters.site_years import SiteYears


@dataclass(frozen=True)
class Density:
    """The sites of one industry and year, by location.

    Attributes
    ----------
    grid : CellGrid
        The distinct locations, in the grid's order, which all arrays here follow.
    location : array, shape (n_spots,)
        Each spot's location among all locations.
    sites : array, shape (n_spots,)
        Number of sites at the spot.
    within : array, shape (n_spots,)
        Number of sites within reach of the spot, its own included.
    reach : float
        Metres, straight through the Earth.
    rows : array, shape (n_sites,)
        The site-years counted.
    spot : array, shape (n_sites,)
        The spot of each.
    """

    grid: CellGrid
    location: IntArray
    sites: IntArray
    within: IntArray
    reach: float
    rows: IntArray
    spot: IntArray

    @property
    def xyz(self) -> FloatArray:
        """Earth-centred coordinates of the spots, in metres."""
        return self.grid.xyz


def measure_density(sites: SiteYears, rows: IntArray, radius_km: float) -> Density:
    """Count, at each distinct location of `rows`, the sites within `radius_km` (inclusive)."""
    location, inverse, counts = np.unique(sites.location[rows], return_inverse=True, return_counts=True)
    reach = float(reach_m(radius_km))
    grid = CellGrid.of(sites.locations.xyz[location], reach)
    place = np.empty(len(location), dtype=np.int64)
    place[grid.order] = np.arange(len(location))
    ordered = counts[grid.order].astype(np.int64)
    return Density(
        grid, location[grid.order], ordered, sums_within(grid, ordered, reach), reach, rows, place[inverse]
    )
