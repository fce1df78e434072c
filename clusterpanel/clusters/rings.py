"""Sites of other firms, and their activity, within rings around every site in every year."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit

from clusterpanel.clusters.earth import BoolArray, FloatArray, IntArray, reach_m
from clusterpanel.clusters.neighbourhood import CellGrid, neighbour_runs, squared_distance
from clusterpanel.clusters.site_years import SiteYears


@dataclass(frozen=True)
class Rings:
    """What lies within each radius of each site-year, its own firm left out.

    Attributes
    ----------
    own_count, all_count : array, shape (n, n_radii)
        Sites of the same cluster industry, and of any; not-a-number without a point, or without an industry.
    own_activity, all_activity : array, shape (n, n_radii), or None
        Their activity; None if the sites have none.
    """

    own_count: FloatArray
    all_count: FloatArray
    own_activity: FloatArray | None
    all_activity: FloatArray | None


class Cells(NamedTuple):
    """Sites added up by location and by kind, so that a location is looked at once and not once a site.

    Attributes
    ----------
    start : array, shape (n_locations + 1,)
        The cells of location i, in the grid's order, are start[i] up to start[i + 1].
    kind : array, shape (n_cells,)
        A year, or an industry and year.
    weight : array, shape (n_cells, 2)
        Sites and activity.
    kinds : int
    """

    start: IntArray
    kind: IntArray
    weight: FloatArray
    kinds: int


def count_rings(sites: SiteYears, radii_km: tuple[float, ...]) -> Rings:
    """Count other firms' sites and sum their activity within each radius (inclusive), in the same year.

    Sites are added up by location, industry and year; each location's neighbours are then visited once for
    all years; and each firm's own sites are subtracted at the end. Unknown activity adds nothing.

    Parameters
    ----------
    sites : SiteYears
    radii_km : tuple of float
        In any order; the columns of the result follow it.
    """
    order = np.argsort(radii_km, kind="stable")
    reach = reach_m(np.asarray(radii_km, dtype=np.float64)[order])
    rows = np.flatnonzero(sites.location >= 0)
    grid = CellGrid.of(sites.locations.xyz, float(reach[-1]))
    place = np.empty(len(grid.order), dtype=np.int64)
    place[grid.order] = np.arange(len(grid.order))
    spot = place[sites.location[rows]]
    amount = np.zeros(len(rows)) if sites.activity is None else np.nan_to_num(sites.activity[rows])
    weight = np.column_stack([np.ones(len(rows)), amount])
    _, year = np.unique(sites.year[rows], return_inverse=True)
    years, industry = int(year.max(initial=0)) + 1, sites.industry[rows]

    everyone = _sum_around(grid, spot, year, weight, reach)
    in_industry = industry >= 0
    kind = industry[in_industry] * years + year[in_industry]
    related = np.zeros_like(everyone)
    related[in_industry] = _sum_around(grid, spot[in_industry], kind, weight[in_industry], reach)
    own_all, own_related = _own_firm(sites, rows, weight, reach)
    back = np.argsort(order)
    full = [
        _others(total - own, rows, sites, mask)[:, back]
        for total, own, mask in ((related, own_related, in_industry), (everyone, own_all, in_industry | True))
    ]
    has_activity = sites.activity is not None
    return Rings(
        full[0][..., 0],
        full[1][..., 0],
        full[0][..., 1] if has_activity else None,
        full[1][..., 1] if has_activity else None,
    )


def _others(rest: FloatArray, rows: IntArray, sites: SiteYears, mask: BoolArray) -> FloatArray:
    """Spread the sums over all site-years; where no site is left, the activity left by rounding goes too."""
    rest[..., 0] = np.rint(rest[..., 0])
    rest[..., 1] = np.where(rest[..., 0] > 0, np.maximum(rest[..., 1], 0), 0)
    full = np.full((len(sites.table), *rest.shape[1:]), np.nan)
    full[rows[mask]] = rest[mask]
    return full


def _sum_around(
    grid: CellGrid, spot: IntArray, kind: IntArray, weight: FloatArray, reach: FloatArray
) -> FloatArray:
    """Return for each site the sites and activity of its kind within each reach, shape (n, n_radii, 2)."""
    kinds = int(kind.max(initial=0)) + 1
    keys, inverse = np.unique(spot * kinds + kind, return_inverse=True)
    total = np.column_stack([np.bincount(inverse, column, len(keys)) for column in weight.T]).astype(
        np.float64
    )
    start = np.searchsorted(keys // kinds, np.arange(len(grid.xyz) + 1)).astype(np.int64)
    out = np.zeros((len(keys), len(reach), 2))
    _sum_kernel(grid, Cells(start, keys % kinds, total, kinds), reach**2, out)
    return np.asarray(np.cumsum(out, axis=1)[inverse])


@njit(cache=True)
def _sum_kernel(grid, cells, squared_reach, out):  # type: ignore[no-untyped-def]
    runs, slot = np.empty((9, 2), np.int64), np.full(cells.kinds, -1)
    for i in range(len(grid.xyz)):
        first, last = cells.start[i], cells.start[i + 1]
        if first == last:
            continue
        slot[cells.kind[first:last]] = np.arange(first, last)
        neighbour_runs(grid.xyz[i], grid, runs)
        for run in range(9):
            for j in range(runs[run, 0], runs[run, 1]):
                ring = np.searchsorted(squared_reach, squared_distance(grid.xyz[i], grid.xyz[j]))
                if ring == len(squared_reach):
                    continue
                for cell in range(cells.start[j], cells.start[j + 1]):
                    target = slot[cells.kind[cell]]
                    if target >= 0:
                        out[target, ring, 0] += cells.weight[cell, 0]
                        out[target, ring, 1] += cells.weight[cell, 1]
        slot[cells.kind[first:last]] = -1


def _own_firm(
    sites: SiteYears, rows: IntArray, weight: FloatArray, reach: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return what each site's own firm has within each reach of it: in all industries, and in its own."""
    order = np.lexsort((sites.firm[rows], sites.year[rows]))
    by_firm = rows[order]
    is_new = np.diff(sites.year[by_firm]).astype(bool) | np.diff(sites.firm[by_firm]).astype(bool)
    start = np.concatenate([[0], np.flatnonzero(is_new) + 1, [len(rows)]]).astype(np.int64)
    xyz = sites.locations.xyz[sites.location[by_firm]]
    out = np.zeros((2, len(rows), len(reach), 2))
    _own_kernel(start, xyz, sites.industry[by_firm], weight[order], (reach**2, out))
    summed = np.empty_like(out)
    summed[:, order] = np.cumsum(out, axis=2)
    return summed[0], summed[1]


@njit(cache=True)
def _own_kernel(start, xyz, industry, weight, reach_and_out):  # type: ignore[no-untyped-def]
    squared_reach, out = reach_and_out
    for block in range(len(start) - 1):
        for i in range(start[block], start[block + 1]):
            for j in range(start[block], start[block + 1]):
                ring = np.searchsorted(squared_reach, squared_distance(xyz[i], xyz[j]))
                if ring == len(squared_reach):
                    continue
                for column in range(2):
                    out[0, i, ring, column] += weight[j, column]
                    if industry[i] == industry[j]:
                        out[1, i, ring, column] += weight[j, column]
