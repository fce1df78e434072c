"""The compiled loops of the second pass: residuals, and sums of scores by firm and group."""

from typing import NamedTuple

import numpy as np

from clusterpanel.models.arrays import ArrayBlock, Flags, Floats, Integers, Levels
from clusterpanel.models.kernels import compiled, compiled_reordered
from clusterpanel.models.kernels_moves import STAYS, Moves, pick, spare_of

Three = tuple[Floats, Floats, Floats]


class Regressors(NamedTuple):
    """What to take off the regressors.

    Attributes
    ----------
    point : float array, shape (regressors,)
    slopes : float array, shape (regressors, levels)
        Coefficients on the effects.
    """

    point: Floats
    slopes: Floats


class Trio(NamedTuple):
    """Three regressors, what is taken off them, and their slopes on the levels."""

    columns: Three
    points: tuple[float, float, float]
    slopes: Three


@compiled
def take_out_levels(block: ArrayBlock, slopes: Floats, values: Floats) -> None:
    """Subtract from columns, shape (columns, rows), their slopes, shape (columns, levels), on the effects."""
    effects, loads = block.effects, block.loads
    for column in range(len(values)):
        own, slope = values[column], slopes[column]
        for kind in range(effects.shape[1]):
            if len(loads):
                for row in range(len(own)):
                    own[row] -= loads[row, kind] * slope[np.uint32(effects[row, kind])]
            else:
                for row in range(len(own)):
                    own[row] -= slope[np.uint32(effects[row, kind])]


@compiled_reordered
def write_residuals(values: Floats, point: Floats, coefficients: Floats, residuals: Floats) -> None:
    """Write each outcome less the regressors times their coefficients, all less a point.

    Parameters
    ----------
    values : shape (outcomes + regressors, rows)
    point : shape (outcomes + regressors,)
    coefficients : shape (regressors, outcomes)
    residuals : shape (outcomes, rows), written
    """
    outcomes = len(residuals)
    for outcome in range(outcomes):
        left, own = residuals[outcome], values[outcome]
        constant = point[outcome]
        for place in range(len(coefficients)):
            constant -= coefficients[place, outcome] * point[outcomes + place]
        for row in range(len(left)):
            left[row] = own[row] - constant
        for place in range(len(coefficients)):
            slope, regressor = coefficients[place, outcome], values[outcomes + place]
            for row in range(len(left)):
                left[row] -= slope * regressor[row]


@compiled
def write_firm_scores(
    block: ArrayBlock, moves: Moves, errors: Floats, regressors: Regressors, scores: Floats
) -> None:
    """Write each firm's sum of scores.

    Within a firm the errors are orthogonal to whatever is the same in all its rows, so that the firm need not
    be taken out of the regressors.

    Parameters
    ----------
    block : ArrayBlock
    moves : shape (firms, effects)
    errors : shape (outcomes, rows)
        Weights times residuals.
    regressors : Regressors
    scores : shape (outcomes, regressors, firms), written
    """
    outcomes, count = scores.shape[:2]
    values, slopes = block.values[outcomes:], regressors.slopes
    no_column, no_slopes, no_scores = spare_of(values), spare_of(slopes), spare_of(scores[0])
    for outcome in range(outcomes):
        for place in range(0, count, 3):
            two, three = min(place + 1, count - 1), min(place + 2, count - 1)
            trio = Trio(
                (values[place], pick(values, place + 1, no_column), pick(values, place + 2, no_column)),
                (regressors.point[place], regressors.point[two], regressors.point[three]),
                (slopes[place], pick(slopes, place + 1, no_slopes), pick(slopes, place + 2, no_slopes)),
            )
            own = scores[outcome]
            written = own[place], pick(own, place + 1, no_scores), pick(own, place + 2, no_scores)
            write_three_scores(block, moves, errors[outcome], trio, written)


@compiled
def write_three_scores(block: ArrayBlock, moves: Moves, errors: Floats, trio: Trio, scores: Three) -> None:
    """Write three regressors' sums of scores by firm."""
    one, two, three = trio.columns
    from_one, from_two, from_three = trio.points
    slope_one, slope_two, slope_three = trio.slopes
    for firm in range(len(moves)):
        first, last = block.starts[firm], block.starts[firm + 1]
        total_one, total_two, total_three = 0.0, 0.0, 0.0
        for row in range(first, last):
            error = errors[row]
            total_one += error * (one[row] - from_one)
            total_two += error * (two[row] - from_two)
            total_three += error * (three[row] - from_three)
        for kind in range(moves.shape[1]):
            if moves[firm, kind] == STAYS:
                continue
            for row in range(first, last):
                level = np.uint32(block.effects[row, kind])
                error = errors[row] * block.loads[row, kind] if len(block.loads) else errors[row]
                total_one -= error * slope_one[level]
                total_two -= error * slope_two[level]
                total_three -= error * slope_three[level]
        scores[0][firm], scores[1][firm], scores[2][firm] = total_one, total_two, total_three


@compiled
def movers_of(groups: Levels, starts: Integers) -> Flags:
    """Say which firms lie in several groups."""
    movers = np.zeros(len(starts) - 1, dtype=np.bool_)
    for firm in range(len(movers)):
        first = groups[starts[firm]]
        for row in range(starts[firm] + 1, starts[firm + 1]):
            movers[firm] |= groups[row] != first
    return movers


@compiled
def add_firms_by_group(scores: Floats, groups: Levels, starts: Integers, movers: Flags, sums: Floats) -> None:
    """Add the scores of firms that lie in one group, shape (firms, columns), to the group's sum."""
    for firm in range(len(movers)):
        if not movers[firm]:
            group = np.uint32(groups[starts[firm]])
            for column in range(scores.shape[1]):
                sums[group, column] += scores[firm, column]


@compiled
def add_by_group(scores: Floats, groups: Levels, sums: Floats) -> None:
    """Add each row's scores, shape (columns, rows), to its group's sum."""
    for row in range(scores.shape[1]):
        for column in range(len(scores)):
            sums[groups[row], column] += scores[column, row]


@compiled
def rows_of_firms(starts: Integers, chosen: Flags) -> Integers:
    """Return the rows of some firms."""
    count = 0
    for firm in range(len(chosen)):
        count += (starts[firm + 1] - starts[firm]) * chosen[firm]
    rows = np.empty(count, dtype=np.int64)
    count = 0
    for firm in range(len(chosen)):
        if chosen[firm]:
            for row in range(starts[firm], starts[firm + 1]):
                rows[count] = row
                count += 1
    return rows
