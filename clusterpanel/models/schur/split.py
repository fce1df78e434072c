"""Split the effects into those that are eliminated exactly and those that are iterated on."""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy import sparse

from clusterpanel.models.arrays import Integers, Levels
from clusterpanel.models.schur.entries import entries_of

# The sum of the squared sizes of the eliminated blocks: what each step of the iteration has to pass over.
MOST_SQUARED = 2_000**2
# Up to here a dense factor of the reduced matrix costs less than the parts of an iteration.
FEW_ITERATED = 600


class Parts(NamedTuple):
    """Each level's kind, 0 if it is iterated on and 1 if it is eliminated, and its place among its kind."""

    kind: Integers
    place: Integers


@dataclass(frozen=True)
class Split:
    """Which levels are eliminated, in blocks, and which are iterated on.

    Attributes
    ----------
    eliminated, iterated : integer arrays
        The levels, ascending.
    block : integer array, shape (eliminated levels,)
        The connected component of each eliminated level within the eliminated effects' own block.
    """

    eliminated: Integers
    iterated: Integers
    block: Levels

    @property
    def squared(self) -> float:
        """The sum of the blocks' squared sizes."""
        return float((np.bincount(self.block) ** 2.0).sum())

    @property
    def parts(self) -> Parts:
        """Each level's kind and place."""
        kind, place = np.zeros((2, len(self.iterated) + len(self.eliminated)), dtype=np.int64)
        kind[self.eliminated] = 1
        place[self.iterated] = np.arange(len(self.iterated))
        place[self.eliminated] = np.arange(len(self.eliminated))
        return Parts(kind, place)


def split_effects(upper: sparse.csr_array, offsets: Integers) -> Split:
    """Eliminate as many levels as can be solved for at little cost.

    If few levels are then left, those are solved for by a dense factor, and the cheapest such split is taken.
    Either the small effects together, or the one effect whose own block falls into small components, as that
    of industry-years does if few firms change industry.

    Parameters
    ----------
    upper : csr_array, shape (levels, levels)
        The upper triangle.
    offsets : integer array, shape (effects + 1,)
    """
    ranges = [np.arange(first, last) for first, last in pairwise(offsets)]
    nothing = Split(np.empty(0, dtype=np.int64), np.arange(offsets[-1]), np.empty(0, dtype=np.int32))
    found = [nothing, *(_eliminating(levels, upper) for levels in (*ranges, *_small_together(ranges)))]
    return min((split for split in found if split.squared <= MOST_SQUARED), key=_cost)


def _eliminating(levels: Integers, upper: sparse.csr_array) -> Split:
    """Return the split that eliminates some levels."""
    from clusterpanel.models.schur.kernels import connected_levels

    is_member = np.zeros(upper.shape[0], dtype=np.bool_)
    is_member[levels] = True
    block = connected_levels(entries_of(upper), is_member)[levels]
    return Split(
        levels, np.flatnonzero(~is_member), np.unique(block, return_inverse=True)[1].astype(np.int32)
    )


def _cost(split: Split) -> tuple[bool, float]:
    """Return what a split costs: the multiplications of dense factors if few levels are left, else those."""
    left, gone = len(split.iterated), len(split.eliminated)
    if left > FEW_ITERATED:
        return True, float(left)
    return False, float((np.bincount(split.block) ** 3.0).sum() + left**2 * gone + left**3)


def _small_together(ranges: list[Integers]) -> list[Integers]:
    """Return the levels of the smallest effects while they are few enough for one dense block."""
    together: list[Integers] = []
    for levels in sorted(ranges, key=len):
        if sum(map(len, together)) + len(levels) <= math.isqrt(MOST_SQUARED):
            together.append(levels)
    return [np.sort(np.concatenate(together))] if together else []
