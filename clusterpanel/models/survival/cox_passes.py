"""The passes of a Cox regression's climb: the cells' sums at a point, then the information."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from clusterpanel.models.arrays import ArrayBlock, Floats, Integers
from clusterpanel.models.survival.cox_rows import CoxRows, Rows, RowTerms
from clusterpanel.models.survival.cox_ties import CellWeights, TieTerms
from clusterpanel.models.survival.episodes import OUTCOMES
from clusterpanel.models.survival.risk_cells import CellSums, RiskCells


@dataclass
class CellParts:
    """What some blocks add to cells; `CellSums` before rows over several cells are spread.

    Attributes
    ----------
    unit : float array, shape (1 + regressors, cells)
        Of rows at risk in one cell.
    through : float array, shape (cells, 1 + regressors)
        Of others, added at their last cell, taken off before their first.
    failing, event_totals : float array, shape (cells, 1 + regressors)
    events : integer array, shape (cells,)
    event_eta : float
    runs : integer array, shape (3,)
        Rows at risk in no cell, in one, in several.
    squares : tuple of three float arrays, shape (cells, regressors, regressors), or None
        Of rows at risk in one cell, of others, and of those that fail.
    """

    unit: Floats
    through: Floats
    failing: Floats
    event_totals: Floats
    events: Integers
    event_eta: float
    runs: Integers
    squares: tuple[Floats, Floats, Floats] | None

    @classmethod
    def zeros(cls, cells: int, regressors: int, needs_squares: bool) -> "CellParts":
        """Return the sums of no rows."""
        through, failing, totals = (np.zeros((cells, 1 + regressors)) for _ in range(3))
        unit = np.zeros((1 + regressors, cells))
        shape = (cells, regressors, regressors)
        squares = (np.zeros(shape), np.zeros(shape), np.zeros(shape)) if needs_squares else None
        events, runs = np.zeros(cells, dtype=np.int64), np.zeros(3, dtype=np.int64)
        return cls(unit, through, failing, totals, events, 0.0, runs, squares)


@dataclass(frozen=True)
class RiskFold:
    """The fold of the cells' sums.

    Attributes
    ----------
    rows : CoxRows
    needs_squares : bool
        Whether the regressors' outer products are wanted for each cell.
    """

    rows: CoxRows
    needs_squares: bool = False

    def step(self, batch: Iterable[ArrayBlock]) -> CellParts:
        """Return some blocks' sums."""
        parts = CellParts.zeros(self.rows.cells.size, len(self.rows.centre), self.needs_squares)
        for block in batch:
            self._add(block, parts)
        return parts

    def _add(self, block: ArrayBlock, parts: CellParts) -> None:
        from clusterpanel.models.survival import cox_cell_kernels

        terms, offsets = self.rows.terms(block), self.rows.cells.offsets
        rows = kernel_rows(block, terms, self.rows.centre)
        cells, once, runs = (
            np.empty(block.rows, dtype=np.int32),
            np.empty(block.rows),
            np.zeros(3, dtype=np.int64),
        )
        cox_cell_kernels.write_once(rows, cells, once, runs)
        if runs[1]:
            cox_cell_kernels.add_once(rows, cells, once, parts.unit)
        if runs[2]:
            cox_cell_kernels.add_through(rows, offsets, terms.strata, parts.through)
        parts.runs += runs
        cox_cell_kernels.add_failing(rows, parts.failing, parts.events, parts.event_totals)
        eta = terms.eta[terms.fails]
        parts.event_eta += float(eta @ block.weights[terms.fails] if len(block.weights) else eta.sum())
        if parts.squares is not None:
            cox_cell_kernels.add_squares(rows, offsets, terms.strata, *parts.squares)

    def merge(self, left: CellParts, right: CellParts) -> CellParts:
        """Return both blocks' sums, in the memory of `left`."""
        left.unit += right.unit
        left.through += right.through
        left.failing += right.failing
        left.event_totals += right.event_totals
        left.events += right.events
        left.event_eta += right.event_eta
        left.runs += right.runs
        for mine, others in zip(left.squares or (), right.squares or (), strict=True):
            np.add(mine, others, out=mine)
        return left

    def solve(self, moments: CellParts) -> tuple[CellSums, Integers]:
        """Return the cells' sums, and the number of rows at risk in no cell, one, several."""
        cells, squares = self.rows.cells, moments.squares
        return CellSums(
            events=moments.events,
            event_weights=moments.event_totals[:, 0].copy(),
            event_values=moments.event_totals[:, 1:].copy(),
            at_risk=_spread(cells, moments.unit.T, moments.through, moments.runs),
            failing=moments.failing,
            event_eta=moments.event_eta,
            at_risk_squares=None if squares is None else _spread(cells, squares[0], squares[1], moments.runs),
            failing_squares=None if squares is None else squares[2],
        ), moments.runs


@dataclass
class Products:
    """Weighted products of the regressors less their centre, lower triangle."""

    gram: Floats


@dataclass(frozen=True)
class InformationFold:
    """The fold of the information that rows at risk have, before the risk sets' means are taken off it.

    Attributes
    ----------
    rows : CoxRows
    weights : CellWeights
    """

    rows: CoxRows
    weights: CellWeights

    def step(self, batch: Iterable[ArrayBlock]) -> Products:
        """Return some blocks' products."""
        from clusterpanel.models.survival import cox_score_kernels

        gram = np.zeros((len(self.rows.centre), len(self.rows.centre)))
        for block in batch:
            rows = kernel_rows(block, self.rows.terms(block), self.rows.centre)
            hazards = np.empty(block.rows)
            cox_score_kernels.write_hazards(rows, self.weights, hazards)
            cox_score_kernels.add_products(rows, hazards, gram)
        return Products(gram)

    def merge(self, left: Products, right: Products) -> Products:
        """Return the sum."""
        return Products(left.gram + right.gram)

    def solve(self, moments: Products) -> Floats:
        """Return the whole matrix."""
        return whole(moments.gram)


def kernel_rows(block: ArrayBlock, terms: RowTerms, centre: Floats) -> Rows:
    """Return a block's rows as the compiled loops take them."""
    return Rows(
        block.values[OUTCOMES:], centre, terms.risks, block.weights, terms.first, terms.last, terms.fails
    )


def cell_weights(cells: RiskCells, ties: TieTerms) -> CellWeights:
    """Return what rows at risk weigh in each cell."""
    until = cells.cumulated(ties.a0)
    return CellWeights(ties.a0, until, until - ties.a0, ties.a1)


def whole(lower: Floats) -> Floats:
    """Return the symmetric matrix of a lower triangle."""
    matrix: Floats = np.tril(lower) + np.tril(lower, -1).T
    return matrix


def _spread(cells: RiskCells, unit: Floats, through: Floats, runs: Integers) -> Floats:
    """Return the sums over all rows at risk."""
    if not runs[2]:
        return np.ascontiguousarray(unit)
    return unit + cells.cumulated(through, is_backward=True)
