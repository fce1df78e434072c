"""The compiled loops of moments under weights that differ within firms.

Imported inside the functions that use it: numba alone takes longer to load than the rest of the package.
"""

import numpy as np

from clusterpanel.models.arrays import Floats, Integers, Levels
from clusterpanel.models.kernels import compiled

# Looking for rows that share a level does not pay in a firm this short.
FEW_ROWS = 20


@compiled
def add_dense_pairs(
    effects: Levels, starts: Integers, weights: Floats, absorbs_firm: bool, schur: Floats
) -> None:
    """Add to the upper triangle of D'WMD what the rows of each firm add, without loads and slopes.

    An effect of which a firm sees one level adds nothing where the firm's own effect is absorbed.
    """
    kinds, longest = effects.shape[1], np.max(starts[1:] - starts[:-1])
    counts = np.zeros(kinds, dtype=np.int64)
    seen = np.empty((kinds, longest), dtype=np.int64)
    sums = np.empty((kinds, longest))
    place = np.full(len(schur), -1)
    for firm in range(len(starts) - 1):
        first, last = starts[firm], starts[firm + 1]
        if last - first == 1 and absorbs_firm:
            continue
        for kind in range(kinds):
            counts[kind] = 1
            if not absorbs_firm or has_two_levels(effects, first, last, kind):
                counts[kind] = sum_levels(effects, first, last, kind, weights, place, seen[kind], sums[kind])
        for kind in range(kinds):
            for other in range(kind, kinds):
                if absorbs_firm and (counts[kind] == 1 or counts[other] == 1):
                    continue
                for row in range(first, last):
                    schur[effects[row, kind], effects[row, other]] += weights[row]
                if absorbs_firm:
                    take_off_products(kind, other, counts, seen, sums, schur)


@compiled
def sum_levels(  # noqa: PLR0917
    effects: Levels,
    first: int,
    last: int,
    kind: int,
    weights: Floats,
    place: Integers,
    seen: Integers,
    sums: Floats,
) -> int:
    """Write the levels that a firm sees and the weights' sum in each; return how many there are.

    A short firm's rows are taken as they are, a level as often as it comes. `place` holds -1 for every level,
    before and after.
    """
    count = 0
    if last - first <= FEW_ROWS:
        for row in range(first, last):
            seen[count], sums[count] = effects[row, kind], weights[row]
            count += 1
        return count
    for row in range(first, last):
        level = effects[row, kind]
        if place[level] < 0:
            place[level], seen[count], sums[count] = count, level, 0.0
            count += 1
        sums[place[level]] += weights[row]
    for number in range(count):
        place[seen[number]] = -1
    return count


@compiled
def take_off_products(  # noqa: PLR0917
    kind: int, other: int, counts: Integers, seen: Integers, sums: Floats, schur: Floats
) -> None:
    """Take off the products of a firm's weights by level, over their sum.

    Most firms see an effect such as industry-year one level after the other, side by side in memory.
    """
    total, is_spell = 0.0, True
    for number in range(counts[kind]):
        total += sums[kind, number]
        is_spell &= seen[kind, number] == seen[kind, 0] + number
    for number in range(counts[kind]):
        level, share = seen[kind, number], sums[kind, number] / total
        if kind != other:
            for mate in range(counts[other]):
                schur[level, seen[other, mate]] -= share * sums[other, mate]
            continue
        schur[level, level] -= share * sums[kind, number]
        if is_spell:
            row, weights = schur[level, level - number :], sums[kind]
            for mate in range(number + 1, counts[kind]):
                row[mate] -= share * weights[mate]
            continue
        for mate in range(number + 1, counts[kind]):
            there = seen[kind, mate]
            twice = 2.0 if there == level else 1.0
            schur[min(level, there), max(level, there)] -= twice * share * sums[kind, mate]


@compiled
def add_level_products(  # noqa: PLR0917
    effects: Levels, starts: Integers, weights: Floats, within: Floats, absorbs_firm: bool, cross: Floats
) -> None:
    """Add the weighted columns, shape (columns, rows), firms taken out, to the levels of the effects."""
    products = np.empty(len(within))
    for firm in range(len(starts) - 1):
        first, last = starts[firm], starts[firm + 1]
        for kind in range(effects.shape[1]):
            if absorbs_firm and not has_two_levels(effects, first, last, kind):
                continue
            for row in range(first, last):
                for column in range(len(within)):
                    products[column] = weights[row] * within[column, row]
                sums = cross[effects[row, kind]]
                for column in range(len(within)):
                    sums[column] += products[column]


@compiled
def has_two_levels(effects: Levels, first: int, last: int, kind: int) -> bool:
    """Say whether some rows see more than one level of an effect."""
    change = False
    for row in range(first + 1, last):
        change |= effects[row, kind] != effects[first, kind]
    return change
