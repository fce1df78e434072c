"""Find and weigh what lies within a radius: cubes of space, sorted, so that nine runs hold all neighbours."""

from typing import NamedTuple

import numpy as np
from numba import njit

from clusterpanel.clusters.earth import BoolArray, FloatArray, IntArray


class CellGrid(NamedTuple):
    """Points sorted by the cube of space they lie in.

    Attributes
    ----------
    xyz : array, shape (n, 3)
        Metres, in the grid's order.
    order : array, shape (n,)
        ``xyz`` is the given points taken in this order.
    keys : array, shape (n,)
        Each point's cube, ascending.
    shape : array, shape (3,)
        Number of cubes along each axis; the outermost are empty, so that a neighbour's key never wraps.
    origin : array, shape (3,)
    side : float
        Side of a cube in metres; no more than this can be asked for.
    """

    xyz: FloatArray
    order: IntArray
    keys: IntArray
    shape: IntArray
    origin: FloatArray
    side: float

    @classmethod
    def of(cls, xyz: FloatArray, reach: float) -> "CellGrid":
        """Sort points into cubes a little wider than `reach` metres; points in one cube keep their order."""
        side = reach * (1 + 1e-6)
        origin = xyz.min(axis=0) - side if len(xyz) else np.zeros(3)
        cells = np.floor((xyz - origin) / side).astype(np.int64)
        shape = (cells.max(axis=0) if len(xyz) else np.ones(3, dtype=np.int64)) + 2
        keys = (cells[:, 0] * shape[1] + cells[:, 1]) * shape[2] + cells[:, 2]
        order = np.argsort(keys, kind="stable")
        return cls(np.ascontiguousarray(xyz[order]), order, keys[order], shape, origin, side)


@njit(cache=True)
def neighbour_runs(point, grid, runs):  # type: ignore[no-untyped-def]
    """Fill `runs` (9, 2) with first and one-past-last row of the cubes around `point`."""
    x = int(np.floor((point[0] - grid.origin[0]) / grid.side))
    y = int(np.floor((point[1] - grid.origin[1]) / grid.side))
    z = int(np.floor((point[2] - grid.origin[2]) / grid.side))
    run = 0
    for dx in range(-1, 2):
        for dy in range(-1, 2):
            column = ((x + dx) * grid.shape[1] + y + dy) * grid.shape[2] + z
            runs[run, 0] = np.searchsorted(grid.keys, column - 1)
            runs[run, 1] = np.searchsorted(grid.keys, column + 2)
            run += 1


@njit(cache=True)
def squared_distance(one, other):  # type: ignore[no-untyped-def]
    """Return the squared distance of two points in space."""
    x, y, z = one[0] - other[0], one[1] - other[1], one[2] - other[2]
    return x * x + y * y + z * z


@njit(cache=True)
def _sums(grid, weights, reach, out):  # type: ignore[no-untyped-def]
    runs = np.empty((9, 2), np.int64)
    for i in range(len(grid.xyz)):
        neighbour_runs(grid.xyz[i], grid, runs)
        for run in range(9):
            for j in range(runs[run, 0], runs[run, 1]):
                if squared_distance(grid.xyz[i], grid.xyz[j]) <= reach * reach:
                    out[i] += weights[j]


def sums_within(grid: CellGrid, weights: IntArray, reach: float) -> IntArray:
    """Return, for each point of the grid, the weight within `reach` metres of it, its own included.

    Parameters
    ----------
    grid : CellGrid
        With cubes at least as wide as `reach`.
    weights : array, shape (n,)
        In the grid's order.
    """
    out = np.zeros(len(grid.xyz), dtype=np.int64)
    _sums(grid, weights, reach, out)
    return out


@njit(cache=True)
def _root(parent, node):  # type: ignore[no-untyped-def]
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@njit(cache=True)
def _link(grid, is_linked, reach, parent):  # type: ignore[no-untyped-def]
    runs = np.empty((9, 2), np.int64)
    for i in range(len(grid.xyz)):
        if not is_linked[i]:
            continue
        neighbour_runs(grid.xyz[i], grid, runs)
        for run in range(9):
            for j in range(runs[run, 0], min(runs[run, 1], i)):
                if is_linked[j]:
                    one, other = _root(parent, i), _root(parent, j)
                    if one != other and squared_distance(grid.xyz[i], grid.xyz[j]) <= reach * reach:
                        parent[max(one, other)] = min(one, other)
    for i in range(len(grid.xyz)):
        parent[i] = _root(parent, i) if is_linked[i] else -1


def components(grid: CellGrid, is_linked: BoolArray, reach: float) -> IntArray:
    """Return a label per point such that linked points within `reach` metres share one; -1 if not linked."""
    parent = np.arange(len(grid.xyz), dtype=np.int64)
    _link(grid, is_linked, reach, parent)
    return parent
