"""The passes of Fine and Gray's regression: Cox's risk sets, and those who stay in them after another cause.

Whoever failed of another cause at T is at risk at every later event time t with weight W(t-)/W(T-)
(`fine_gray_observed`). A risk set is then Cox's plus W(t-) times the sum of r/W(T-) over those who failed
before, one forward cumulative sum: nobody is written down once per event time.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from clusterpanel.engine.local import run_fold
from clusterpanel.errors import NotIdentifiedError
from clusterpanel.models.arrays import ArrayBlock, Floats, Integers, ModelSource
from clusterpanel.models.survival.cox_climb import RiskPass
from clusterpanel.models.survival.cox_passes import (
    CellParts,
    Products,
    RiskFold,
    cell_weights,
    kernel_rows,
    whole,
)
from clusterpanel.models.survival.cox_rows import CoxRows, Rows, batches_of
from clusterpanel.models.survival.cox_ties import CellWeights, Ties, TieTerms, tie_terms
from clusterpanel.models.survival.episodes import EVENT, STOP
from clusterpanel.models.survival.fine_gray_observed import NOBODY, START_LATER, Observed
from clusterpanel.models.survival.risk_cells import CellSums, RiskCells


class Stayers(NamedTuple):
    """A block's rows that failed of another cause.

    Attributes
    ----------
    rows : integer array, shape (stayers,)
    shares : float array, shape (stayers,)
        Case weight times risk score over the weight at failing.
    cells : integer array, shape (stayers,)
        The cell from which they stay at risk; -1 where none is left.
    """

    rows: Integers
    shares: Floats
    cells: Integers


@dataclass(frozen=True)
class SubRows:
    """A point, and what carries it to rows and to those who stay.

    Attributes
    ----------
    cox : CoxRows
    observed : Observed
    at_cells : float array, shape (cells,)
        The weight just before each cell's time.
    """

    cox: CoxRows
    observed: Observed
    at_cells: Floats

    @property
    def cells(self) -> RiskCells:
        """The cells of the cause of interest."""
        return self.cox.cells

    def at(self, coefficients: Floats) -> "SubRows":
        """Return the same at another point."""
        return replace(self, cox=self.cox.at(coefficients))

    def of_block(self, block: ArrayBlock) -> tuple[Rows, Stayers]:
        """Return a block's rows as compiled loops take them, and those who stay."""
        terms = self.cox.terms(block)
        other = np.flatnonzero((block.values[EVENT] > 0) & ~terms.fails)
        strata = terms.strata[other] if len(terms.strata) else terms.strata
        weight = self.observed.before(strata, block.values[STOP, other])
        ends = self.cells.offsets[1:][strata] if len(strata) else self.cells.size
        cells = terms.last[other].astype(np.int64)
        cells = np.where(cells < ends, cells, -1)
        if (weight[cells >= 0] <= 0).any():
            raise NotIdentifiedError(NOBODY.format("stayed"), hint=START_LATER)
        risks = terms.risks[other] * (block.weights[other] if len(block.weights) else 1.0)
        shares = np.divide(risks, weight, out=np.zeros(len(other)), where=weight > 0)
        stayers = Stayers(other, shares, cells)
        return kernel_rows(block, terms, self.cox.centre), stayers


@dataclass
class SubParts:
    """What some blocks add to cells: Cox's part, and those who stay, shape (cells, 1 + regressors)."""

    cox: CellParts
    stay: Floats


@dataclass(frozen=True)
class SubRiskFold:
    """The fold of the cells' sums."""

    rows: SubRows

    def step(self, batch: Iterable[ArrayBlock]) -> SubParts:
        """Return some blocks' sums."""
        from clusterpanel.models.survival import fine_gray_kernels

        blocks, cox = list(batch), self.rows.cox
        stay = np.zeros((cox.cells.size, 1 + len(cox.centre)))
        for block in blocks:
            rows, stayers = self.rows.of_block(block)
            fine_gray_kernels.add_stayers(rows, stayers.rows, stayers.shares, stayers.cells, stay)
        return SubParts(RiskFold(cox).step(blocks), stay)

    def merge(self, left: SubParts, right: SubParts) -> SubParts:
        """Return both blocks' sums, in the memory of `left`."""
        left.stay += right.stay
        return SubParts(RiskFold(self.rows.cox).merge(left.cox, right.cox), left.stay)

    def solve(self, moments: SubParts) -> CellSums:
        """Return the cells' sums."""
        sums, _ = RiskFold(self.rows.cox).solve(moments.cox)
        stay = self.rows.cells.cumulated(moments.stay) * self.rows.at_cells[:, None]
        return replace(sums, at_risk=sums.at_risk + stay)


def tails(cells: RiskCells, values: Floats) -> Floats:
    """Return the sums over each cell and the later ones of its stratum."""
    return cells.cumulated(values, is_backward=True)


@dataclass(frozen=True)
class SubInformationFold:
    """The fold of the information that rows at risk have, before the risk sets' means are taken off it.

    Attributes
    ----------
    rows : SubRows
    weights : CellWeights
    stay : float array, shape (cells,)
        The weighted baseline hazard of each cell and later ones.
    """

    rows: SubRows
    weights: CellWeights
    stay: Floats

    def step(self, batch: Iterable[ArrayBlock]) -> Products:
        """Return some blocks' products."""
        from clusterpanel.models.survival import cox_score_kernels

        gram = np.zeros((len(self.rows.cox.centre), len(self.rows.cox.centre)))
        for block in batch:
            rows, stayers = self.rows.of_block(block)
            hazards = self.hazards(rows)
            hazards[stayers.rows] += stayers.shares * self.later_hazards(stayers)
            cox_score_kernels.add_products(rows, hazards, gram)
        return Products(gram)

    def hazards(self, rows: Rows) -> Floats:
        """Return each row's expected events in its interval, case weight included."""
        from clusterpanel.models.survival import cox_score_kernels

        hazards = np.empty(len(rows.risks))
        cox_score_kernels.write_hazards(rows, self.weights, hazards)
        return hazards

    def later_hazards(self, stayers: Stayers) -> Floats:
        """Return the hazard cumulated over the cells in which each stayer is at risk, per share."""
        later: Floats = np.where(stayers.cells >= 0, self.stay[stayers.cells], 0.0)
        return later

    def merge(self, left: Products, right: Products) -> Products:
        """Return the sum."""
        return Products(left.gram + right.gram)

    def solve(self, moments: Products) -> Floats:
        """Return the whole matrix."""
        return whole(moments.gram)


def information_fold(rows: SubRows, ties: TieTerms) -> SubInformationFold:
    """Return the fold of the information at a point."""
    stay = tails(rows.cells, ties.a0 * rows.at_cells)
    return SubInformationFold(rows, cell_weights(rows.cells, ties), stay)


@dataclass(frozen=True)
class SubPasses:
    """The passes over a sample.

    Attributes
    ----------
    source : ModelSource
    rows : SubRows
    ties : "efron" or "breslow"
    threads : int
    """

    source: ModelSource
    rows: SubRows
    ties: Ties
    threads: int

    def batches(self) -> Iterable[Iterable[ArrayBlock]]:
        """Yield the sample's blocks, some at a time."""
        return batches_of(self.source, self.rows.cells.size, self.threads)

    def visit(self, coefficients: Floats) -> RiskPass:
        """Return likelihood and score at a point."""
        sums = run_fold(SubRiskFold(self.rows.at(coefficients)), self.batches(), self.threads)
        return RiskPass.of(coefficients, sums, tie_terms(sums, self.ties))

    def products(self, here: RiskPass) -> Floats:
        """Return the information that rows at risk have about the centre."""
        fold = information_fold(self.rows.at(here.coefficients), here.ties)
        return run_fold(fold, self.batches(), self.threads)

    def curve(self, here: RiskPass) -> Floats:
        """Return the information at a point."""
        return self.products(here) - here.ties.mean_part(here.sums)
