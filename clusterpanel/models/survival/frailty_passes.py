"""The passes of a Cox regression with a shared frailty: the cells' sums and each group's part of them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from clusterpanel.engine.local import run_fold
from clusterpanel.models.arrays import ArrayBlock, Floats, Levels, ModelSource
from clusterpanel.models.survival.cox_passes import CellParts, RiskFold, cell_weights, kernel_rows, whole
from clusterpanel.models.survival.cox_rows import CoxRows, Rows, batches_of, strata_of
from clusterpanel.models.survival.cox_ties import CellWeights, Ties, TieTerms, tie_terms
from clusterpanel.models.survival.risk_cells import CellSums


@dataclass(frozen=True)
class FrailtyRows:
    """A point, and what carries it to rows.

    Attributes
    ----------
    cox : CoxRows
    effects : float array, shape (groups,)
        The logarithm of each group's frailty.
    way : int
        Which of the source's groups share a frailty.
    """

    cox: CoxRows
    effects: Floats
    way: int

    def at(self, coefficients: Floats, effects: Floats) -> "FrailtyRows":
        """Return the same at another point."""
        return replace(self, cox=self.cox.at(coefficients), effects=effects)

    def shifted(self, block: ArrayBlock) -> tuple[ArrayBlock, Levels]:
        """Return a block whose offset holds the groups' effects, and its rows' groups."""
        from clusterpanel.models.survival import frailty_kernels

        groups, total = np.ascontiguousarray(block.groups[:, self.way]), np.empty(block.rows)
        frailty_kernels.add_effects(groups, self.effects, block.offset, total)
        return block._replace(offset=total), groups

    def rows(self, block: ArrayBlock) -> Rows:
        """Return a shifted block's rows as compiled loops take them."""
        return kernel_rows(block, self.cox.terms(block), self.cox.centre)


@dataclass
class GroupParts:
    """What some blocks add: cells, and groups' parts of them (`frailty_kernels.add_group_risks`)."""

    cells: CellParts
    risks: tuple[Floats, Floats, Floats]


@dataclass(frozen=True)
class GroupRisks:
    """A point's sums.

    Attributes
    ----------
    sums : CellSums
    ties : TieTerms
    at_risk, failing : float array, shape (cells, groups)
        Each group's part of the risk sets and of those that fail.
    likelihood : float
        The log partial likelihood, frailties given.
    """

    sums: CellSums
    ties: TieTerms
    at_risk: Floats
    failing: Floats
    likelihood: float

    @property
    def expected(self) -> Floats:
        """The events expected of each group, shape (groups,)."""
        expected: Floats = self.ties.a0 @ self.at_risk - self.ties.a1 @ self.failing
        return expected


@dataclass(frozen=True)
class GroupRiskFold:
    """The fold of the cells' sums."""

    rows: FrailtyRows
    ties: Ties

    def step(self, batch: Iterable[ArrayBlock]) -> GroupParts:
        """Return some blocks' sums."""
        from clusterpanel.models.survival import frailty_kernels

        cells = self.rows.cox.cells
        risks = frailty_kernels.empty_risks(cells.size, len(self.rows.effects), cells.is_unit)
        shifted = []
        for block in batch:
            moved, groups = self.rows.shifted(block)
            frailty_kernels.add_group_risks(
                self.rows.rows(moved), cells.offsets, strata_of(block), groups, *risks
            )
            shifted.append(moved)
        return GroupParts(RiskFold(self.rows.cox).step(shifted), risks)

    def merge(self, left: GroupParts, right: GroupParts) -> GroupParts:
        """Return both blocks' sums, in the memory of `left`."""
        for mine, others in zip(left.risks, right.risks, strict=True):
            np.add(mine, others, out=mine)
        return GroupParts(RiskFold(self.rows.cox).merge(left.cells, right.cells), left.risks)

    def solve(self, moments: GroupParts) -> GroupRisks:
        """Return the point's sums."""
        sums, _ = RiskFold(self.rows.cox).solve(moments.cells)
        ties = tie_terms(sums, self.ties)
        unit, through, failing = moments.risks
        if through.size:
            unit = unit + self.rows.cox.cells.cumulated(through, is_backward=True)
        return GroupRisks(sums, ties, unit, failing, sums.event_eta - ties.loss)


@dataclass
class GroupProducts:
    """Products of the regressors, lower triangle, and each group's expected events times regressors."""

    gram: Floats
    by_group: Floats


@dataclass(frozen=True)
class GroupProductFold:
    """The fold of the information's part of rows at risk."""

    rows: FrailtyRows
    weights: CellWeights

    def step(self, batch: Iterable[ArrayBlock]) -> GroupProducts:
        """Return some blocks' products."""
        from clusterpanel.models.survival import cox_score_kernels, frailty_kernels

        size = len(self.rows.cox.centre)
        products = GroupProducts(np.zeros((size, size)), np.zeros((len(self.rows.effects), 1 + size)))
        for block in batch:
            moved, groups = self.rows.shifted(block)
            rows, hazards = self.rows.rows(moved), np.empty(block.rows)
            cox_score_kernels.write_hazards(rows, self.weights, hazards)
            cox_score_kernels.add_products(rows, hazards, products.gram)
            frailty_kernels.add_group_products(rows, hazards, groups, products.by_group)
        return products

    def merge(self, left: GroupProducts, right: GroupProducts) -> GroupProducts:
        """Return the sum."""
        return GroupProducts(left.gram + right.gram, left.by_group + right.by_group)

    def solve(self, moments: GroupProducts) -> GroupProducts:
        """Return the whole matrix."""
        return GroupProducts(whole(moments.gram), moments.by_group)


@dataclass(frozen=True)
class GroupEventFold:
    """The fold of each group's events, shape (groups,)."""

    rows: FrailtyRows

    def step(self, batch: Iterable[ArrayBlock]) -> Floats:
        """Return some blocks' events."""
        from clusterpanel.models.survival import frailty_kernels

        events = np.zeros(len(self.rows.effects))
        for block in batch:
            moved, groups = self.rows.shifted(block)
            frailty_kernels.add_group_events(self.rows.rows(moved), groups, events)
        return events

    def merge(self, left: Floats, right: Floats) -> Floats:
        """Return the sum."""
        return left + right

    def solve(self, moments: Floats) -> Floats:
        """Return the sums as they are."""
        return moments


@dataclass(frozen=True)
class FrailtyPasses:
    """The passes over a sample."""

    source: ModelSource
    rows: FrailtyRows
    ties: Ties
    threads: int

    def events(self) -> Floats:
        """Return each group's events."""
        return run_fold(GroupEventFold(self.rows), batches_of(self.source, 1, self.threads), self.threads)

    def visit(self, coefficients: Floats, effects: Floats) -> GroupRisks:
        """Return a point's sums."""
        fold = GroupRiskFold(self.rows.at(coefficients, effects), self.ties)
        size = self.rows.cox.cells.size * len(effects)
        return run_fold(fold, batches_of(self.source, size, self.threads), self.threads)

    def products(self, coefficients: Floats, effects: Floats, here: GroupRisks) -> GroupProducts:
        """Return the information's part of rows at risk."""
        rows = self.rows.at(coefficients, effects)
        fold = GroupProductFold(rows, cell_weights(rows.cox.cells, here.ties))
        return run_fold(fold, batches_of(self.source, len(effects), self.threads), self.threads)
