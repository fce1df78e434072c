"""The coarse space: sums of levels, in which the slow and the lost directions of the system lie."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from clusterpanel.models.arrays import Floats, Integers
from clusterpanel.models.schur.entries import entries_of
from clusterpanel.models.schur.lost import independent_directions
from clusterpanel.models.schur.products import times
from clusterpanel.models.schur.reduced import ReducedSystem
from clusterpanel.models.schur.triangle import pivoted_factor

# What forming the coarse matrix may cost, in multiplications.
MOST_PRODUCTS = 1e10
MOST_SUMS = 3_000


@dataclass(frozen=True)
class CoarseSpace:
    """Sums of levels V, the generalised inverse of V'AV or of what stands for it, and what A does not see.

    Attributes
    ----------
    sums : csr_array, shape (levels, sums)
        V.
    by_sum : csr_array, shape (sums, levels)
        V'.
    inverse : float array, shape (sums, sums)
        Of V'AV; 0 for the sums that depend on others.
    unseen : float array, shape (levels, directions)
        Orthonormal directions among the sums which A maps to 0.
    """

    sums: sparse.csr_array
    by_sum: sparse.csr_array
    inverse: Floats
    unseen: Floats

    def correct(self, residual: Floats) -> Floats:
        """Return the coarse part of an approximate solution."""
        return times(self.sums, self.inverse @ times(self.by_sum, residual))


def most_sums(eliminated: int) -> int:
    """Return how many sums the coarse space has room for beside some eliminated levels."""
    return min(MOST_SUMS, int(np.sqrt(MOST_PRODUCTS / max(eliminated, 1))))


def coarse_space(system: ReducedSystem, candidates: sparse.csr_array, exact: int) -> CoarseSpace:
    """Return the coarse space of some sums of levels, those that repeat others left out.

    Of the sums after the first `exact` the part by way of the eliminated levels is left out: a region's years
    together say little about any industry's, and what is left out would only make the matrix smaller, so that
    every direction found is one A does not see.

    Parameters
    ----------
    system : ReducedSystem
    candidates : csr_array, shape (levels, sums)
        Columns of norm 1, those that matter most first.
    exact : int
        How many of them are taken as they are.
    """
    from clusterpanel.models.schur.kernels import products_of_sums

    kept = _independent(candidates)
    sums = sparse.csr_array(candidates[:, kept])
    by_sum = sparse.csr_array(sums.T)
    matrix = np.zeros((len(kept), len(kept)))
    products_of_sums(entries_of(system.own), entries_of(sums), matrix)
    first = int(np.searchsorted(kept, exact))
    if system.cross.eliminated and first:
        matrix[:, :first] = times(by_sum, system.multiply(sums[:, :first].toarray()))
        matrix[:first] = matrix[:, :first].T
    factor = pivoted_factor(matrix)
    unseen = times(sums, factor.unseen())
    return CoarseSpace(sums, by_sum, factor.inverse(), independent_directions(unseen[:, :0], unseen))


def _independent(candidates: sparse.csr_array) -> Integers:
    """Return the sums, ascending, without those that others add up to."""
    metric = (candidates.T @ candidates).toarray()
    np.fill_diagonal(metric, 1.0)
    factor = pivoted_factor(metric)
    return np.sort(factor.order[: factor.rank])
