"""Solve the effects' normal equations where one effect falls into small blocks, as industry-years do.

If few firms change industry, industry-years of different industries have next to nothing to do with each
other once the firms are out. They are eliminated block by block, which leaves a dense system of the other
effects: a fraction of the work of one factor of all levels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from clusterpanel.models.absorb import Absorbed, take_out_effects
from clusterpanel.models.arrays import Floats, Integers, Levels
from clusterpanel.models.dense_moments import DenseMoments
from clusterpanel.models.schur.blocks import LARGEST_SMALL, BlockFactors, factor_diagonal_blocks
from clusterpanel.models.schur.certificate import check_residual, scale_of_levels
from clusterpanel.models.schur.triangle import PivotedFactor, pivoted_factor, roots_of_diagonal

# Fewer levels than this are not worth the detour.
FEWEST_LEVELS = 128


@dataclass(frozen=True)
class SplitSolver:
    """A scaled system [[E, C], [C', D]] with D in small blocks; an `EffectsSolver`.

    Attributes
    ----------
    scale : float array, shape (levels,)
        One over the root of each level's diagonal; 0 for empty levels.
    kept, apart : integer arrays
        The levels of E and of D.
    own, cross : float arrays, shapes (kept, kept) and (kept, apart)
        E and C.
    blocks : csr_array, shape (apart, apart)
        D.
    factors : BlockFactors
        Of D.
    through : float array, shape (apart, kept)
        D^-1 C'.
    root : float array, shape (kept,)
        What the reduced matrix was divided by, rows and columns, before it was factored.
    factor : PivotedFactor
        Of E - C D^-1 C'.
    """

    scale: Floats
    kept: Integers
    apart: Integers
    own: Floats
    cross: Floats
    blocks: sparse.csr_array
    factors: BlockFactors
    through: Floats
    root: Floats
    factor: PivotedFactor

    @property
    def rank(self) -> int:
        """The number of levels that are not redundant."""
        return self.factor.rank + len(self.apart) - len(self.factors.dependent)

    @property
    def redundant(self) -> Integers:
        """The levels that are empty, or collinear given the small blocks before the others."""
        return np.sort(np.concatenate([self.apart[self.factors.dependent], self.kept[self.factor.dependent]]))

    @property
    def path(self) -> str:
        """What ran, in words."""
        return (
            f"dense Schur complement, {len(self.scale):,} levels, {len(self.apart):,} of them eliminated in "
            f"small blocks, rank {self.rank:,}"
        )

    def solve(self, right: Floats, sizes: Floats | None = None) -> Floats:
        """Return the slopes, those of redundant levels 0; see `EffectsSolver`."""
        scaled = right * self.scale[:, None]
        solution = self._solve_once(scaled)
        # One refinement takes out what the rounding of the factors left.
        solution += self._solve_once(scaled - self._multiply(solution))
        check_residual(scaled - self._multiply(solution), scaled, sizes, self.path)
        return solution * self.scale[:, None]

    def explained(self, right: Floats, slopes: Floats) -> Floats:
        """Return the cross-products the effects explain; see `EffectsSolver`."""
        scaled = right * self.scale[:, None]
        solution = np.divide(slopes, self.scale[:, None], out=np.zeros_like(slopes), where=slopes != 0)
        half = solution.T @ (scaled - self._multiply(solution) / 2)
        return np.asarray(half + half.T)

    def inverse(self) -> Floats:
        """Return a generalised inverse; see `EffectsSolver`."""
        kept, apart = np.eye(len(self.kept)), np.eye(len(self.apart))
        corner = self.factor.solve(kept / self.root[:, None]) / self.root[:, None]
        beside = -corner @ self.through.T
        inverse = np.empty((len(self.scale), len(self.scale)))
        inverse[np.ix_(self.kept, self.kept)] = corner
        inverse[np.ix_(self.kept, self.apart)] = beside
        inverse[np.ix_(self.apart, self.kept)] = beside.T
        inverse[np.ix_(self.apart, self.apart)] = self.factors.solve(apart) - self.through @ beside
        return np.asarray(inverse * np.outer(self.scale, self.scale))

    def _solve_once(self, right: Floats) -> Floats:
        inner = self.factors.solve(right[self.apart])
        reduced = right[self.kept] - self.cross @ inner
        outer = self.factor.solve(reduced / self.root[:, None]) / self.root[:, None]
        solution = np.empty_like(right)
        solution[self.kept], solution[self.apart] = outer, inner - self.through @ outer
        return solution

    def _multiply(self, solution: Floats) -> Floats:
        """Return the scaled Schur complement times a solution."""
        outer, inner = solution[self.kept], solution[self.apart]
        product = np.empty_like(solution)
        product[self.kept] = self.own @ outer + self.cross @ inner
        product[self.apart] = self.cross.T @ outer + self.blocks @ inner
        return product


def take_out_weighted(
    moments: DenseMoments,
    effect_levels: Sequence[int],
    factors: Sequence[Sequence[Levels]],
    sizes: Floats,
) -> Absorbed:
    """Return what the effects explain and what they leave, as `take_out_effects` does.

    Parameters
    ----------
    moments : DenseMoments
        Their memory is reused.
    effect_levels, factors, sizes
        See `take_out_effects`.

    Raises
    ------
    NotConvergedError
        A solver was left with a residual.
    """
    solver = None if moments.dense is None else split_solver(moments.schur, effect_levels)
    if solver is None:
        return take_out_effects(moments, effect_levels, factors, sizes)
    gram = np.triu(moments.gram) + np.triu(moments.gram, 1).T
    slopes = solver.solve(moments.cross, sizes)
    explained = solver.explained(moments.cross, slopes)
    return Absorbed(
        slopes=slopes,
        within=np.diag(gram).copy(),
        explained=np.diag(explained).copy(),
        rest=gram - explained,
        rank=solver.rank,
        point=np.zeros(len(gram)),
        solver=solver,
        path=solver.path,
    )


def split_solver(schur: Floats, effect_levels: Sequence[int]) -> SplitSolver | None:
    """Return the solver, or None where the largest effect does not fall into small blocks.

    Parameters
    ----------
    schur : float array, shape (levels, levels)
        D'WMD; only the upper triangle is read.
    effect_levels : sequence of int
        The number of levels of each effect.
    """
    largest = int(np.argmax(effect_levels))
    first = sum(effect_levels[:largest])
    last = first + effect_levels[largest]
    if last - first < FEWEST_LEVELS:
        return None
    upper = sparse.csr_array(np.triu(schur[first:last, first:last]))
    _, block = csgraph.connected_components(upper, directed=False)
    if np.bincount(block).max() > LARGEST_SMALL:
        return None
    scale = scale_of_levels(np.diag(schur))
    apart = np.arange(first, last)
    kept = np.concatenate([np.arange(first), np.arange(last, len(schur))])
    cross = np.concatenate([schur[:first, first:last], schur[first:last, last:].T])
    cross *= scale[kept, None]
    cross *= scale[apart]
    own = schur[np.ix_(kept, kept)] * np.outer(scale[kept], scale[kept])
    own = np.triu(own, 1) + np.triu(own, 1).T + np.diag((scale[kept] > 0).astype(np.float64))
    blocks = _both_triangles(upper, scale[apart])
    factors = factor_diagonal_blocks(blocks, block.astype(np.int32), np.zeros(len(apart)))
    through = factors.solve(np.ascontiguousarray(cross.T))
    reduced = own - cross @ through
    root = roots_of_diagonal(reduced)
    factor = pivoted_factor(np.ascontiguousarray(reduced / np.outer(root, root)))
    return SplitSolver(scale, kept, apart, own, cross, blocks, factors, through, root, factor)


def _both_triangles(upper: sparse.csr_array, scale: Floats) -> sparse.csr_array:
    """Return a scaled matrix whose diagonal is 1, or 0 where a level is empty."""
    beyond = sparse.triu(upper, 1)
    scales = sparse.diags_array(scale)
    scaled = scales @ (beyond + beyond.T) @ scales
    return sparse.csr_array(scaled + sparse.diags_array((scale > 0).astype(np.float64)))
