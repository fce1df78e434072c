"""The compiled loops of variances: quadratic forms of sparse rows, and sums over pairs of near places.

Imported inside the functions that use it: numba alone takes longer to load than the rest of the package.
"""

import math
from typing import NamedTuple

from clusterpanel.models.arrays import Floats, Integers, Levels
from clusterpanel.models.kernels import compiled


@compiled
def add_quadratic_forms(
    starts: Levels, columns: Levels, values: Floats, kernel: Floats, sums: Floats
) -> None:
    """Add ``d' kernel d`` of each sparse row d."""
    for row in range(len(starts) - 1):
        total = 0.0
        for one in range(starts[row], starts[row + 1]):
            for other in range(starts[row], starts[row + 1]):
                total += values[one] * values[other] * kernel[columns[one], columns[other]]
        sums[row] += total


class Kernel(NamedTuple):
    """How pairs of places count.

    Attributes
    ----------
    nearest : float
        Squared chord on the unit sphere up to which points are near.
    fall : float
        How fast the weight falls with the angle between two points; 0 for the uniform kernel.
    """

    nearest: float
    fall: float


class Cells(NamedTuple):
    """Points of the unit sphere sorted by cell.

    Attributes
    ----------
    points : float array, shape (points, 3)
    starts : integer array, shape (cells + 1,)
        The first point of each cell, and the number of points.
    neighbours : integer array
        The later cells that touch each cell, cell by cell.
    neighbour_starts : integer array, shape (cells + 1,)
    """

    points: Floats
    starts: Integers
    neighbours: Integers
    neighbour_starts: Integers


@compiled
def add_near_scores(cells: Cells, scores: Floats, kernel: Kernel, sums: Floats) -> int:
    """Add to each point the weighted scores of the later points near it; return the number of such pairs.

    Parameters
    ----------
    cells : Cells
    scores, sums : float array, shape (points, coefficients)
    kernel : Kernel
    """
    pairs = 0
    for cell in range(len(cells.starts) - 1):
        last = cells.starts[cell + 1]
        for one in range(cells.starts[cell], last):
            pairs += add_range(cells.points, scores, (one, one + 1, last), kernel, sums)
            for place in range(cells.neighbour_starts[cell], cells.neighbour_starts[cell + 1]):
                other = cells.neighbours[place]
                ends = (one, cells.starts[other], cells.starts[other + 1])
                pairs += add_range(cells.points, scores, ends, kernel, sums)
    return pairs


@compiled
def add_range(
    points: Floats, scores: Floats, ends: tuple[int, int, int], kernel: Kernel, sums: Floats
) -> int:
    """Add to the point at the first end the scores of the points between the others that are near it."""
    pairs = 0
    one = ends[0]
    x, y, z = points[one, 0], points[one, 1], points[one, 2]
    for other in range(ends[1], ends[2]):
        east, north, up = points[other, 0] - x, points[other, 1] - y, points[other, 2] - z
        squared = east * east + north * north + up * up
        if squared > kernel.nearest:
            continue
        weight = 1.0
        if kernel.fall > 0.0:
            weight = 1.0 - kernel.fall * 2.0 * math.asin(min(1.0, 0.5 * math.sqrt(squared)))
            if weight <= 0.0:
                continue
        pairs += 1
        for column in range(scores.shape[1]):
            sums[one, column] += weight * scores[other, column]
    return pairs
