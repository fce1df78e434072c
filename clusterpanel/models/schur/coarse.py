"""The coarse space: sums of levels, in which the slow and the lost directions of the system lie."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.linalg import solve_triangular

from clusterpanel.models.arrays import Floats
from clusterpanel.models.schur.reduced import ReducedSystem
from clusterpanel.models.schur.triangle import pivoted_factor

# What forming the coarse matrix may cost, in multiplications.
MOST_PRODUCTS = 1e10
MOST_SUMS = 3_000
# A direction with less of the matrix than this is one the matrix does not see.
NULL_TOLERANCE = 1e-10


@dataclass(frozen=True)
class CoarseSpace:
    """Sums of levels V, the generalised inverse of V'AV, and the directions A does not see.

    Attributes
    ----------
    sums : csr_array, shape (levels, sums)
        V.
    inverse : float array, shape (sums, sums)
        Of V'AV over what A sees, 0 elsewhere.
    unseen : float array, shape (sums, directions)
        Y with AVY = 0, (VY)'(VY) = 1.
    """

    sums: sparse.csr_array
    inverse: Floats
    unseen: Floats

    def correct(self, residual: Floats) -> Floats:
        """Return the coarse part of an approximate solution."""
        return np.asarray(self.sums @ (self.inverse @ (self.sums.T @ residual)))

    def unseen_directions(self) -> Floats:
        """Return the directions, shape (levels, directions), orthonormal."""
        return np.asarray(self.sums @ self.unseen)


def most_sums(eliminated: int) -> int:
    """Return how many sums the coarse space has room for beside some eliminated levels."""
    return min(MOST_SUMS, int(np.sqrt(MOST_PRODUCTS / max(eliminated, 1))))


def coarse_space(system: ReducedSystem, candidates: sparse.csr_array) -> CoarseSpace:
    """Return the coarse space of some sums of levels, those that repeat others left out.

    Parameters
    ----------
    system : ReducedSystem
    candidates : csr_array, shape (levels, sums)
        Columns of norm 1, those that matter most first.
    """
    sums = _independent(candidates)
    matrix = (sums.T @ (system.own @ sums)).toarray()
    if system.cross.eliminated:
        product = system.cross.transposed_times(sums)
        matrix -= product.T @ system.factors.solve(product)
    metric = np.linalg.cholesky((sums.T @ sums).toarray())
    # In the basis where VY has the norm of Y, small eigenvalues mean small beside 1, the matrix's diagonal.
    half = solve_triangular(metric, matrix, lower=True)
    whole = solve_triangular(metric, half.T, lower=True)
    values, vectors = np.linalg.eigh((whole + whole.T) / 2)
    vectors = solve_triangular(metric, vectors, lower=True, trans="T")
    is_seen = values > NULL_TOLERANCE
    inverse = (vectors[:, is_seen] / values[is_seen]) @ vectors[:, is_seen].T
    return CoarseSpace(sums, inverse, vectors[:, ~is_seen])


def _independent(candidates: sparse.csr_array) -> sparse.csr_array:
    """Return the sums without those that others add up to."""
    metric = (candidates.T @ candidates).toarray()
    np.fill_diagonal(metric, 1.0)
    factor = pivoted_factor(metric)
    return sparse.csr_array(candidates[:, np.sort(factor.order[: factor.rank])])
