"""The compiled loop that says how each firm moves between the levels of each effect."""

import numpy as np
from numpy.typing import NDArray

from clusterpanel.models.arrays import ArrayBlock, Integers, Levels
from clusterpanel.models.kernels import compiled

Moves = NDArray[np.uint8]

# The firm keeps one level, and its own effect takes that level up: it adds nothing to the level's moments.
STAYS = 0
# The firm sees levels one after the other, as an industry's years: what it adds can be counted.
SPELL = 1
# Anything else.
MOVES = 2

# More than the rows of a block.
OTHER_STEPS = 1 << 32


@compiled
def moves_of(block: ArrayBlock, absorbs_firm: bool) -> Moves:
    """Return how each firm moves in each effect; shape (firms, effects)."""
    effects, starts = block.effects, block.starts
    moves = np.full((len(starts) - 1, effects.shape[1]), MOVES, dtype=np.uint8)
    if not absorbs_firm or len(block.loads):
        return moves
    is_plain = not (block.basis.shape[1] or len(block.weights))
    steps = np.zeros(len(effects), dtype=np.int64)
    for kind in range(effects.shape[1]):
        count_steps(effects[:, kind], steps)
        for firm in range(len(moves)):
            # Without a branch by row: firms' lengths are nothing that a processor could foretell.
            seen = steps[starts[firm + 1] - 1] - steps[starts[firm]]
            if seen % OTHER_STEPS == 0:
                moves[firm, kind] = STAYS
            elif seen < OTHER_STEPS and is_plain:
                moves[firm, kind] = SPELL
    return moves


@compiled
def count_steps(levels: Levels, steps: Integers) -> None:
    """Count, up to each row, the steps to another level and, `OTHER_STEPS` times, those not to the next."""
    for row in range(1, len(levels)):
        step = levels[row] - levels[row - 1]
        steps[row] = steps[row - 1] + (step != 0) + OTHER_STEPS * (step != 1)


@compiled
def pick(values: np.ndarray, place: int, spare: np.ndarray) -> np.ndarray:
    """Return a row of `values`, or `spare` beyond the last: loops take three columns at a time."""
    return values[place] if place < len(values) else spare


@compiled
def spare_of(values: np.ndarray) -> np.ndarray:
    """Return what stands in for the columns that three at a time lack."""
    return np.zeros(values.shape[1] if len(values) % 3 else 0)
