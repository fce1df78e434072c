"""Who is asked about, and how near a cluster they are."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from clusterpanel.clusters.earth import BoolArray, FloatArray, IntArray, from_ecef, geodesic_km
from clusterpanel.clusters.nearest import nearest_allowed
from clusterpanel.clusters.site_years import SiteYears

Pairs = tuple[IntArray, IntArray]
NOBODY: Pairs = (np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))


@dataclass(frozen=True)
class Focal:
    """Distinct firms and places asked about, of one industry and vintage.

    Attributes
    ----------
    vintage, industry : int
        The year of the map, and the code of the industry.
    firm, location, region : array, shape (n,)
    """

    vintage: int
    industry: int
    firm: IntArray
    location: IntArray
    region: IntArray


@dataclass(frozen=True)
class Nearness:
    """How near the nearest cluster is, each firm left out of its own.

    Attributes
    ----------
    cluster : array, shape (n,)
        Row of the cluster map; -1 for none.
    is_inside : array, shape (n,)
    edge_km, depth_km, centre_km, member_km : array, shape (n,)
        Not-a-number where there is no cluster.
    """

    cluster: IntArray
    is_inside: BoolArray
    edge_km: FloatArray
    depth_km: FloatArray
    centre_km: FloatArray
    member_km: FloatArray

    @classmethod
    def none(cls, n: int) -> "Nearness":
        """Return what is said of `n` sites whose industry has no cluster."""
        unknown = np.full(n, np.nan)
        return cls(
            np.full(n, -1, dtype=np.int64), np.zeros(n, dtype=np.bool_), *[unknown.copy() for _ in range(4)]
        )


class Measure(Protocol):
    """A method's way to say how near its clusters are."""

    def nearness(self, focal: Focal) -> Nearness:
        """Return how near the nearest cluster of the industry and vintage is to each of `focal`."""


def kilometres(sites: SiteYears, location: IntArray, other: IntArray) -> FloatArray:
    """Return geodesic distances between locations; not-a-number where `other` is -1."""
    found = other >= 0
    places, here, there = sites.locations, location[found], other[found]
    distance = np.full(len(location), np.nan)
    distance[found] = geodesic_km(
        places.latitude[here], places.longitude[here], places.latitude[there], places.longitude[there]
    )
    return distance


def member_km(sites: SiteYears, members: IntArray, focal: Focal, lost: Pairs = NOBODY) -> FloatArray:
    """Return the distance to the nearest member of another firm.

    Parameters
    ----------
    sites : SiteYears
    members : array
        Rows of the site-years that are members.
    focal : Focal
    lost : pair of arrays
        Firms, and locations that hold no member once the firm is left out.
    """
    places = np.unique(sites.location[members])
    pairs = np.unique(np.stack([sites.location[members], sites.firm[members]], axis=1), axis=0)
    _, first, count = np.unique(pairs[:, 0], return_index=True, return_counts=True)
    alone = pairs[first[count == 1]]
    barred = (np.concatenate([alone[:, 1], lost[0]]), np.concatenate([alone[:, 0], lost[1]]))
    is_place = np.isin(barred[1], places)
    index = np.searchsorted(places, barred[1][is_place])
    xyz = sites.locations.xyz
    nearest = nearest_allowed(xyz[places], xyz[focal.location], focal.firm, (barred[0][is_place], index))
    found = np.where(nearest >= 0, places[nearest] if len(places) else -1, -1)
    return kilometres(sites, focal.location, found)


def left_out_centre_km(
    sites: SiteYears, members: tuple[IntArray, IntArray], focal: Focal, group: IntArray
) -> FloatArray:
    """Return the distance to the centre of each one's group, its own firm's members left out of the mean.

    Parameters
    ----------
    sites : SiteYears
    members : pair of arrays, shape (m,)
        Rows of the site-years that are members, and the group of each, from 0.
    focal : Focal
    group : array, shape (n,)
        The group of each of `focal`; -1 for none.
    """
    rows, groups = members
    groups_n = int(max(groups.max(initial=-1), group.max(initial=-1))) + 1
    weighted = np.column_stack([sites.locations.xyz[sites.location[rows]], np.ones(len(rows))])
    total = _sums(groups, weighted, groups_n)
    keys, inverse = np.unique(sites.firm[rows] * groups_n + groups, return_inverse=True)
    own = np.vstack([_sums(inverse, weighted, len(keys)), np.zeros(4)])
    wanted = focal.firm * groups_n + group
    index = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    is_own = (keys[index] == wanted) if len(keys) else np.zeros(len(wanted), dtype=np.bool_)
    rest = total[group] - own[np.where(is_own & (group >= 0), index, len(keys))]
    usable = (group >= 0) & (rest[:, 3] > 0.5)
    latitude, longitude = from_ecef(rest[usable, :3] / rest[usable, 3:])
    here = focal.location[usable]
    distance = np.full(len(group), np.nan)
    places = sites.locations
    distance[usable] = geodesic_km(places.latitude[here], places.longitude[here], latitude, longitude)
    return distance


def _sums(group: IntArray, values: FloatArray, groups: int) -> FloatArray:
    return np.column_stack([np.bincount(group, column, groups) for column in values.T])
