"""What a solver of the effects' normal equations can do, and which one is taken."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from scipy import sparse

from clusterpanel.models.arrays import Floats, Integers, Levels
from clusterpanel.models.schur.dense import dense_solver
from clusterpanel.models.schur.sparse import sparse_solver
from clusterpanel.models.schur.spells import NO_SPELLS, Spells, taken_off

# Up to here a dense factor takes less time than the elimination of blocks: docs/decisions/solving-effects.md.
DENSE_LEVELS = 600


class EffectsSolver(Protocol):
    """D'MD x = right for the dummies D of the effects and the projection M off the firms."""

    @property
    def rank(self) -> int:
        """The number of levels that are not redundant."""

    @property
    def redundant(self) -> Integers:
        """The levels, ascending, that are empty or collinear with the others; their slopes are 0."""

    @property
    def path(self) -> str:
        """What ran, in words."""

    def solve(self, right: Floats, sizes: Floats | None = None) -> Floats:
        """Return the slopes, shape (levels, columns).

        Parameters
        ----------
        right : float array, shape (levels, columns)
            D'MZ for columns Z; never changed.
        sizes : float array, shape (columns,), or None
            Norms of the columns Z, the root of each one's (weighted) sum of squares before anything is taken
            out of it. They tell a right-hand side that is nothing but rounding (a column that is constant
            within each firm) from one that is small; without them every right-hand side counts as exact.

        Raises
        ------
        NotConvergedError
            The residual is larger than `certificate.SLACK` times what was aimed at.
        """

    def explained(self, right: Floats, slopes: Floats) -> Floats:
        """Return Z'MD slopes, shape (columns, columns), as right'x + x'right - x'(D'MD)x.

        That form is off by the square of what the slopes are off by, so that a column which is a sum of
        effects leaves nothing.
        """

    def inverse(self) -> Floats:
        """Return a generalised inverse of D'MD, shape (levels, levels), 0 for the redundant levels.

        Raises
        ------
        SpecError
            More levels than have room.
        """


def effects_solver(
    schur: Floats | sparse.csr_array,
    level_offsets: Sequence[int] | Integers,
    factors: Sequence[Sequence[Levels]] = (),
    spells: Spells = NO_SPELLS,
) -> EffectsSolver:
    """Return the solver for a Schur complement: dense up to `DENSE_LEVELS` levels or if it came dense.

    Parameters
    ----------
    schur : float array or scipy.sparse.csr_array, shape (levels, levels)
        D'MD; only the upper triangle is read. A dense one is overwritten.
    level_offsets : integers, shape (effects + 1,)
        Where each effect's levels start, and the number of levels.
    factors : one sequence per effect
        For an effect of several columns (``region^year``): for each of them the code of every level, shape
        (levels of the effect,). They only make the sparse path fast: sums of effects are looked for among
        them (each region's years, each year's regions) before they are looked for elsewhere.
    spells : Spells
        To be taken off a sparse Schur complement yet.
    """
    offsets = np.asarray(level_offsets, dtype=np.int64)
    if isinstance(schur, np.ndarray):
        return dense_solver(schur, offsets)
    if schur.shape[0] <= DENSE_LEVELS:
        return dense_solver(taken_off(schur, spells).toarray(), offsets)
    return sparse_solver(schur, offsets, factors, spells)


def redundant_by_effect(
    solver: EffectsSolver, level_offsets: Sequence[int] | Integers
) -> tuple[Integers, ...]:
    """Return each effect's redundant levels, counted from the effect's own first level."""
    redundant, offsets = solver.redundant, np.asarray(level_offsets, dtype=np.int64)
    cuts = np.searchsorted(redundant, offsets)
    return tuple(
        redundant[first:last] - offset
        for first, last, offset in zip(cuts[:-1], cuts[1:], offsets[:-1], strict=True)
    )
