"""The sums of regressors and effects that are 0 in every row, from the rows' moments."""

import numpy as np
from scipy import sparse
from scipy.linalg import lapack, solve_triangular

from clusterpanel.models.absorb import Absorbed
from clusterpanel.models.arrays import Floats, ModelSource
from clusterpanel.models.moments import CrossMoments
from clusterpanel.models.schur.solver import EffectsSolver

# What is left of a regressor's sum of squares below this share of it is rounding.
RANK_TOLERANCE = 1e-10
EMPTY_TOLERANCE = 1e-12
# A coefficient this small beside the vector's largest is rounding.
ZERO = 1e-11
# Vectors solved for at once.
VECTORS_AT_ONCE = 256


def null_space(
    source: ModelSource,
    absorbed: Absorbed,
    moments: CrossMoments,
    overall: Floats,
    null_regressors: Floats,
) -> sparse.csr_array:
    """Return a basis of the sums that are 0 (once firms are taken out) in all rows of the moments.

    Parameters
    ----------
    source : ModelSource
        What the moments are of.
    absorbed : Absorbed
        The regressors in some of the rows, effects taken out.
    moments : CrossMoments
        Of the same rows.
    overall : float array, shape (regressors,)
        The regressors' sums of squares over all rows.
    null_regressors : float array, shape (regressors, vectors)
        From the function of that name.

    Returns
    -------
    sparse matrix, shape (levels + regressors, vectors)
        Coefficients on levels and regressors; the largest, times a regressor's root mean square, is 1.
    """
    sizes = np.sqrt(np.maximum(overall, 1e-300) / source.rows)
    first = np.vstack([-absorbed.slopes @ null_regressors, null_regressors])
    parts = [_scaled(first, sizes)]
    if absorbed.solver is not None:
        parts += _null_levels(absorbed.solver, moments, sizes)
    return sparse.csr_array(sparse.hstack(parts))


def null_regressors(rest: Floats, squares: Floats) -> Floats:
    """Return the sums of regressors that effects explain; shape (regressors, vectors).

    Parameters
    ----------
    rest : float array, shape (regressors, regressors)
        Cross-products of what the effects leave.
    squares : float array, shape (regressors,)
        The regressors' sums of squares before anything was taken out.
    """
    diagonal = np.diag(rest)
    present = diagonal > EMPTY_TOLERANCE * squares
    scale = np.where(present, 1 / np.sqrt(np.where(present, diagonal, 1.0)), 0.0)
    factor, pivots, rank, _ = lapack.dpstrf(rest * np.outer(scale, scale), lower=1, tol=RANK_TOLERANCE)
    rank = int(rank) if present.any() else 0
    kept, dropped = pivots[:rank] - 1, pivots[rank:] - 1
    vectors = np.zeros((len(rest), len(dropped)))
    vectors[dropped, np.arange(len(dropped))] = np.where(present[dropped], scale[dropped], 1.0)
    if rank and len(dropped):
        lower, below = factor[:rank, :rank], factor[rank:, :rank].T
        loading = solve_triangular(lower, below, lower=True, trans="T", check_finite=False)
        loading[:, ~present[dropped]] = 0.0
        vectors[kept] = -loading * scale[kept, None]
    return vectors


def _null_levels(solver: EffectsSolver, moments: CrossMoments, sizes: Floats) -> list[sparse.csr_array]:
    """Return, for each level that the others explain, itself less what they explain of it."""
    levels, redundant = len(moments.cross), solver.redundant
    upper = sparse.csr_array(moments.matrix())
    schur = sparse.csc_array(sparse.triu(upper) + sparse.triu(upper, 1).T)
    parts = []
    for first in range(0, len(redundant), VECTORS_AT_ONCE):
        some = redundant[first : first + VECTORS_AT_ONCE]
        vectors = np.zeros((levels + len(sizes), len(some)))
        right = schur[:, some].toarray()
        vectors[:levels] = -solver.solve(
            right, np.ones(len(some)) * np.sqrt(schur.diagonal().max(initial=1.0))
        )
        vectors[some, np.arange(len(some))] = 1.0
        parts.append(_scaled(vectors, sizes))
    return parts


def _scaled(vectors: Floats, sizes: Floats) -> sparse.csr_array:
    """Scale each vector so that its largest part is 1, and drop what is rounding."""
    units = np.concatenate([np.ones(len(vectors) - len(sizes)), sizes])[:, None]
    vectors = vectors / np.abs(vectors * units).max(axis=0, initial=1e-300)
    vectors[np.abs(vectors * units) < ZERO] = 0.0
    return sparse.csr_array(vectors)
