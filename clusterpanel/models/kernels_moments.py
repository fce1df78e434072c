"""The compiled loops of the first pass over columns whose firms are taken out."""

import numpy as np

from clusterpanel.models.arrays import ArrayBlock, Floats
from clusterpanel.models.kernels import compiled, compiled_reordered
from clusterpanel.models.kernels_moves import STAYS, Moves, pick, spare_of
from clusterpanel.models.kernels_within import weight_of

Three = tuple[Floats, Floats, Floats]

# Rows whose columns stay in the first-level cache while all their products are taken.
ROWS_PER_TILE = 512


@compiled_reordered
def add_gram(values: Floats, weights: Floats, gram: Floats) -> None:
    """Add the upper triangle of the columns' weighted cross-products; `values` has shape (columns, rows)."""
    columns, rows = values.shape
    weighted = np.empty(ROWS_PER_TILE)
    for first in range(0, rows, ROWS_PER_TILE):
        size = min(ROWS_PER_TILE, rows - first)
        for column in range(columns):
            one = values[column, first : first + size]
            if len(weights):
                for row in range(size):
                    weighted[row] = weights[first + row] * one[row]
                one = weighted[:size]
            for other in range(column, columns):
                two = values[other, first : first + size]
                total = 0.0
                for row in range(size):
                    total += one[row] * two[row]
                gram[column, other] += total


@compiled_reordered
def add_totals(values: Floats, weights: Floats, point: Floats, sums: Floats, squares: Floats) -> None:
    """Add the weighted sums of the columns less a point, and of their squares."""
    for column in range(len(values)):
        one, origin = values[column], point[column]
        total, square = 0.0, 0.0
        if len(weights):
            for row in range(len(one)):
                away = one[row] - origin
                total += weights[row] * away
                square += weights[row] * away * away
        else:
            for row in range(len(one)):
                away = one[row] - origin
                total += away
                square += away * away
        sums[column] += total
        squares[column] += square


@compiled_reordered
def totals_of(column: Floats) -> tuple[float, float]:
    """Return a column's mean and its sum of squares about it."""
    total, square = 0.0, 0.0
    for row in range(len(column)):
        total += column[row]
    mean = total / len(column)
    for row in range(len(column)):
        square += (column[row] - mean) * (column[row] - mean)
    return mean, square


@compiled
def add_cross(block: ArrayBlock, moves: Moves, values: Floats, cross: Floats) -> None:
    """Add the weighted columns, firms taken out, to the levels of the effects.

    A firm that keeps one level adds nothing to it, since its rows sum to 0 once its own effect is out.

    Parameters
    ----------
    block : ArrayBlock
    moves : shape (firms, effects)
    values : shape (columns, rows)
    cross : shape (columns, levels), added to
    """
    spare, unused = spare_of(values), spare_of(cross)
    for column in range(0, len(values), 3):
        one, two, three = values[column], pick(values, column + 1, spare), pick(values, column + 2, spare)
        sums = cross[column], pick(cross, column + 1, unused), pick(cross, column + 2, unused)
        add_three(block, moves, (one, two, three), sums)


@compiled
def add_three(block: ArrayBlock, moves: Moves, columns: Three, sums: Three) -> None:
    """Add three columns, times weights and loads, to the levels."""
    one, two, three = columns
    sum_one, sum_two, sum_three = sums
    for firm in range(len(moves)):
        for kind in range(moves.shape[1]):
            if moves[firm, kind] == STAYS:
                continue
            for row in range(block.starts[firm], block.starts[firm + 1]):
                level = np.uint32(block.effects[row, kind])
                factor = weight_of(block.weights, row)
                if len(block.loads):
                    factor *= block.loads[row, kind]
                sum_one[level] += factor * one[row]
                sum_two[level] += factor * two[row]
                sum_three[level] += factor * three[row]
