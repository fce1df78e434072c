"""The absorbed effects' part of the hat matrix, sparse: firms as an orthonormal basis, the rest beside it.

With every row multiplied by the root of its weight, the projection on the effects is ``Q Q' + R K R'``: Q
an orthonormal basis of each firm's effect and slopes, R what these leave of the dummies of the other effects,
and K a generalised inverse of ``R'R``. All leverages and hat-matrix blocks follow, exactly.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import lapack, solve_triangular
from scipy.sparse import csr_array

from clusterpanel.errors import SpecError
from clusterpanel.models.arrays import Floats, Integers, Levels
from clusterpanel.models.linearised import EffectRows, Linearised

MOST_LEVELS = 8_000
RANK_TOLERANCE = 1e-10
EMPTY_TOLERANCE = 1e-13


@dataclass(frozen=True)
class EffectHat:
    """The projection on the absorbed effects.

    Attributes
    ----------
    basis : float array, shape (rows, 1 + slopes)
        Each row's values in its firm's columns of Q; no columns where no firm is absorbed.
    firms : csr array, shape (rows, firms * (1 + slopes))
        Q.
    rest : csr array, shape (rows, levels)
        R; no columns where there are no other effects.
    effects : EffectRows
    """

    basis: Floats
    firms: csr_array
    rest: csr_array
    effects: EffectRows

    @property
    def levels(self) -> int:
        """The number of levels of the effects other than the firm's."""
        return int(self.rest.shape[1])

    @cached_property
    def schur(self) -> Floats:
        """``R'R``, shape (levels, levels)."""
        if self.levels > MOST_LEVELS:
            raise SpecError(
                f"a variance by leverages came with {self.levels:,} levels of effects besides the firm's; "
                f"allowed: {MOST_LEVELS:,}",
                hint='Choose "HC1" or { CRV1 = ... }, which need no leverages, or absorb coarser effects.',
            )
        return np.asarray((self.rest.T @ self.rest).toarray(), dtype=np.float64)

    @cached_property
    def inverse(self) -> Floats:
        """K, shape (levels, levels)."""
        solver = self.effects.solver
        inverse: Floats = generalised_inverse(self.schur) if solver is None else solver.inverse()
        return inverse

    @cached_property
    def independent(self) -> Integers:
        """Levels without those that are collinear with them."""
        return pivoted_root(self.schur)[0]

    def leverages(self) -> Floats:
        """Return each row's leverage; shape (rows,)."""
        sums: Floats = np.einsum("ij,ij->i", self.basis, self.basis)
        if self.levels:
            from clusterpanel.models.vcov.loops import add_quadratic_forms

            rest = self.rest
            add_quadratic_forms(rest.indptr, rest.indices, rest.data, self.inverse, sums)
        return sums


def hat_of(linearised: Linearised) -> EffectHat | None:
    """Return the projection on a regression's absorbed effects, or None where it has none."""
    effects = linearised.effects
    if effects is None:
        return None
    rows = len(linearised.residuals)
    roots = np.ones(rows) if linearised.roots is None else linearised.roots
    basis = _firm_basis(effects, roots)
    firms = _spread(basis, effects.firms)
    dummies = _dummies(effects, roots)
    rest = csr_array(dummies - firms @ (firms.T @ dummies))
    # What a firm explains whole leaves rounding, which would cost time and mean nothing.
    rest.data[np.abs(rest.data) < EMPTY_TOLERANCE * np.abs(dummies.data).max(initial=0.0)] = 0.0
    rest.eliminate_zeros()
    return EffectHat(basis, firms, rest, effects)


def generalised_inverse(matrix: Floats) -> Floats:
    """Return a symmetric generalised inverse of a positive semi-definite matrix, 0 where it is collinear."""
    kept, lower, scale = pivoted_root(matrix)
    inverse = np.zeros_like(matrix)
    if len(kept):
        part = lapack.dpotri(lower, lower=1)[0]
        part = np.tril(part) + np.tril(part, -1).T
        inverse[np.ix_(kept, kept)] = part * np.outer(scale[kept], scale[kept])
    return inverse


def solve_semidefinite(matrix: Floats, rhs: Floats) -> Floats:
    """Solve a positive semi-definite system, with 0 where it is collinear."""
    kept, lower, scale = _plain_root(matrix) or pivoted_root(matrix)
    solution = np.zeros_like(rhs)
    scaled = (rhs * scale[:, None])[kept]
    half = solve_triangular(lower, scaled, lower=True, check_finite=False)
    solution[kept] = solve_triangular(lower, half, lower=True, trans="T", check_finite=False)
    return solution * scale[:, None]


def _plain_root(matrix: Floats) -> tuple[Integers, Floats, Floats] | None:
    """Return what `pivoted_root` does, ten times sooner, if nothing is collinear; else None."""
    diagonal = np.diag(matrix)
    if not (diagonal > 0).all():
        return None
    scale = 1 / np.sqrt(diagonal)
    factor, failed = lapack.dpotrf(matrix * np.outer(scale, scale), lower=1)
    if failed or (np.diag(factor) ** 2 <= RANK_TOLERANCE).any():
        return None
    return np.arange(len(matrix)), factor, scale


def pivoted_root(matrix: Floats) -> tuple[Integers, Floats, Floats]:
    """Return the levels that are not collinear, the Cholesky root of their scaled matrix, and the scale."""
    diagonal = np.diag(matrix)
    is_there = diagonal > EMPTY_TOLERANCE * diagonal.max(initial=0.0)
    scale = np.where(is_there, 1 / np.sqrt(np.where(is_there, diagonal, 1.0)), 0.0)
    if not is_there.any():
        return np.empty(0, dtype=np.int64), np.empty((0, 0)), scale
    factor, pivots, rank, _ = lapack.dpstrf(matrix * np.outer(scale, scale), lower=1, tol=RANK_TOLERANCE)
    return (pivots[:rank] - 1).astype(np.int64), factor[:rank, :rank], scale


def _firm_basis(effects: EffectRows, roots: Floats) -> Floats:
    """Return an orthonormal basis of each firm's effect and slopes, by Gram and Schmidt, done twice."""
    columns: list[Floats] = []
    if effects.firms is None:
        return np.empty((len(roots), 0))
    levels = int(effects.firms.max()) + 1
    constant = [roots] if effects.absorbs_firm else []
    for column in [*constant, *(effects.basis * roots[:, None]).T]:
        columns.append(_orthonormal(column, columns, effects.firms, levels))
    return np.stack(columns, axis=1)


def _spread(basis: Floats, firms: Levels | None) -> csr_array:
    """Return the basis with columns of their own for each firm."""
    rows, width = basis.shape
    if firms is None:
        return csr_array((rows, 0))
    places = firms[:, None].astype(np.int64) * width + np.arange(width)
    shape = (rows, (int(firms.max()) + 1) * width)
    return csr_array((basis.ravel(), places.ravel(), np.arange(rows + 1) * width), shape=shape)


def _orthonormal(column: Floats, before: list[Floats], firms: Levels, levels: int) -> Floats:
    before_squares = np.bincount(firms, column**2, levels)
    for _ in range(2):
        for other in before:
            column = column - other * np.bincount(firms, other * column, levels)[firms]
    squares = np.bincount(firms, column**2, levels)
    is_there = squares > RANK_TOLERANCE * before_squares
    length = np.where(is_there, 1 / np.sqrt(np.where(is_there, squares, 1.0)), 0.0)
    return np.asarray(column * length[firms])


def _dummies(effects: EffectRows, roots: Floats) -> csr_array:
    rows, kinds = effects.effects.shape
    loads = np.ones((rows, kinds)) if effects.loads is None else effects.loads
    values = (loads * roots[:, None]).ravel()
    starts = np.arange(rows + 1) * kinds
    return csr_array((values, effects.effects.ravel(), starts), shape=(rows, effects.levels))
