"""The compiled loop that says how each firm moves between the levels of each effect."""

import numpy as np
from numpy.typing import NDArray

from clusterpanel.models.arrays import ArrayBlock
from clusterpanel.models.kernels import compiled

Moves = NDArray[np.uint8]

# The firm keeps one level, and its own effect takes that level up: it adds nothing to the level's moments.
STAYS = 0
# The firm sees levels one after the other, as an industry's years: what it adds can be counted.
SPELL = 1
# Anything else.
MOVES = 2


@compiled
def moves_of(block: ArrayBlock, absorbs_firm: bool) -> Moves:
    """Return how each firm moves in each effect; shape (firms, effects)."""
    effects, starts = block.effects, block.starts
    moves = np.full((len(starts) - 1, effects.shape[1]), MOVES, dtype=np.uint8)
    if not absorbs_firm or len(block.loads):
        return moves
    is_plain = not (block.basis.shape[1] or len(block.weights))
    for firm in range(len(moves)):
        first, last = starts[firm], starts[firm + 1]
        for kind in range(effects.shape[1]):
            level = effects[first, kind]
            change, gap = 0, 0
            for row in range(first + 1, last):
                step = effects[row, kind] - level
                change |= step
                gap |= step ^ (row - first)
            if change == 0:
                moves[firm, kind] = STAYS
            elif gap == 0 and is_plain:
                moves[firm, kind] = SPELL
    return moves


@compiled
def pick(values: np.ndarray, place: int, spare: np.ndarray) -> np.ndarray:
    """Return a row of `values`, or `spare` beyond the last: loops take three columns at a time."""
    return values[place] if place < len(values) else spare


@compiled
def spare_of(values: np.ndarray) -> np.ndarray:
    """Return what stands in for the columns that three at a time lack."""
    return np.zeros(values.shape[1] if len(values) % 3 else 0)
