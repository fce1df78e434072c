"""Numbers made of a Cox regression's coefficients and baseline hazard, and their variances.

Where a number changes by `on_cells` with each cell's increment of the baseline hazard and by
`on_coefficients` with the coefficients, its variance follows from the model (delta method), or from the
influence of each group of rows: how far the number moves as the group's weight changes (Reid and Crepeau
1985, Biometrika 72; Lin and Wei 1989, JASA 84).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from clusterpanel.engine.local import run_fold
from clusterpanel.errors import SpecError
from clusterpanel.models.arrays import ArrayBlock, Floats
from clusterpanel.models.scores import GroupSums, join_groups, sum_by_group
from clusterpanel.models.survival.cox import CoxFit
from clusterpanel.models.survival.cox_passes import kernel_rows
from clusterpanel.models.survival.cox_rows import CoxRows, batches_of
from clusterpanel.models.survival.cox_scores import cell_means
from clusterpanel.models.survival.cox_ties import CellMeans

# Takes a block and returns what its rows add to each number by themselves, shape (rows, numbers).
Direct = Callable[[ArrayBlock], Floats]


@dataclass(frozen=True)
class HazardFunctionals:
    """How some numbers change with a fit.

    Attributes
    ----------
    on_cells : float array, shape (cells, numbers)
        With the increment of the baseline hazard, the regressors at the fit's centre, in each cell.
    on_coefficients : float array, shape (numbers, regressors)
        With the coefficients, the increments staying as they are.
    """

    on_cells: Floats
    on_coefficients: Floats

    def slopes(self, fit: CoxFit) -> Floats:
        """Return the change with the coefficients, the increments following; shape (numbers, regressors)."""
        following = cell_means(fit.rows.cells, fit.sums, fit.tie_terms).own
        slopes: Floats = self.on_coefficients - self.on_cells.T @ following
        return slopes


def model_covariance(fit: CoxFit, functionals: HazardFunctionals) -> Floats:
    """Return the numbers' covariance if the model is right; shape (numbers, numbers)."""
    slopes, on_cells = functionals.slopes(fit), functionals.on_cells
    own = (on_cells * fit.tie_terms.b0[:, None]).T @ on_cells
    covariance: Floats = own + slopes @ fit.likelihood.sums.bread @ slopes.T
    return covariance


def grouped_influence(
    fit: CoxFit,
    functionals: HazardFunctionals,
    way: int,
    direct: Direct | None = None,
    threads: int = 1,
) -> Floats:
    """Return how far each group moves each number; shape (groups, numbers).

    Parameters
    ----------
    fit : CoxFit
    functionals : HazardFunctionals
    way : int
        Of the source's groups.
    direct : callable, optional
        What rows add to the numbers other than through the fit.
    threads : int

    Raises
    ------
    SpecError
        The source has no such way.
    """
    check_way(fit, way)
    fold = InfluenceFold(
        fit.rows, _moves_in_cells(fit, functionals), way, fit.source.group_levels[way], direct
    )
    through_hazard = run_fold(fold, batches_of(fit.source, 1, threads), threads)
    coefficients = fit.likelihood.sums.groups[way] @ fit.likelihood.sums.bread
    influence: Floats = through_hazard + coefficients @ functionals.slopes(fit).T
    return influence


def check_way(fit: CoxFit, way: int) -> None:
    """Refuse a way that the source has no groups for.

    Raises
    ------
    SpecError
    """
    names = fit.source.group_names
    if not 0 <= way < len(names):
        raise SpecError(
            f"errors grouped by way {way} came; the sample has {len(names)} ways",
            hint="Fit a sample that has the groups, or take errors from the model.",
        )


@dataclass(frozen=True)
class InfluenceFold:
    """The fold of the groups' influence at given coefficients.

    Attributes
    ----------
    rows : CoxRows
    moves : CellMeans
        What a row at risk, failing or not, adds in each cell.
    way, groups : int
    direct : callable or None
    """

    rows: CoxRows
    moves: CellMeans
    way: int
    groups: int
    direct: Direct | None

    def step(self, batch: Iterable[ArrayBlock]) -> list[GroupSums]:
        """Return some blocks' groups and their sums."""
        return [self._of_block(block) for block in batch]

    def _of_block(self, block: ArrayBlock) -> GroupSums:
        from clusterpanel.models.survival import residual_kernels

        rows = kernel_rows(block, self.rows.terms(block), self.rows.centre)
        moved = np.empty((block.rows, self.moves.own.shape[1]))
        residual_kernels.write_hazard_moves(rows, self.moves, moved)
        if self.direct is not None:
            moved += self.direct(block)
        groups = np.ascontiguousarray(block.groups[:, self.way])
        return sum_by_group(np.ascontiguousarray(moved.T), groups, self.groups)

    def merge(self, left: list[GroupSums], right: list[GroupSums]) -> list[GroupSums]:
        """Return both blocks' groups."""
        return left + right

    def solve(self, moments: list[GroupSums]) -> Floats:
        """Add the blocks' groups up."""
        return join_groups(moments, self.groups)


def _moves_in_cells(fit: CoxFit, functionals: HazardFunctionals) -> CellMeans:
    """Return what a row's weight changes in the increments of each cell, times `on_cells`."""
    cells, ties, on_cells = fit.rows.cells, fit.tie_terms, functionals.on_cells
    own = on_cells * ties.b0[:, None]
    until = cells.cumulated(own)
    at_event = on_cells * (ties.a0 / fit.sums.event_weights)[:, None]
    return CellMeans(own, until, until - own, on_cells * ties.b1[:, None], at_event)
