"""The compiled loops where firms are absorbed and every row counts alike: rows of eight columns at a time.

A tile is some whole firms' rows of eight columns side by side, which stays in the first-level cache while all
that is asked of it is done.
"""

import numpy as np

from clusterpanel.models.arrays import ArrayBlock, Floats, Integers
from clusterpanel.models.kernels import compiled
from clusterpanel.models.kernels_lanes import all_lanes, lanes_at, put_lanes, sum_of_lanes
from clusterpanel.models.kernels_moves import STAYS, Moves
from clusterpanel.models.kernels_within import longest
from clusterpanel.models.lanes import WIDTH

ROWS_PER_TILE = 256


@compiled
def add_plain_moments(block: ArrayBlock, moves: Moves, products: Floats, sums: Floats) -> None:
    """Add the cross-products of a block's columns, firms taken out, and their sums by level.

    A firm that keeps one level adds nothing to it, since its rows sum to 0 once its own effect is out.

    Parameters
    ----------
    block : ArrayBlock
    moves : shape (firms, effects)
    products : shape (parts, parts, 8, 8), added to
        For each part of eight columns and those from it on; columns beyond the last give 0.
    sums : shape (parts, levels, 8), added to
    """
    starts, parts = block.starts, len(sums)
    tile = np.zeros((parts, max(ROWS_PER_TILE, longest(starts)), WIDTH))
    point = np.zeros(WIDTH)
    first = 0
    while first < len(moves):
        last = end_of_tile(starts, first)
        for part in range(parts):
            write_tile(block.values, part * WIDTH, (starts[first], starts[last]), point, tile[part])
            take_firms_out(block, moves, (first, last), tile[part], sums[part])
        for part in range(parts):
            for other in range(part, parts):
                add_products(tile[part], tile[other], starts[last] - starts[first], products[part, other])
        first = last


@compiled
def end_of_tile(starts: Integers, first: int) -> int:
    """Return one past the last firm of the tile that begins with a firm."""
    last = first + 1
    while last < len(starts) - 1 and starts[last + 1] - starts[first] <= ROWS_PER_TILE:
        last += 1
    return last


@compiled
def write_tile(values: Floats, first: int, rows: tuple[int, int], point: Floats, tile: Floats) -> None:
    """Write the rows of eight columns, less a point, side by side; 0 where there are no more columns.

    Parameters
    ----------
    values : shape (columns, rows)
    first : int
        The first of the columns.
    rows : (int, int)
    point : shape (8,)
    tile : shape (rows, 8), written
    """
    spare = np.zeros(rows[1] - rows[0])
    one, two = column_of(values, first, rows, spare), column_of(values, first + 1, rows, spare)
    three, four = column_of(values, first + 2, rows, spare), column_of(values, first + 3, rows, spare)
    five, six = column_of(values, first + 4, rows, spare), column_of(values, first + 5, rows, spare)
    seven, eight = column_of(values, first + 6, rows, spare), column_of(values, first + 7, rows, spare)
    for row in range(len(spare)):
        tile[row, 0], tile[row, 1] = one[row], two[row]
        tile[row, 2], tile[row, 3] = three[row], four[row]
        tile[row, 4], tile[row, 5] = five[row], six[row]
        tile[row, 6], tile[row, 7] = seven[row], eight[row]
    origin = lanes_at(point.reshape(1, WIDTH), 0)
    for row in range(np.uint64(len(spare))):
        put_lanes(tile, row, lanes_at(tile, row) - origin)


@compiled
def column_of(values: Floats, place: int, rows: tuple[int, int], spare: Floats) -> Floats:
    """Return some rows of a column, or what stands in for it beyond the last."""
    return values[place, rows[0] : rows[1]] if place < len(values) else spare


@compiled
def take_firms_out(
    block: ArrayBlock, moves: Moves, firms: tuple[int, int], tile: Floats, sums: Floats
) -> None:
    """Take each firm's means off a tile and add what is left to the levels' sums, shape (levels, 8)."""
    starts, effects = block.starts, block.effects
    above = starts[firms[0]]
    for firm in range(firms[0], firms[1]):
        first, last = np.uint64(starts[firm] - above), np.uint64(starts[firm + 1] - above)
        mean = all_lanes(0.0)
        for row in range(first, last):
            mean += lanes_at(tile, row)
        mean *= all_lanes(1.0 / (starts[firm + 1] - starts[firm]))
        moving = the_moving(moves[firm])
        if moving >= 0:
            for row in range(first, last):
                left = lanes_at(tile, row) - mean
                put_lanes(tile, row, left)
                level = np.uint32(effects[row + np.uint64(above), moving])
                put_lanes(sums, level, lanes_at(sums, level) + left)
            continue
        for row in range(first, last):
            put_lanes(tile, row, lanes_at(tile, row) - mean)
        for kind in range(moves.shape[1]):
            if moves[firm, kind] == STAYS:
                continue
            for row in range(first, last):
                level = np.uint32(effects[row + np.uint64(above), kind])
                put_lanes(sums, level, lanes_at(sums, level) + lanes_at(tile, row))


@compiled
def the_moving(moves: Moves) -> int:
    """Return the one effect in which a firm moves, -1 if there is none or are several."""
    moving = -1
    for kind in range(len(moves)):
        if moves[kind] != STAYS:
            if moving >= 0:
                return -1
            moving = kind
    return moving


@compiled
def add_products(tile: Floats, other: Floats, rows: int, products: Floats) -> None:
    """Add the cross-products of two tiles' columns; eight sums at a time keep the processor busy."""
    one = two = three = four = five = six = seven = eight = all_lanes(0.0)
    for row in range(np.uint64(rows)):
        lanes = lanes_at(other, row)
        one += all_lanes(tile[row, 0]) * lanes
        two += all_lanes(tile[row, 1]) * lanes
        three += all_lanes(tile[row, 2]) * lanes
        four += all_lanes(tile[row, 3]) * lanes
        five += all_lanes(tile[row, 4]) * lanes
        six += all_lanes(tile[row, 5]) * lanes
        seven += all_lanes(tile[row, 6]) * lanes
        eight += all_lanes(tile[row, 7]) * lanes
    put_lanes(products, 0, lanes_at(products, 0) + one)
    put_lanes(products, 1, lanes_at(products, 1) + two)
    put_lanes(products, 2, lanes_at(products, 2) + three)
    put_lanes(products, 3, lanes_at(products, 3) + four)
    put_lanes(products, 4, lanes_at(products, 4) + five)
    put_lanes(products, 5, lanes_at(products, 5) + six)
    put_lanes(products, 6, lanes_at(products, 6) + seven)
    put_lanes(products, 7, lanes_at(products, 7) + eight)


@compiled
def write_plain_scores(  # noqa: PLR0917
    block: ArrayBlock, weights: Floats, point: Floats, slopes: Floats, residuals: Floats, scores: Floats
) -> None:
    """Write each outcome's residuals, and each firm's sums of scores.

    Within a firm the residuals are orthogonal to whatever is the same in all its rows, so that the firm need
    not be taken out of the regressors.

    Parameters
    ----------
    block : ArrayBlock
    weights : shape (outcomes, parts, 8)
        What each residual is of the columns: 1 at its outcome, the coefficients with their signs changed.
    point : shape (parts, 8)
        Taken off the columns first.
    slopes : shape (parts, levels, 8)
        The columns' slopes on the levels.
    residuals : shape (outcomes, rows), written
    scores : shape (outcomes, parts, firms, 8), written
        Of all columns; those of the outcomes mean nothing.
    """
    starts, parts = block.starts, len(slopes)
    tile = np.zeros((parts, max(ROWS_PER_TILE, longest(starts)), WIDTH))
    first = 0
    while first < len(starts) - 1:
        last = end_of_tile(starts, first)
        rows = starts[first], starts[last]
        for part in range(parts):
            write_tile(block.values, part * WIDTH, rows, point[part], tile[part])
            take_levels_out(block, rows, slopes[part], tile[part])
        for outcome in range(len(weights)):
            left = residuals[outcome, rows[0] : rows[1]]
            write_combination(tile, weights[outcome], left)
            for part in range(parts):
                write_scores(starts, (first, last), tile[part], left, scores[outcome, part])
        first = last


@compiled
def take_levels_out(block: ArrayBlock, rows: tuple[int, int], slopes: Floats, tile: Floats) -> None:
    """Take the slopes on the levels off the rows of a tile."""
    effects, above = block.effects, rows[0]
    for row in range(np.uint64(rows[1] - above)):
        left = lanes_at(tile, row)
        for kind in range(effects.shape[1]):
            left -= lanes_at(slopes, np.uint32(effects[row + np.uint64(above), kind]))
        put_lanes(tile, row, left)


@compiled
def write_combination(tile: Floats, weights: Floats, residuals: Floats) -> None:
    """Write the sums of a tile's columns times their weights."""
    for part in range(len(tile)):
        rows, own = tile[part], lanes_at(weights, part)
        for row in range(np.uint64(len(residuals))):
            total = sum_of_lanes(lanes_at(rows, row) * own)
            residuals[row] = total if part == 0 else residuals[row] + total


@compiled
def write_scores(
    starts: Integers, firms: tuple[int, int], tile: Floats, residuals: Floats, scores: Floats
) -> None:
    """Take each firm's mean off its residuals, and write its sums of residuals times columns."""
    above = starts[firms[0]]
    for firm in range(firms[0], firms[1]):
        first, last = np.uint64(starts[firm] - above), np.uint64(starts[firm + 1] - above)
        mean = 0.0
        for row in range(first, last):
            mean += residuals[row]
        mean /= starts[firm + 1] - starts[firm]
        total = all_lanes(0.0)
        for row in range(first, last):
            residuals[row] -= mean
            total += all_lanes(residuals[row]) * lanes_at(tile, row)
        put_lanes(scores, firm, total)
