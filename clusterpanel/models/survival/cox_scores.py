"""The pass at the top: each group's sum of scores, firms' outer products, and the information."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from clusterpanel.models.arrays import ArrayBlock, Floats, Levels, WeightKind
from clusterpanel.models.survival.cox_passes import kernel_rows, whole
from clusterpanel.models.survival.cox_rows import CoxRows
from clusterpanel.models.survival.cox_ties import CellMeans, CellWeights, TieTerms
from clusterpanel.models.survival.risk_cells import CellSums, RiskCells

GroupScores = tuple[Levels, Floats]


@dataclass
class CoxScores:
    """Scores of some blocks.

    Attributes
    ----------
    gram : float array, shape (regressors, regressors)
        The information's part of rows at risk, lower triangle.
    meat : float array, shape (regressors, regressors)
        Sum of the firms' outer products.
    parts : list of lists of (int32 array, float array), one list each way
        Groups and scores of some blocks' firms or rows each; a group may come several times.
    groups : list of float arrays, one each way, shape (groups, regressors)
        What parts were added up to; empty before there was anything to add.
    """

    gram: Floats
    meat: Floats
    parts: list[list[GroupScores]]
    groups: list[Floats]


@dataclass(frozen=True)
class SolvedScores:
    """Scores of the whole sample: see `CoxScores`; `groups` are of shape (groups, regressors)."""

    gram: Floats
    meat: Floats
    groups: tuple[Floats, ...]


@dataclass(frozen=True)
class CoxScoreFold:
    """The fold of the scores of Lin and Wei (1989, JASA 84), Efron's ties as in R's survival package.

    A row's score is ``w ((x - mean at its event) [if it fails] - integral of (x - mean) r dH)``, H the
    baseline hazard over its interval; a firm's intervals add up, so that cutting one changes nothing.

    Attributes
    ----------
    rows : CoxRows
    weights : CellWeights
    means : CellMeans
    group_levels : tuple of int
    weight_kind : str or None
        A frequency weight is that many rows with a score each.
    """

    rows: CoxRows
    weights: CellWeights
    means: CellMeans
    group_levels: tuple[int, ...]
    weight_kind: WeightKind | None

    def step(self, batch: Iterable[ArrayBlock]) -> CoxScores:
        """Return some blocks' scores."""
        size = len(self.rows.centre)
        scores = CoxScores(
            np.zeros((size, size)), np.zeros((size, size)), [[] for _ in self.group_levels], []
        )
        for block in batch:
            self._add(block, scores)
        return scores

    def _add(self, block: ArrayBlock, sums: CoxScores) -> None:
        from clusterpanel.models.survival import cox_score_kernels

        rows = kernel_rows(block, self.rows.terms(block), self.rows.centre)
        hazards, scores = np.empty(block.rows), np.empty((block.rows, len(self.rows.centre)))
        cox_score_kernels.write_hazards(rows, self.weights, hazards)
        cox_score_kernels.add_products(rows, hazards, sums.gram)
        cox_score_kernels.write_scores(rows, hazards, self.means, scores)
        by_firm = np.empty((len(block.starts) - 1, len(self.rows.centre)))
        cox_score_kernels.sum_by_firm(scores, block.starts, by_firm)
        sums.meat += self._once(block, by_firm).T @ by_firm
        for way, parts in enumerate(sums.parts):
            parts.append(_of_way(block, scores, by_firm, way))

    def _once(self, block: ArrayBlock, by_firm: Floats) -> Floats:
        """Return the scores, those of a firm that stands for f equal ones divided by f."""
        if self.weight_kind != "frequency":
            return by_firm
        return by_firm / block.weights[block.starts[:-1], None]

    def merge(self, left: CoxScores, right: CoxScores) -> CoxScores:
        """Return both blocks' scores, in the memory of `left`."""
        left.gram += right.gram
        left.meat += right.meat
        left.groups = self._added_up(left)
        add_parts(left.groups, right.parts)
        for mine, others in zip(left.groups, right.groups, strict=False):
            np.add(mine, others, out=mine)
        return left

    def _added_up(self, scores: CoxScores) -> list[Floats]:
        """Return the sums of all groups, the parts' among them, which are let go."""
        size = len(self.rows.centre)
        groups = scores.groups or [np.zeros((levels, size)) for levels in self.group_levels]
        add_parts(groups, scores.parts)
        return groups

    def solve(self, moments: CoxScores) -> SolvedScores:
        """Return the sums, the information's part as a whole matrix."""
        return SolvedScores(whole(moments.gram), moments.meat, tuple(self._added_up(moments)))


def add_parts(groups: list[Floats], parts: list[list[GroupScores]]) -> None:
    """Add blocks' scores to the sums of all groups, and let them go."""
    from clusterpanel.models.survival import cox_score_kernels

    for mine, own in zip(groups, parts, strict=True):
        while own:
            cox_score_kernels.add_to_groups(*own.pop(), mine)


def cell_means(cells: RiskCells, sums: CellSums, ties: TieTerms) -> CellMeans:
    """Return what the risk sets' means take off the scores of rows in each cell."""
    own = sums.s1 * ties.b0[:, None] - sums.d1 * ties.b1[:, None]
    failing = sums.s1 * ties.b1[:, None] - sums.d1 * ties.b2[:, None]
    mean = sums.s1 * ties.a0[:, None] - sums.d1 * ties.a1[:, None]
    until = cells.cumulated(own)
    return CellMeans(own, until, until - own, failing, mean / sums.event_weights[:, None])


def _of_way(block: ArrayBlock, scores: Floats, by_firm: Floats, way: int) -> GroupScores:
    """Return a block's scores of one way: firm by firm where each lies in one group, else row by row."""
    groups, first = np.ascontiguousarray(block.groups[:, way]), block.starts[:-1]
    of_firm = groups[first]
    if (groups == np.repeat(of_firm, np.diff(block.starts))).all():
        return of_firm, by_firm
    return groups, scores
