"""A cluster map as numbers that point into the site-years."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import shapely

from clusterpanel.clusters.cluster_map import ClusterMap
from clusterpanel.clusters.drawn_cluster import Shape
from clusterpanel.clusters.earth import FloatArray, IntArray
from clusterpanel.clusters.site_years import SiteYears
from clusterpanel.errors import DataError


@dataclass(frozen=True)
class MapRows:
    """Clusters and members, in the order of the tables.

    Attributes
    ----------
    table : table, n rows
        The clusters.
    member_row : array, shape (m,)
        Each member's row among the site-years.
    member_cluster : array, shape (m,)
        Its row among the clusters, ascending.
    """

    table: pa.Table
    member_row: IntArray
    member_cluster: IntArray

    @cached_property
    def centre_latitude(self) -> FloatArray:
        """Latitudes of the centres, in degrees."""
        return np.asarray(self.table.column("centre_latitude").to_numpy(), dtype=np.float64)

    @cached_property
    def centre_longitude(self) -> FloatArray:
        """Longitudes of the centres, in degrees."""
        return np.asarray(self.table.column("centre_longitude").to_numpy(), dtype=np.float64)

    def shapes_of(self, clusters: IntArray) -> list[Shape]:
        """Return the shapes of some clusters."""
        return list(shapely.from_wkb(self.table.column("geometry").take(pa.array(clusters)).to_pylist()))

    def clusters_of(self, vintage: int, industry: str) -> IntArray:
        """Return the clusters of an industry, and those of every industry, in one vintage."""
        both = (self._groups.get((vintage, name), []) for name in (industry, None))
        return np.array(sorted(row for rows in both for row in rows), dtype=np.int64)

    def members_of(self, clusters: IntArray) -> tuple[IntArray, IntArray]:
        """Return the rows and the clusters of the members of some clusters (ascending)."""
        first = np.searchsorted(self.member_cluster, clusters, "left")
        last = np.searchsorted(self.member_cluster, clusters, "right")
        chosen = np.concatenate([np.arange(a, b) for a, b in zip(first, last, strict=True)] or [first])
        return self.member_row[chosen], self.member_cluster[chosen]

    @cached_property
    def _groups(self) -> dict[tuple[int, str | None], list[int]]:
        groups: dict[tuple[int, str | None], list[int]] = {}
        names = zip(
            self.table.column("vintage").to_pylist(), self.table.column("industry").to_pylist(), strict=True
        )
        for row, name in enumerate(names):
            groups.setdefault(name, []).append(row)
        return groups


def read_map(clusters: ClusterMap, sites: SiteYears) -> MapRows:
    """Read a cluster map.

    Raises
    ------
    DataError
        It has members that are not among the site-years: it was drawn from another registry.
    """
    table = clusters.clusters
    key = ["site_id", "year"]
    numbered = sites.table.select(key).append_column("row", pa.array(np.arange(len(sites.table))))
    names = ["cluster_id", "vintage"]
    numbers = table.select(names).append_column("cluster", pa.array(np.arange(len(table))))
    members = clusters.members.select([*names, "site_id"])
    found = members.join(numbers, names, join_type="inner").join(
        numbered, ["site_id", "vintage"], key, join_type="inner"
    )
    if len(found) != len(members):
        raise DataError(
            "the cluster map has members that are not among the sites",
            hint="Draw the clusters anew from this registry.",
        )
    ordered = found.sort_by([("cluster", "ascending"), ("row", "ascending")])
    return MapRows(table, ordered.column("row").to_numpy(), ordered.column("cluster").to_numpy())
