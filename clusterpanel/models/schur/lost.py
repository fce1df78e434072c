"""Directions a system does not see, and the levels that are redundant for them."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.linalg import qr

from clusterpanel.models.arrays import Floats, Integers
from clusterpanel.models.schur.triangle import pivoted_factor, roots_of_diagonal

# A direction's entries below this share of its largest are rounding.
ENTRY_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Unseen:
    """The directions a system does not see.

    Attributes
    ----------
    directions : float array, shape (levels, directions)
        Orthonormal.
    levels : integer array, shape (directions,)
        A redundant level for each direction, ascending.
    """

    directions: Floats
    levels: Integers

    def take_out(self, residual: Floats) -> Floats:
        """Return a residual without the rounding in these directions."""
        return np.asarray(residual - self.directions @ (self.directions.T @ residual))

    def hold_at_zero(self, values: Floats) -> Floats:
        """Return the solution that is 0 at the redundant levels, moved along the directions."""
        return hold_at_zero(values, self.directions, self.levels)


def redundant_levels(directions: Floats, effect_starts: Integers) -> Integers:
    """Return, ascending, one level for each direction such that only 0 is 0 at all of them.

    The effects are gone through from the last to the first, so that an effect's levels are redundant given
    the effects before it. Inside an effect the levels are those which pin the directions down best (QR with
    column pivoting).

    Parameters
    ----------
    directions : float array, shape (levels, directions), independent
    effect_starts : integer array, shape (effects + 1,)
    """
    found: list[Integers] = []
    left = directions
    for first, last in reversed(list(pairwise(effect_starts))):
        if not left.shape[1]:
            break
        part = left[first:last].T
        turn, factor, pivots = qr(part, mode="full", pivoting=True) if part.size else _nothing(part)
        size = np.abs(np.diag(factor))
        rank = int((size > ENTRY_TOLERANCE * np.abs(directions).max()).sum())
        found.append(first + pivots[:rank])
        # What is left vanishes on this effect.
        left = (left @ turn)[:, rank:]
    return np.sort(np.concatenate([np.empty(0, dtype=np.int64), *found]))


def _nothing(part: Floats) -> tuple[Floats, Floats, Integers]:
    """Return the factors of a matrix without entries."""
    return np.eye(len(part)), np.zeros((0, 0)), np.empty(0, dtype=np.int64)


def hold_at_zero(values: Floats, directions: Floats, levels: Integers) -> Floats:
    """Return the solution that is 0 at some levels, moved along directions the system does not see."""
    if not len(levels):
        return values
    moved = values - directions @ np.linalg.solve(directions[levels], values[levels])
    moved[levels] = 0.0
    return np.asarray(moved)


def unseen_within(levels: Integers, size: int, dense: Callable[[Integers], Floats]) -> Floats:
    """Return all directions among some levels that the system does not see; shape (size, directions).

    Parameters
    ----------
    levels : integer array
    size : int
        The number of levels of the whole system.
    dense : callable
        Returns the system's matrix of some levels.
    """
    matrix = dense(levels)
    root = roots_of_diagonal(matrix)
    found = pivoted_factor(matrix / np.outer(root, root)).unseen()
    directions = np.zeros((size, found.shape[1]))
    directions[levels] = found / root[:, None]
    return directions


def independent_directions(known: Floats, found: Floats) -> Floats:
    """Return an orthonormal basis of what two sets of directions span, the known ones first."""
    rest = found / np.linalg.norm(found, axis=0)
    rest = rest - known @ (known.T @ rest)
    basis, factor, _ = qr(rest, mode="economic", pivoting=True)
    rank = int((np.abs(np.diag(factor)) > ENTRY_TOLERANCE).sum())
    return np.hstack([known, basis[:, :rank]])
