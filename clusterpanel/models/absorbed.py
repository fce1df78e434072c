"""What effects explain of columns and what they leave, from the columns' cross-moments."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from clusterpanel.models.arrays import Flags, Floats, Integers, Levels, ModelSource
from clusterpanel.models.moments import CrossMoments
from clusterpanel.models.schur.blas_threads import one_blas_thread
from clusterpanel.models.schur.solver import DENSE_LEVELS, EffectsSolver, effects_solver, redundant_by_effect
from clusterpanel.models.schur.spells import matrix_and_spells


@dataclass(frozen=True)
class Absorbed:
    """What the effects explain and what they leave.

    Attributes
    ----------
    slopes : float array, shape (levels, columns)
        Coefficients of each column on the effects; 0 for the levels that are collinear.
    within : float array, shape (columns,)
        Sums of squares before the effects (after the firms).
    explained : float array, shape (columns,)
        The part of them the effects explain.
    rest : float array, shape (columns, columns)
        Cross-products of what the effects leave.
    rank : int
        The number of levels that are not collinear.
    point : float array, shape (columns,)
        What was taken off the columns before the slopes apply.
    solver : EffectsSolver or None
        Solves further right-hand sides; None where there are no effects besides the firm's.
    path : str
        In words, how the effects were taken out.
    """

    slopes: Floats
    within: Floats
    explained: Floats
    rest: Floats
    rank: int
    point: Floats
    solver: EffectsSolver | None = None
    path: str = ""

    def only(self, kept: Flags) -> "Absorbed":
        """Return the same for some of the columns."""
        return replace(
            self,
            slopes=np.ascontiguousarray(self.slopes[:, kept]),
            within=self.within[kept],
            explained=self.explained[kept],
            rest=self.rest[np.ix_(kept, kept)],
            point=self.point[kept],
        )


class AbsorbedSample(NamedTuple):
    """A sample's effects taken out, and each column's weighted mean and sum of squares about it."""

    absorbed: Absorbed
    means: Floats
    totals: Floats


def take_out_effects(
    moments: CrossMoments,
    effect_levels: Sequence[int] = (),
    factors: Sequence[Sequence[Levels]] = (),
    sizes: Floats | None = None,
) -> Absorbed:
    """Return what the effects explain and what they leave.

    Parameters
    ----------
    moments : CrossMoments
    effect_levels : sequence of int
        The number of levels of each effect; none stands for one effect.
    factors : sequence of sequences of int32 arrays
        The factors of each effect, as `Codes` has them.
    sizes : float array, shape (columns,), or None
        Roots of the columns' sums of squares before anything was taken out, against which what the firms
        leave may be nothing but rounding.

    Raises
    ------
    NotConvergedError
        The solver of many levels stopped short.
    """
    gram = np.triu(moments.gram) + np.triu(moments.gram, 1).T
    nothing = np.zeros(len(gram))
    if not len(moments.cross):
        return Absorbed(moments.cross, np.diag(gram).copy(), nothing, gram, 0, nothing)
    offsets = np.cumsum([0, *(effect_levels or [len(moments.cross)])])
    with one_blas_thread():
        solver = _solver_of(moments, offsets, factors)
        slopes = solver.solve(moments.cross, sizes)
        explained = solver.explained(moments.cross, slopes)
    return Absorbed(
        slopes=slopes,
        within=np.diag(gram).copy(),
        explained=np.diag(explained).copy(),
        rest=gram - explained,
        rank=solver.rank,
        point=nothing,
        solver=solver,
        path=solver.path,
    )


def _solver_of(
    moments: CrossMoments, offsets: Integers, factors: Sequence[Sequence[Levels]]
) -> EffectsSolver:
    """Return the solver of the effects' moments, dense up to `DENSE_LEVELS` levels."""
    if offsets[-1] <= DENSE_LEVELS or moments.pairs is None:
        return effects_solver(moments.matrix(), offsets, factors)
    matrix, spells = matrix_and_spells(moments.pairs, int(offsets[-1]))
    return effects_solver(matrix, offsets, factors, spells)


def redundant_levels(source: ModelSource, absorbed: Absorbed) -> dict[str, Integers]:
    """Return each effect's levels that the firms and the effects and levels before them make up.

    Parameters
    ----------
    source : ModelSource
    absorbed : Absorbed
        Of the same source.

    Returns
    -------
    dict of effect name to integer array
        Codes of the levels, ascending; their slopes are 0.
    """
    if absorbed.solver is None:
        return {name: np.empty(0, dtype=np.int64) for name in source.effect_names}
    offsets = np.cumsum([0, *source.effect_levels])
    return dict(zip(source.effect_names, redundant_by_effect(absorbed.solver, offsets), strict=True))


def redundant_counts(source: ModelSource, absorbed: Absorbed) -> dict[str, int]:
    """Return how many levels of each effect others make up, of the effects that have such levels."""
    found = redundant_levels(source, absorbed).items()
    return {name: len(levels) for name, levels in found if len(levels)}
