"""Clusters by density: Ester, Kriegel, Sander and Xu (1996), border sites given to their nearest core."""

from dataclasses import dataclass

import numpy as np

from clusterpanel.clusters.density import Density, measure_density
from clusterpanel.clusters.drawn_cluster import DrawnCluster
from clusterpanel.clusters.earth import BoolArray, IntArray
from clusterpanel.clusters.nearest import nearest_allowed
from clusterpanel.clusters.neighbourhood import components
from clusterpanel.clusters.shapes import circles_union
from clusterpanel.clusters.site_years import SiteYears
from clusterpanel.errors import NotIdentifiedError
from clusterpanel.spec.clusters import DbscanDraw

NOBODY = (np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))


@dataclass(frozen=True)
class Labels:
    """Which cluster each spot belongs to.

    Attributes
    ----------
    cluster : array, shape (n_spots,)
        A number from 0, most cores first; -1 for none.
    is_core : array, shape (n_spots,)
    """

    cluster: IntArray
    is_core: BoolArray


def draw_by_density(sites: SiteYears, draw: DbscanDraw, vintages: tuple[int, ...]) -> list[DrawnCluster]:
    """Draw clusters of each industry among the sites of each vintage year.

    A site with at least ``minimum_members`` sites within ``eps_km``, itself included, is a core; cores within
    ``eps_km`` of each other are in one cluster; other sites within ``eps_km`` of a core are in the cluster of
    the nearest one, and if several are equally near, in the cluster with the most core sites.

    Raises
    ------
    NotIdentifiedError
        No industry has a cluster in any vintage.
    """
    drawn: list[DrawnCluster] = []
    largest = 0
    for vintage in vintages:
        for industry in range(len(sites.industries)):
            rows = sites.rows_of(vintage, industry)
            if len(rows):
                density = measure_density(sites, rows, draw.eps_km)
                largest = max(largest, int(density.within.max()))
                drawn += _clusters(sites, density, vintage, industry, draw)
    if not drawn:
        raise NotIdentifiedError(
            f"no industry has a cluster: no site has {draw.minimum_members} sites of its industry within "
            f"{draw.eps_km:g} km, itself included; the most found is {largest}",
            hint="Lower minimum_members, raise eps_km, or group related industries in the cluster spec.",
        )
    return drawn


def label_spots(density: Density, minimum_members: int) -> Labels:
    """Find the cores of one industry and vintage, link them, and give border spots to their nearest core."""
    is_core = density.within >= minimum_members
    cluster = _by_core_sites(density, components(density.grid, is_core, density.reach))
    cores = np.flatnonzero(is_core)
    cores = cores[np.lexsort((density.location[cores], cluster[cores]))]
    border = np.flatnonzero(~is_core)
    nearest = nearest_allowed(
        density.xyz[cores], density.xyz[border], np.zeros(len(border), np.int64), NOBODY
    )
    if len(cores):
        apart = np.linalg.norm(density.xyz[border] - density.xyz[cores[nearest]], axis=1)
        cluster[border] = np.where(apart <= density.reach, cluster[cores[nearest]], -1)
    return Labels(cluster, is_core)


def _by_core_sites(density: Density, component: IntArray) -> IntArray:
    """Return the components numbered from the one with most core sites, then from the south-west."""
    cores = np.flatnonzero(component >= 0)
    names, inverse = np.unique(component[cores], return_inverse=True)
    weight = np.bincount(inverse, density.sites[cores], minlength=len(names))
    first = np.full(len(names), np.iinfo(np.int64).max)
    np.minimum.at(first, inverse, density.location[cores])
    rank = np.empty(len(names), dtype=np.int64)
    rank[np.lexsort((first, -weight))] = np.arange(len(names))
    cluster = np.full(len(component), -1, dtype=np.int64)
    cluster[cores] = rank[inverse]
    return cluster


def _clusters(
    sites: SiteYears, density: Density, vintage: int, industry: int, draw: DbscanDraw
) -> list[DrawnCluster]:
    labels = label_spots(density, draw.minimum_members)
    of_row = labels.cluster[density.spot]
    drawn = []
    for cluster in range(int(labels.cluster.max()) + 1):
        chosen = of_row == cluster
        rows = density.rows[chosen]
        cores = np.sort(density.location[labels.is_core & (labels.cluster == cluster)])
        centre = sites.mean_point(rows)
        geometry, area = circles_union(
            sites.locations.latitude[cores], sites.locations.longitude[cores], draw.eps_km, centre
        )
        is_core = labels.is_core[density.spot[chosen]]
        drawn.append(DrawnCluster(vintage, sites.industries[industry], rows, is_core, centre, geometry, area))
    return drawn
