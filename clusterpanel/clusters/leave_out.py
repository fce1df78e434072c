"""What a firm's own sites hold up: the cores and members that would not be there without it."""

from typing import NamedTuple

import numpy as np
from numba import njit

from clusterpanel.clusters.density import Density
from clusterpanel.clusters.earth import IntArray
from clusterpanel.clusters.neighbourhood import CellGrid, neighbour_runs, squared_distance

Pairs = tuple[IntArray, IntArray]


class Holdings(NamedTuple):
    """Where each firm's sites are.

    Attributes
    ----------
    firm : array, shape (n_firms,)
    start : array, shape (n_firms + 1,)
        Firm f's entries are start[f] up to start[f + 1].
    spot, number : array, shape (n_entries,)
        A spot, and how many sites the firm has there.
    """

    firm: IntArray
    start: IntArray
    spot: IntArray
    number: IntArray


def holdings(firm: IntArray, spot: IntArray) -> Holdings:
    """Return where each firm's sites are, of the firm and spot of each site."""
    order = np.lexsort((spot, firm))
    firm, spot = firm[order], spot[order]
    is_first = np.ones(len(firm), dtype=np.bool_)
    is_first[1:] = (firm[1:] != firm[:-1]) | (spot[1:] != spot[:-1])
    first = np.flatnonzero(is_first)
    number = np.diff(np.append(first, len(firm)))
    names, start = np.unique(firm[first], return_index=True)
    return Holdings(
        names, np.append(start, len(first)).astype(np.int64), spot[first], number.astype(np.int64)
    )


def lost_without(density: Density, firm: IntArray, minimum_members: int) -> tuple[Pairs, Pairs]:
    """Return the cores and the members that each firm's own sites hold up.

    Only cores within reach of a firm's own sites can change when it leaves, so nothing is drawn anew: the
    firm's sites are subtracted from the counts there.

    Parameters
    ----------
    density : Density
        Of one industry and vintage.
    firm : array, shape (n_sites,)
        The firm of each site counted.
    minimum_members : int

    Returns
    -------
    cores : pair of arrays
        Firm and spot: cores with fewer than `minimum_members` sites in reach once the firm's are taken away,
        and cores at which only the firm itself has sites.
    members : pair of arrays
        Firm and spot: spots in no reach of any core that stays.
    """
    held = holdings(firm, density.spot)
    is_core = density.within >= minimum_members
    at_risk = np.where(is_core, density.within, np.iinfo(np.int64).max)
    least = _least(density.grid, at_risk, density.reach)
    limits = Limits(density.within, density.sites, least, minimum_members, density.reach)
    lost = _distinct(_lost_cores(density.grid, limits, held), len(density.within))
    start = np.searchsorted(lost[0], np.arange(len(held.firm) + 1)).astype(np.int64)
    members = _lost_members(density.grid, is_core, start, lost[1], density.reach)
    stranded = _distinct(members, len(density.within))
    return (held.firm[lost[0]], lost[1]), (held.firm[stranded[0]], stranded[1])


class Limits(NamedTuple):
    """What decides whether a core stays: counts, sites, least count of cores in reach, minimum, reach."""

    within: IntArray
    sites: IntArray
    least: IntArray
    minimum: int
    reach: float


def _distinct(pairs: Pairs, spots: int) -> Pairs:
    keys = np.unique(pairs[0] * spots + pairs[1])
    return keys // spots, keys % spots


@njit(cache=True)
def _least_kernel(grid, values, reach, out):  # type: ignore[no-untyped-def]
    runs = np.empty((9, 2), np.int64)
    for i in range(len(grid.xyz)):
        neighbour_runs(grid.xyz[i], grid, runs)
        for run in range(9):
            for j in range(runs[run, 0], runs[run, 1]):
                if values[j] < out[i] and squared_distance(grid.xyz[i], grid.xyz[j]) <= reach * reach:
                    out[i] = values[j]


def _least(grid: CellGrid, values: IntArray, reach: float) -> IntArray:
    out = np.full(len(values), np.iinfo(np.int64).max)
    _least_kernel(grid, values, reach, out)
    return out


@njit(cache=True)
def _lost_cores(grid, limits, held):  # type: ignore[no-untyped-def]
    firms, spots = [np.int64(0) for _ in range(0)], [np.int64(0) for _ in range(0)]
    own, touched = np.zeros(len(grid.xyz), np.int64), np.empty(len(grid.xyz), np.int64)
    runs = np.empty((9, 2), np.int64)
    for f in range(len(held.firm)):
        total = held.number[held.start[f] : held.start[f + 1]].sum()
        count = 0
        for entry in range(held.start[f], held.start[f + 1]):
            spot = held.spot[entry]
            if held.number[entry] == limits.sites[spot] and limits.within[spot] >= limits.minimum:
                firms.append(np.int64(f))
                spots.append(spot)
            # No core in reach is so near the minimum that even all of the firm's sites could undo it.
            if limits.least[spot] - total >= limits.minimum:
                continue
            neighbour_runs(grid.xyz[spot], grid, runs)
            for run in range(9):
                for j in range(runs[run, 0], runs[run, 1]):
                    is_core = limits.within[j] >= limits.minimum
                    if not is_core or limits.within[j] - total >= limits.minimum:
                        continue
                    if squared_distance(grid.xyz[spot], grid.xyz[j]) <= limits.reach * limits.reach:
                        if own[j] == 0:
                            touched[count] = j
                            count += 1
                        own[j] += held.number[entry]
        for t in range(count):
            if limits.within[touched[t]] - own[touched[t]] < limits.minimum:
                firms.append(np.int64(f))
                spots.append(touched[t])
            own[touched[t]] = 0
    return np.array(firms, np.int64), np.array(spots, np.int64)


@njit(cache=True)
def _has_other_core(grid, point, is_core, mark, reach):  # type: ignore[no-untyped-def]
    runs = np.empty((9, 2), np.int64)
    neighbour_runs(grid.xyz[point], grid, runs)
    for run in range(9):
        for j in range(runs[run, 0], runs[run, 1]):
            usable = is_core[j] and not mark[j]
            if usable and squared_distance(grid.xyz[point], grid.xyz[j]) <= reach * reach:
                return True
    return False


@njit(cache=True)
def _lost_members(grid, is_core, start, lost, reach):  # type: ignore[no-untyped-def]
    firms, spots = [np.int64(0) for _ in range(0)], [np.int64(0) for _ in range(0)]
    mark, seen = np.zeros(len(grid.xyz), np.bool_), np.full(len(grid.xyz), -1)
    runs = np.empty((9, 2), np.int64)
    for f in range(len(start) - 1):
        mine = lost[start[f] : start[f + 1]]
        for core in mine:
            mark[core] = True
        for core in mine:
            neighbour_runs(grid.xyz[core], grid, runs)
            for run in range(9):
                for j in range(runs[run, 0], runs[run, 1]):
                    if seen[j] == f or squared_distance(grid.xyz[core], grid.xyz[j]) > reach * reach:
                        continue
                    seen[j] = f
                    if not _has_other_core(grid, j, is_core, mark, reach):
                        firms.append(np.int64(f))
                        spots.append(np.int64(j))
        for core in mine:
            mark[core] = False
    return np.array(firms, np.int64), np.array(spots, np.int64)
