"""Solve the effects' normal equations by conjugate gradients where the Schur complement is large."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from clusterpanel.errors import SpecError
from clusterpanel.models.arrays import Floats, Integers, Levels
from clusterpanel.models.schur.blocks import factor_diagonal_blocks
from clusterpanel.models.schur.bundles import bundle_levels, lift_of_bundles
from clusterpanel.models.schur.certificate import check_residual, scale_of_levels
from clusterpanel.models.schur.coarse import coarse_space, most_sums
from clusterpanel.models.schur.dense import dense_solver
from clusterpanel.models.schur.iteration import MOST_DENSE_LEVELS, Iteration, Preconditioner
from clusterpanel.models.schur.reduced import ReducedSystem, reduced_system
from clusterpanel.models.schur.spells import NO_SPELLS, Spells
from clusterpanel.models.schur.split import FEW_ITERATED, split_effects
from clusterpanel.models.schur.sums import (
    IteratedLevels,
    groupings_across,
    groupings_within,
    linked_levels,
    sums_of_levels,
)


@dataclass(frozen=True)
class SparseSolver:
    """A scaled system without its empty levels, ready for conjugate gradients.

    Attributes
    ----------
    levels : int
        Of all effects, empty levels included.
    present : integer array, shape (levels that are not empty,)
    scale : float array, shape (levels that are not empty,)
        One over the root of each level's diagonal.
    iteration : Iteration
    """

    levels: int
    present: Integers
    scale: Floats
    iteration: Iteration

    @property
    def rank(self) -> int:
        """The number of levels that are not redundant."""
        return self.levels - len(self.redundant)

    @property
    def redundant(self) -> Integers:
        """The levels that are empty, or collinear given the levels that are eliminated and effects before."""
        if not self.iteration.is_probed:
            self.solve(np.empty((self.levels, 0)))
        system = self.iteration.system
        dependent = system.split.eliminated[system.factors.dependent]
        pinned = system.split.iterated[self.iteration.unseen.levels]
        empty = np.setdiff1d(np.arange(self.levels), self.present)
        return np.sort(np.concatenate([empty, self.present[dependent], self.present[pinned]]))

    @property
    def path(self) -> str:
        """What ran, in words."""
        levels = f"sparse Schur complement, {self.levels:,} levels"
        if self.iteration.dense is None:
            return f"{levels}, {self.iteration.steps} steps of conjugate gradients"
        return f"{levels}, {len(self.iteration.dense[0]):,} of them by a dense factor"

    def solve(self, right: Floats, sizes: Floats | None = None) -> Floats:
        """Return the slopes, those of redundant levels 0; see `EffectsSolver`."""
        scaled = right[self.present] * self.scale[:, None]
        values, residual = self.iteration.solve(scaled, sizes)
        check_residual(residual, scaled, sizes, self.path)
        held, _ = self.iteration.system.extend(self.iteration.unseen.hold_at_zero(values), scaled)
        slopes = np.zeros_like(right)
        slopes[self.present] = held * self.scale[:, None]
        return slopes

    def explained(self, right: Floats, slopes: Floats) -> Floats:
        """Return the cross-products the effects explain; see `EffectsSolver`."""
        scaled = right[self.present] * self.scale[:, None]
        solution = slopes[self.present] / self.scale[:, None]
        half = solution.T @ (scaled - self.iteration.system.multiply_all(solution) / 2)
        return np.asarray(half + half.T)

    def inverse(self) -> Floats:
        """Return a generalised inverse, by a dense factor; see `EffectsSolver`."""
        if self.levels > MOST_DENSE_LEVELS:
            raise SpecError(
                f"the leverages of each row need a dense inverse of {self.levels:,} levels of effects; "
                f"allowed: {MOST_DENSE_LEVELS:,}",
                hint="Take a variance without leverages (HC1, CRV1), or coarser effects.",
            )
        whole = _whole_matrix(self.iteration.system)
        inner = dense_solver(whole, np.array([0, len(whole)])).inverse() * np.outer(self.scale, self.scale)
        inverse = np.zeros((self.levels, self.levels))
        inverse[np.ix_(self.present, self.present)] = inner
        return inverse


def sparse_solver(
    schur: sparse.csr_array,
    offsets: Integers,
    factors: Sequence[Sequence[Levels]] = (),
    spells: Spells = NO_SPELLS,
) -> SparseSolver:
    """Prepare conjugate gradients for a sparse Schur complement.

    Parameters
    ----------
    schur : csr_array, shape (levels, levels)
        The upper triangle and nothing else; not changed.
    offsets : integer array, shape (effects + 1,)
    factors, spells : see `effects_solver`
    """
    every_scale = scale_of_levels(schur.diagonal())
    present = np.flatnonzero(every_scale)
    scale = every_scale[present]
    upper = schur if len(present) == len(every_scale) else schur[present][:, present]
    effect = np.repeat(np.arange(len(offsets) - 1, dtype=np.int32), np.diff(offsets))[present]
    level, other = np.searchsorted(present, spells.level), np.searchsorted(present, spells.other)
    spells = Spells(level, other, spells.years, spells.shares)
    split = split_effects(upper, np.searchsorted(present, offsets))
    system = reduced_system(upper, spells, scale, split)
    starts = np.searchsorted(effect[split.iterated], np.arange(len(offsets)))
    preconditioner = None
    if len(split.iterated) > FEW_ITERATED:
        number, linked = present - offsets[effect], linked_levels(upper, effect)
        of = split.iterated
        here = IteratedLevels(effect[of], number[of], linked[of], 1 / scale[of])
        preconditioner = _preconditioner(system, here, factors)
    return SparseSolver(len(every_scale), present, scale, Iteration(system, starts, preconditioner))


def _preconditioner(
    system: ReducedSystem, here: IteratedLevels, factors: Sequence[Sequence[Levels]]
) -> Preconditioner:
    bundle = bundle_levels(system.own, here.effect)
    most = most_sums(len(system.split.eliminated))
    across = sums_of_levels(here.root, groupings_across(here), most)
    within = sums_of_levels(here.root, groupings_within(system.own, here, factors, bundle), most)
    sums = sparse.hstack([across, within], format="csr")[:, :most]
    bundles = factor_diagonal_blocks(system.own, bundle, lift_of_bundles(here.root, bundle))
    return Preconditioner(coarse_space(system, sums, across.shape[1]), bundles)


def _whole_matrix(system: ReducedSystem) -> Floats:
    """Return the scaled matrix of all levels that are not empty, dense."""
    iterated, eliminated = system.split.iterated, system.split.eliminated
    whole = np.zeros((len(iterated) + len(eliminated),) * 2)
    cross = system.cross.of_rows(np.arange(len(iterated)))
    whole[np.ix_(iterated, iterated)] = system.own.toarray()
    whole[np.ix_(iterated, eliminated)] = cross
    whole[np.ix_(eliminated, iterated)] = cross.T
    whole[np.ix_(eliminated, eliminated)] = system.other.toarray()
    return whole
