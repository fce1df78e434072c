"""Clusters by location quotient: regions where an industry weighs more than it does overall."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from clusterpanel.clusters.drawn_cluster import DrawnCluster, Shape
from clusterpanel.clusters.earth import BoolArray, FloatArray, IntArray
from clusterpanel.clusters.read_polygons import read_polygons
from clusterpanel.clusters.shapes import area_km2
from clusterpanel.clusters.site_years import SiteYears
from clusterpanel.errors import DataError, Fault, NotIdentifiedError, SpecError
from clusterpanel.spec.clusters import LocationQuotientDraw
from clusterpanel.spec.study import Study


@dataclass(frozen=True)
class RegionWeights:
    """What lies in each region in one year.

    Attributes
    ----------
    rows : array, shape (n,)
        The site-years that count: of the year, with point, region and weight, of any industry.
    weight : array, shape (n,)
        Sites (one each) or employment.
    total : array, shape (n_regions,)
        Weight of all industries.
    """

    rows: IntArray
    weight: FloatArray
    total: FloatArray

    def of_industry(self, sites: SiteYears, industry: int) -> tuple[FloatArray, IntArray]:
        """Return the weight and the number of sites of one industry in each region."""
        chosen = sites.industry[self.rows] == industry
        region, regions = sites.region[self.rows[chosen]], len(sites.regions)
        return _sum(self.weight[chosen], region, regions), np.bincount(region, minlength=regions).astype(
            np.int64
        )


def weigh_regions(sites: SiteYears, draw: LocationQuotientDraw, vintage: int) -> RegionWeights:
    """Sum the weights of the sites of a year by region."""
    counted = (sites.year == vintage) & (sites.location >= 0) & (sites.region >= 0)
    weight = site_weights(sites, draw)
    rows = np.flatnonzero(counted & np.isfinite(weight))
    total = _sum(weight[rows], sites.region[rows], len(sites.regions))
    return RegionWeights(rows, weight[rows], total)


def _sum(weight: FloatArray, region: IntArray, regions: int) -> FloatArray:
    return np.bincount(region, weight, regions).astype(np.float64)


def site_weights(sites: SiteYears, draw: LocationQuotientDraw) -> FloatArray:
    """Return what each site-year weighs: one, or its employment (not-a-number where unknown).

    Raises
    ------
    SpecError
        Employment is asked for and no site has any.
    """
    if draw.weight == "sites":
        return np.ones(len(sites.table))
    employment = pc.cast(sites.table.column("employment"), pa.float64())
    if employment.null_count == len(employment):
        raise SpecError(
            "the location quotient weighs by employment, which no site has",
            hint='Map a column of the sites to employment, or set weight = "sites".',
        )
    return np.asarray(employment.to_numpy(), dtype=np.float64)


def quotient(part: FloatArray, region: FloatArray, whole: FloatArray, everything: FloatArray) -> FloatArray:
    """Return (part / region) / (whole / everything); 0 where it is undefined."""
    below = region * whole
    return np.divide(part * everything, below, out=np.zeros(np.broadcast(part, below).shape), where=below > 0)


def draw_by_location_quotient(
    study: Study, sites: SiteYears, draw: LocationQuotientDraw
) -> list[DrawnCluster]:
    """Draw a cluster wherever an industry's quotient and number of sites in a region are high enough.

    Raises
    ------
    SpecError
        The zoning is not the study's first, which gives sites their region; or no site has a weight.
    DataError
        A region with sites has no polygon in the zoning, or two.
    NotIdentifiedError
        No industry has such a region in any vintage.
    """
    shapes = region_shapes(study, sites, draw)
    areas = [area_km2(shape) for shape in shapes]
    drawn: list[DrawnCluster] = []
    highest = 0.0
    for vintage in study.cluster_spec.vintages:
        weights = weigh_regions(sites, draw, vintage)
        for industry in range(len(sites.industries)):
            values, is_cluster, members = _regions(sites, weights, industry, draw)
            highest = max(highest, float(values.max(initial=0)))
            for region in np.flatnonzero(is_cluster):
                rows = members[sites.region[members] == region]
                centre = sites.mean_point(rows)
                name = sites.regions[region]
                drawn.append(
                    DrawnCluster(
                        vintage,
                        sites.industries[industry],
                        rows,
                        None,
                        centre,
                        shapes[region],
                        areas[region],
                        region_code=name,
                    )
                )
    if not drawn:
        raise NotIdentifiedError(
            f"no industry has a cluster: no region has a location quotient of {draw.threshold:g} with "
            f"{draw.minimum_members} sites; the highest quotient is {highest:.3g}",
            hint="Lower the threshold or minimum_members, or choose a coarser zoning.",
        )
    return drawn


def _regions(
    sites: SiteYears, weights: RegionWeights, industry: int, draw: LocationQuotientDraw
) -> tuple[FloatArray, BoolArray, IntArray]:
    part, count = weights.of_industry(sites, industry)
    values = quotient(part, weights.total, part.sum(), weights.total.sum())
    is_cluster = (values >= draw.threshold) & (count >= draw.minimum_members)
    return values, is_cluster, weights.rows[sites.industry[weights.rows] == industry]


def region_shapes(study: Study, sites: SiteYears, draw: LocationQuotientDraw) -> list[Shape]:
    """Return the polygon of each region that sites lie in.

    Raises
    ------
    SpecError
        The zoning is not the study's first.
    DataError
        A region with sites has no polygon in the zoning, or two.
    """
    if not study.zonings or study.zonings[0].name != draw.zoning:
        raise SpecError(
            f"clusters are drawn on zoning {draw.zoning!r}, but sites get theirs from the first zoning",
            hint=f"Name {draw.zoning!r} as the first zoning among the study's places.",
        )
    zoning = study.zonings[0]
    code = zoning.columns["region_code"]
    path = study.folder_of(zoning.name) / zoning.file
    frame = read_polygons(path, zoning.format, (code, *zoning.where))
    for column, kept in zoning.where.items():
        frame = frame[frame[column].isin(kept)]
    codes = frame[code].astype(str)
    count = codes.value_counts()
    faults = [
        Fault(zoning.file, f"column {code}", f"region {name!r} {count.get(name, 0)} times", "once")
        for name in sites.regions
        if count.get(name, 0) != 1
    ]
    if faults:
        raise DataError("regions with sites do not each have a polygon in the zoning", faults=faults)
    shape_of = dict(zip(codes, frame.geometry, strict=True))
    return [shape_of[name] for name in sites.regions]
