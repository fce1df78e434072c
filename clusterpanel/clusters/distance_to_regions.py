"""Distance to clusters that are regions with a high location quotient, each firm left out of its own."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa

from clusterpanel.clusters.border import Border, joined, nearest_border, trace_border
from clusterpanel.clusters.drawn_cluster import Shape
from clusterpanel.clusters.earth import BoolArray, FloatArray, IntArray
from clusterpanel.clusters.location_quotient import RegionWeights, quotient, weigh_regions
from clusterpanel.clusters.map_rows import MapRows
from clusterpanel.clusters.nearness import Focal, Nearness, left_out_centre_km, member_km
from clusterpanel.clusters.site_years import SiteYears
from clusterpanel.spec.clusters import LocationQuotientDraw

FIRMS_AT_ONCE = 4_096


@dataclass(frozen=True)
class RegionMeasure:
    """Nearness to the regions that are clusters without the focal firm.

    For each firm the quotients and counts of all regions are taken again with its own sites subtracted from
    the region, the industry and the whole, so a region can also become a cluster when a firm is left out.
    """

    sites: SiteYears
    drawn: MapRows
    draw: LocationQuotientDraw
    shapes: list[Shape]
    weights: dict[int, RegionWeights] = field(default_factory=dict)

    def nearness(self, focal: Focal) -> Nearness:
        """Return nearness to the region each site is in, or whose border is nearest."""
        firms, of_firm = np.unique(focal.firm, return_inverse=True)
        allowed = self._clusters_without(focal, firms)
        patterns, of_pattern = np.unique(allowed, axis=0, return_inverse=True)
        pattern = of_pattern.reshape(-1)[of_firm]
        result = Nearness.none(len(focal.firm))
        for number in np.flatnonzero(patterns.any(axis=1)):
            self._fill(result, focal, np.flatnonzero(pattern == number), patterns[number])
        return result

    def _weights(self, vintage: int) -> RegionWeights:
        if vintage not in self.weights:
            self.weights[vintage] = weigh_regions(self.sites, self.draw, vintage)
        return self.weights[vintage]

    def _clusters_without(self, focal: Focal, firms: IntArray) -> BoolArray:
        """Return for each firm which regions are clusters of the industry once it is left out."""
        weights = self._weights(focal.vintage)
        part, count = weights.of_industry(self.sites, focal.industry)
        found = np.empty((len(firms), len(self.sites.regions)), dtype=np.bool_)
        for first in range(0, len(firms), FIRMS_AT_ONCE):
            some = firms[first : first + FIRMS_AT_ONCE]
            own_total, own_part, own_count = self._own(weights, focal.industry, some)
            left_part, left_total = part - own_part, weights.total - own_total
            values = quotient(
                left_part,
                left_total,
                left_part.sum(axis=1, keepdims=True),
                left_total.sum(axis=1, keepdims=True),
            )
            is_enough = count - own_count >= self.draw.minimum_members
            found[first : first + FIRMS_AT_ONCE] = (values >= self.draw.threshold) & is_enough
        return found

    def _own(
        self, weights: RegionWeights, industry: int, firms: IntArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return each firm's weight of all industries, weight in the industry and sites, by region."""
        firm = self.sites.firm[weights.rows]
        mine = np.flatnonzero(np.isin(firm, firms))
        cell = np.searchsorted(firms, firm[mine]) * len(self.sites.regions)
        cell += self.sites.region[weights.rows[mine]]
        in_industry = self.sites.industry[weights.rows[mine]] == industry
        shape = (len(firms), len(self.sites.regions))
        values = (weights.weight[mine], weights.weight[mine] * in_industry, in_industry.astype(np.float64))
        total, part, count = (
            np.bincount(cell, value, shape[0] * shape[1]).reshape(shape).astype(np.float64)
            for value in values
        )
        return total, part, count

    def _fill(self, result: Nearness, focal: Focal, who: IntArray, is_cluster: BoolArray) -> None:
        """Write the answers for those whose clusters are the regions of one pattern."""
        regions = np.flatnonzero(is_cluster)
        some = Focal(focal.vintage, focal.industry, focal.firm[who], focal.location[who], focal.region[who])
        is_inside = (some.region >= 0) & is_cluster[some.region]
        latitude = self.sites.locations.latitude[some.location]
        longitude = self.sites.locations.longitude[some.location]
        edge_km, nearest = nearest_border(
            joined([self._borders[region] for region in regions]), latitude, longitude
        )
        region = np.where(is_inside, some.region, regions[nearest])
        rows = self.sites.rows_of(focal.vintage, focal.industry)
        members = rows[np.isin(rows, self._weights(focal.vintage).rows)]
        members = members[is_cluster[self.sites.region[members]]]
        result.is_inside[who] = is_inside
        result.edge_km[who] = np.where(is_inside, 0, edge_km)
        result.depth_km[who] = np.where(is_inside, self._depth_km(some), 0)
        result.cluster[who] = self._cluster_of(focal)[region]
        result.centre_km[who] = left_out_centre_km(
            self.sites, (members, self.sites.region[members]), some, region
        )
        result.member_km[who] = member_km(self.sites, members, some)

    @cached_property
    def _borders(self) -> list[Border]:
        """The border of every region, traced once."""
        return [trace_border([shape]) for shape in self.shapes]

    def _depth_km(self, focal: Focal) -> FloatArray:
        """Return how far the border of each one's region is, whether it is a cluster or not."""
        keys, depth_km = self._depths
        found = np.searchsorted(keys, focal.location * len(self.shapes) + focal.region)
        return depth_km[np.minimum(found, len(keys) - 1)]

    @cached_property
    def _depths(self) -> tuple[IntArray, FloatArray]:
        """The distance to the border for every location and region that sites have, measured once."""
        placed = (self.sites.location >= 0) & (self.sites.region >= 0)
        keys = np.unique(self.sites.location[placed] * len(self.shapes) + self.sites.region[placed])
        location, region = keys // len(self.shapes), keys % len(self.shapes)
        latitude, longitude = self.sites.locations.latitude, self.sites.locations.longitude
        depth_km = np.empty(len(keys))
        for number in np.unique(region):
            here = region == number
            depth_km[here], _ = nearest_border(
                self._borders[number], latitude[location[here]], longitude[location[here]]
            )
        return keys, depth_km

    def _cluster_of(self, focal: Focal) -> IntArray:
        """Return each region's row of the cluster map, -1 if it is a cluster only without some firm."""
        clusters = self.drawn.clusters_of(focal.vintage, self.sites.industries[focal.industry])
        codes = self.drawn.table.column("region_code").take(pa.array(clusters)).to_pylist()
        number = {name: code for code, name in enumerate(self.sites.regions)}
        found = np.full(len(self.sites.regions), -1, dtype=np.int64)
        found[[number[name] for name in codes]] = clusters
        return found
