"""Solve the effects' normal equations by a Cholesky factor of the whole Schur complement."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import blas

from clusterpanel.models.arrays import Floats, Integers
from clusterpanel.models.schur.certificate import check_residual, scale_of_levels
from clusterpanel.models.schur.lost import hold_at_zero, redundant_levels
from clusterpanel.models.schur.triangle import PivotedFactor, pivoted_factor

LEVELS_PER_COPY = 256


@dataclass(frozen=True)
class DenseSolver:
    """The factored Schur complement.

    Attributes
    ----------
    offsets : integer array, shape (effects + 1,)
        Where each effect's levels start.
    factor : PivotedFactor
        Of the scaled Schur complement, which stands below the factor's diagonal in the same memory.
    scale : float array, shape (levels,)
        One over the root of each level's diagonal; 0 for empty levels.
    """

    offsets: Integers
    factor: PivotedFactor
    scale: Floats

    @property
    def rank(self) -> int:
        """The number of levels that are not redundant."""
        return self.factor.rank

    @property
    def redundant(self) -> Integers:
        """The levels that are empty or collinear; see `EffectsSolver`."""
        empty = np.flatnonzero(self.scale == 0)
        return np.sort(np.concatenate([empty, self._unseen[1]]))

    @property
    def path(self) -> str:
        """What ran, in words."""
        return f"dense Schur complement, {len(self.scale):,} levels, rank {self.rank:,}"

    def solve(self, right: Floats, sizes: Floats | None = None) -> Floats:
        """Return the slopes, those of redundant levels 0; see `EffectsSolver`."""
        scaled = np.asfortranarray(right * self.scale[:, None])
        solution = self.factor.solve(scaled)
        # One refinement takes out what the rounding of the factor left.
        solution += self.factor.solve(scaled - self._multiply(solution))
        solution = hold_at_zero(solution, *self._unseen)
        check_residual(scaled - self._multiply(solution), scaled, sizes, self.path)
        return np.ascontiguousarray(solution * self.scale[:, None])

    def explained(self, right: Floats, slopes: Floats) -> Floats:
        """Return the cross-products the effects explain; see `EffectsSolver`."""
        scaled = right * self.scale[:, None]
        solution = np.divide(slopes, self.scale[:, None], out=np.zeros_like(slopes), where=slopes != 0)
        half = solution.T @ (scaled - self._multiply(solution) / 2)
        return np.asarray(half + half.T)

    def inverse(self) -> Floats:
        """Return a generalised inverse; see `EffectsSolver`."""
        return np.asarray(self.factor.inverse() * np.outer(self.scale, self.scale))

    @cached_property
    def _unseen(self) -> tuple[Floats, Integers]:
        """Return the scaled directions the system does not see, and a redundant level for each."""
        directions = self.factor.unseen()[:, self.scale[self.factor.dependent] > 0]
        return directions, redundant_levels(directions, self.offsets)

    def _multiply(self, solution: Floats) -> Floats:
        """Return the scaled Schur complement, as it was before it was factored, times a solution."""
        product = np.asarray(blas.dsymm(1.0, self.factor.upper.T, solution))
        present = (self.scale > 0).astype(np.float64)
        return product + (present - np.diag(self.factor.upper))[:, None] * solution


def dense_solver(schur: Floats, offsets: Integers) -> DenseSolver:
    """Factor a dense Schur complement in its own memory.

    Parameters
    ----------
    schur : float array, shape (levels, levels), C order
        Only the upper triangle is read; overwritten.
    offsets : integer array, shape (effects + 1,)
    """
    scale = scale_of_levels(np.diag(schur))
    schur *= scale[:, None]
    schur *= scale[None, :]
    np.fill_diagonal(schur, scale > 0)
    for first in range(0, len(schur), LEVELS_PER_COPY):
        last = first + LEVELS_PER_COPY
        schur[last:, first:last] = schur[first:last, last:].T
        corner = schur[first:last, first:last]
        corner[:] = np.triu(corner) + np.triu(corner, 1).T
    return DenseSolver(offsets, pivoted_factor(schur), scale)
