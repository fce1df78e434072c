"""The compiled loops of moments under weights that differ within firms.

Imported inside the functions that use it: numba alone takes longer to load than the rest of the package.
"""

import numpy as np

from clusterpanel.models.arrays import ArrayBlock, Floats, Integers, Levels
from clusterpanel.models.kernels import compiled
from clusterpanel.models.kernels_moves import SPELL, STAYS, Moves
from clusterpanel.models.kernels_within import longest

# Looking for rows that share a level does not pay in a firm this short.
FEW_ROWS = 20
# Firms seen longer than this are added pair by pair.
SPELL_ROWS = 32


@compiled
def add_dense_pairs(
    block: ArrayBlock, moves: Moves, absorbs_firm: bool, spells: Floats, schur: Floats
) -> None:
    """Add to the upper triangle of D'WMD what the rows of each firm add, without loads and slopes.

    Parameters
    ----------
    block : ArrayBlock
        With weights.
    moves : shape (firms, effects)
        As `moves_of` gives them of the block without its weights.
    absorbs_firm : bool
        An effect of which a firm sees one level then adds nothing.
    spells : shape (levels, `SPELL_ROWS`), added to
        What firms add that see an effect's levels one after the other: the upper triangle's diagonals side by
        side, which stay in the processor's cache.
    schur : shape (levels, levels), added to
        What all others add.
    """
    starts, kinds = block.starts, moves.shape[1]
    seen = np.empty((kinds, longest(starts)), dtype=np.int64)
    sums = np.empty((kinds, longest(starts)))
    counts = np.zeros(kinds, dtype=np.int64)
    place = np.full(len(schur), -1)
    for firm in range(len(moves)):
        first, last = starts[firm], starts[firm + 1]
        if last - first == 1 and absorbs_firm:
            continue
        is_short, movers, alone = last - first <= SPELL_ROWS, 0, True
        for kind in range(kinds):
            movers += moves[firm, kind] != STAYS
            if moves[firm, kind] == SPELL and is_short:
                add_spell(block.effects[first, kind], block.weights[first:last], spells)
            elif moves[firm, kind] != STAYS:
                alone = False
        if alone and movers < 2:
            continue
        for kind in range(kinds):
            counts[kind] = 0
            if moves[firm, kind] != STAYS:
                counts[kind] = sum_levels(
                    block.effects, first, last, kind, block.weights, place, seen[kind], sums[kind]
                )
        for kind in range(kinds):
            for other in range(kind, kinds):
                is_added = kind == other and moves[firm, kind] == SPELL and is_short
                if counts[kind] and counts[other] and not is_added:
                    add_rows(block, first, last, kind, other, schur)
                    if absorbs_firm:
                        take_off_products(kind, other, counts, seen, sums, schur)


@compiled
def add_spell(level: int, weights: Floats, spells: Floats) -> None:
    """Add what a firm adds that sees one effect's levels one after the other, from `level` on."""
    total = 0.0
    for row in range(len(weights)):
        total += weights[row]
    for row in range(len(weights)):
        share, own = weights[row] / total, spells[level + row]
        own[0] += weights[row]
        for later in range(len(weights) - row):
            own[later] -= share * weights[row + later]


@compiled
def add_rows(block: ArrayBlock, first: int, last: int, kind: int, other: int, schur: Floats) -> None:  # noqa: PLR0917
    """Add the weights of a firm's rows to the pairs of levels of two effects."""
    for row in range(first, last):
        schur[block.effects[row, kind], block.effects[row, other]] += block.weights[row]


@compiled
def write_spells(spells: Floats, schur: Floats) -> None:
    """Add the diagonals of `add_dense_pairs` to the upper triangle they stand for."""
    for level in range(len(schur)):
        for later in range(min(spells.shape[1], len(schur) - level)):
            schur[level, level + later] += spells[level, later]


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
