"""The compiled loops over rows: each visits every row of a block once and adds to small arrays.

Imported inside the functions that use it: numba alone takes longer to load than the rest of the package.
"""

from collections.abc import Callable
from typing import TypeVar, cast

import numba
import numpy as np

from clusterpanel.models.arrays import ArrayBlock, Floats, Integers
from clusterpanel.models.moments import CrossMoments

Loop = TypeVar("Loop", bound=Callable[..., object])


def compiled(loop: Loop) -> Loop:
    """Compile a loop once per machine; it runs without the interpreter's lock."""
    try:
        return cast(Loop, numba.njit(cache=True, nogil=True, error_model="numpy")(loop))
    except RuntimeError:
        # No folder is writable to keep the compiled loop in: compile once per process.
        return cast(Loop, numba.njit(nogil=True, error_model="numpy")(loop))


@compiled
def add_firm_moments(block: ArrayBlock, moments: CrossMoments) -> None:
    """Add the moments that remain once each firm's mean is taken out."""
    columns = block.values.shape[1]
    rest = np.empty((np.max(np.diff(block.starts)), columns))
    for firm in range(len(block.starts) - 1):
        first, last = block.starts[firm], block.starts[firm + 1]
        if last - first == 1:
            continue
        effects = block.effects[first:last]
        rest[: last - first] = block.values[first:last]
        take_out_means(rest, last - first)
        add_products(rest, last - first, moments.gram)
        for kind in range(effects.shape[1]):
            if moves(effects, kind):
                add_cross(effects, kind, rest, moments.cross)
                add_pairs_within(effects, kind, moments.schur)
                for other in range(kind + 1, effects.shape[1]):
                    add_pairs_between(effects, kind, other, moments.schur)


@compiled
def take_out_means(rest: Floats, years: int) -> None:
    """Subtract from the first `years` rows their mean."""
    for column in range(rest.shape[1]):
        total = 0.0
        for year in range(years):
            total += rest[year, column]
        mean = total / years
        for year in range(years):
            rest[year, column] -= mean


@compiled
def add_products(rest: Floats, years: int, gram: Floats) -> None:
    """Add the upper triangle of the cross-products of the first `years` rows."""
    for year in range(years):
        for column in range(rest.shape[1]):
            for other in range(column, rest.shape[1]):
                gram[column, other] += rest[year, column] * rest[year, other]


@compiled
def moves(effects: Integers, kind: int) -> bool:
    """Say whether a firm has more than one level of an effect."""
    first, change = effects[0, kind], False
    for year in range(1, len(effects)):
        change |= effects[year, kind] != first
    return change


@compiled
def add_cross(effects: Integers, kind: int, rest: Floats, cross: Floats) -> None:
    """Add a firm's demeaned values to the levels of one effect."""
    for year in range(len(effects)):
        level = effects[year, kind]
        for column in range(rest.shape[1]):
            cross[level, column] += rest[year, column]


@compiled
def add_pairs_within(effects: Integers, kind: int, schur: Floats) -> None:
    """Add a firm's part of one effect's own block, the upper triangle: identity less 1/years."""
    years = len(effects)
    share = 1.0 / years
    for year in range(years):
        level = effects[year, kind]
        schur[level, level] += 1.0 - share
        for later in range(year + 1, years):
            other = effects[later, kind]
            if other == level:
                schur[level, level] -= 2.0 * share
            else:
                schur[min(level, other), max(level, other)] -= share


@compiled
def add_pairs_between(effects: Integers, kind: int, other: int, schur: Floats) -> None:
    """Add a firm's part of the block between two effects."""
    years = len(effects)
    share = 1.0 / years
    for year in range(years):
        level = effects[year, kind]
        schur[level, effects[year, other]] += 1.0
        for later in range(years):
            schur[level, effects[later, other]] -= share


@compiled
def add_row_moments(values: Floats, effects: Integers, weights: Floats, moments: CrossMoments) -> None:
    """Add the weighted moments of the rows as they are, with no firm effects."""
    gram, cross, schur = moments.gram, moments.cross, moments.schur
    columns, kinds = values.shape[1], effects.shape[1]
    for row in range(len(values)):
        weight = weights[row]
        for column in range(columns):
            weighted = weight * values[row, column]
            for other in range(column, columns):
                gram[column, other] += weighted * values[row, other]
            for kind in range(kinds):
                cross[effects[row, kind], column] += weighted
        for kind in range(kinds):
            level = effects[row, kind]
            schur[level, level] += weight
            for other in range(kind + 1, kinds):
                schur[level, effects[row, other]] += weight


@compiled
def write_firm_scores(block: ArrayBlock, slopes: Floats, coefficients: Floats, scores: Floats) -> float:
    """Write each row's residualised regressors times its residual; return the residuals' sum of squares.

    Parameters
    ----------
    block : ArrayBlock
    slopes : shape (levels, columns)
        Each column's coefficients on the effects; the first column's are those of the outcome less the fit.
    coefficients : shape (columns - 1,)
    scores : shape (rows, columns - 1)
    """
    columns = block.values.shape[1]
    rest = np.empty((np.max(np.diff(block.starts)), columns))
    squares = 0.0
    for firm in range(len(block.starts) - 1):
        first, last = block.starts[firm], block.starts[firm + 1]
        for year in range(last - first):
            write_rest(block.values[first + year], block.effects[first + year], slopes, rest[year])
            for column in range(1, columns):
                rest[year, 0] -= block.values[first + year, column] * coefficients[column - 1]
        take_out_means(rest, last - first)
        for year in range(last - first):
            residual = rest[year, 0]
            squares += residual * residual
            for column in range(1, columns):
                scores[first + year, column - 1] = rest[year, column] * residual
    return squares


@compiled
def write_rest(values: Floats, effects: Integers, slopes: Floats, rest: Floats) -> None:
    """Write one row's values less what the effects explain of them."""
    for column in range(len(values)):
        rest[column] = values[column]
        for level in effects:
            rest[column] -= slopes[level, column]


@compiled
def write_row_scores(
    values: Floats, effects: Integers, residuals: Floats, slopes: Floats, scores: Floats
) -> None:
    """Write each row's residualised regressors (columns from the second on) times `residuals`."""
    rest = np.empty(values.shape[1])
    for row in range(len(values)):
        write_rest(values[row], effects[row], slopes, rest)
        for column in range(1, values.shape[1]):
            scores[row, column - 1] = rest[column] * residuals[row]


@compiled
def add_by_group(scores: Floats, groups: Integers, sums: Floats) -> None:
    """Add each row's scores to its group's sum."""
    for row in range(len(scores)):
        for column in range(scores.shape[1]):
            sums[groups[row], column] += scores[row, column]
