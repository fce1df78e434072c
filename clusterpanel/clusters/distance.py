"""How near the nearest same-industry cluster is to every site in every year."""

import numpy as np

from clusterpanel.clusters.distance_to_cores import CircleMeasure, DensityMeasure
from clusterpanel.clusters.distance_to_regions import RegionMeasure
from clusterpanel.clusters.distance_to_shapes import ShapeMeasure
from clusterpanel.clusters.earth import IntArray
from clusterpanel.clusters.location_quotient import region_shapes
from clusterpanel.clusters.map_rows import MapRows
from clusterpanel.clusters.nearness import Focal, Measure, Nearness
from clusterpanel.clusters.site_years import SiteYears
from clusterpanel.clusters.vintages import vintage_of
from clusterpanel.spec.clusters import DbscanDraw, LocationQuotientDraw, PointsDraw
from clusterpanel.spec.study import Study


def measure_distances(study: Study, sites: SiteYears, drawn: MapRows) -> Nearness:
    """Return how near a cluster of its industry and vintage each site-year is.

    Sites without a point, without a cluster industry or before the first vintage have no answer.

    Raises
    ------
    SpecError, DataError, MissingInputError
        The zoning that clusters were drawn on cannot be used any more.
    """
    measure = _measure(study, sites, drawn)
    vintage = vintage_of(sites.year, study.cluster_spec.vintages)
    asked = np.flatnonzero((sites.location >= 0) & (sites.industry >= 0) & (vintage >= 0))
    columns = (vintage, sites.industry, sites.firm, sites.location, sites.region)
    first, inverse = _distinct(*(column[asked] for column in columns))
    distinct = asked[first]
    groups = np.flatnonzero(np.diff(vintage[distinct]) | np.diff(sites.industry[distinct])) + 1
    answers = [
        measure.nearness(_focal(sites, int(vintage[rows[0]]), rows))
        for rows in np.split(distinct, groups)
        if len(rows)
    ]
    return _scattered(answers, asked, inverse, len(sites.table))


def _measure(study: Study, sites: SiteYears, drawn: MapRows) -> Measure:
    draw = study.cluster_spec.draw
    if isinstance(draw, DbscanDraw):
        return DensityMeasure(sites, drawn, draw)
    if isinstance(draw, PointsDraw):
        return CircleMeasure(sites, drawn, draw)
    if isinstance(draw, LocationQuotientDraw):
        return RegionMeasure(sites, drawn, draw, region_shapes(study, sites, draw))
    return ShapeMeasure(sites, drawn)


def _focal(sites: SiteYears, vintage: int, rows: IntArray) -> Focal:
    return Focal(
        vintage, int(sites.industry[rows[0]]), sites.firm[rows], sites.location[rows], sites.region[rows]
    )


def _distinct(*columns: IntArray) -> tuple[IntArray, IntArray]:
    """Return the first row of each distinct combination, in order, and each row's combination."""
    order = np.lexsort(columns[::-1])
    is_new = np.zeros(len(order), dtype=np.bool_)
    is_new[:1] = True
    for column in columns:
        is_new[1:] |= np.diff(column[order]) != 0
    inverse = np.empty(len(order), dtype=np.int64)
    inverse[order] = np.cumsum(is_new) - 1
    return order[is_new], inverse


def _scattered(answers: list[Nearness], asked: IntArray, inverse: IntArray, rows: int) -> Nearness:
    result = Nearness.none(rows)
    for name in ("cluster", "is_inside", "edge_km", "depth_km", "centre_km", "member_km"):
        if answers:
            together = np.concatenate([getattr(answer, name) for answer in answers])
            getattr(result, name)[asked] = together[inverse]
    return result
