"""The Cholesky factor, with pivoting, of a positive semi-definite matrix whose diagonal is 1."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import blas, lapack, solve_triangular

from clusterpanel.models.arrays import Floats, Integers

# The share of a level's own variation that must be left by the levels that were taken before it.
RANK_TOLERANCE = 1e-10


@dataclass(frozen=True)
class PivotedFactor:
    """U'U = the matrix with its levels in the order of the pivots.

    Attributes
    ----------
    upper : float array, shape (levels, levels), C order
        U in the upper triangle with the diagonal; the identity where the rank is exceeded.
    order : integer array, shape (levels,)
        The levels in the order of the pivots.
    rank : int
    """

    upper: Floats
    order: Integers
    rank: int

    @property
    def dependent(self) -> Integers:
        """The levels beyond the rank."""
        return self.order[self.rank :]

    def solve(self, right: Floats) -> Floats:
        """Return a solution of each consistent right-hand side, dependent levels at 0."""
        lower = self.upper.T
        half = blas.dtrsm(1.0, lower, np.asfortranarray(right[self.order]), lower=1, overwrite_b=1)
        half[self.rank :] = 0.0
        solution = np.empty_like(right)
        solution[self.order] = blas.dtrsm(1.0, lower, half, lower=1, trans_a=1, overwrite_b=1)
        return solution

    def inverse(self) -> Floats:
        """Return a generalised inverse, 0 for the dependent levels; shape (levels, levels)."""
        kept = self.order[: self.rank]
        corner = np.asfortranarray(self.upper[: self.rank, : self.rank].T)
        inverse = np.zeros_like(self.upper)
        if self.rank:
            inner, _ = lapack.dpotri(corner, lower=1, overwrite_c=1)
            inverse[np.ix_(kept, kept)] = np.tril(inner) + np.tril(inner, -1).T
        return inverse

    def unseen(self) -> Floats:
        """Return directions the matrix maps to 0, one a dependent level; shape (levels, directions)."""
        rank, count = self.rank, len(self.order) - self.rank
        directions = np.zeros((len(self.order), count))
        if count:
            inner = solve_triangular(self.upper[:rank, :rank], self.upper[:rank, rank:], check_finite=False)
            directions[self.order[:rank]] = -inner
            directions[self.dependent] = np.eye(count)
        return directions


def pivoted_factor(matrix: Floats) -> PivotedFactor:
    """Factor a matrix in its own memory, and find its rank.

    The pivots matter even where the diagonal is 1: without them a level of tiny weight can come last in a
    combination of heavy ones, and the rounding of those looks like something of its own.

    Parameters
    ----------
    matrix : float array, shape (levels, levels), C order
        Only the upper triangle is read and written; the diagonal is at most 1.
    """
    if np.diag(matrix).max(initial=0.0) <= RANK_TOLERANCE:
        # LAPACK takes the first pivot whatever its size.
        return PivotedFactor(np.eye(len(matrix)), np.arange(len(matrix)), 0)
    # In column order the transpose's lower triangle is this upper one: nothing is copied.
    lower, pivots, rank, _ = lapack.dpstrf(matrix.T, lower=1, tol=RANK_TOLERANCE, overwrite_a=1)
    upper, rest = lower.T, len(matrix) - rank
    corner = upper[rank:, rank:]
    np.copyto(corner, np.eye(rest), where=np.triu(np.ones((rest, rest), dtype=np.bool_)))
    return PivotedFactor(upper, pivots.astype(np.int64) - 1, int(rank))


def roots_of_diagonal(matrix: Floats) -> Floats:
    """Return what scales a reduced matrix to a diagonal of 1; 1 where nothing but rounding was left."""
    diagonal = np.diag(matrix)
    return np.sqrt(np.where(diagonal > RANK_TOLERANCE, diagonal, 1.0))
