"""The pass at the top of Fine and Gray's regression: scores, with what estimating the weights adds.

A row's score is that of Lin and Wei (1989, JASA 84) with the weights as given, plus what the row moves the
others' weights by: Fine and Gray's (1999, JASA 94) psi. "published" takes it as they do, from the cumulative
hazard of censoring; "exact" is the derivative of the product-limit estimator that the weights are, which
differs where many are censored at once and otherwise by the order of 1/n.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from clusterpanel.engine.local import run_fold
from clusterpanel.models.arrays import ArrayBlock, Floats, WeightKind
from clusterpanel.models.scores import GroupSums, join_groups
from clusterpanel.models.survival.cox_climb import RiskPass
from clusterpanel.models.survival.cox_passes import whole
from clusterpanel.models.survival.cox_rows import strata_of
from clusterpanel.models.survival.cox_scores import SolvedScores, cell_means
from clusterpanel.models.survival.cox_ties import CellMeans
from clusterpanel.models.survival.episodes import OUTCOMES, STOP
from clusterpanel.models.survival.fine_gray_observed import ends_of
from clusterpanel.models.survival.fine_gray_passes import (
    SubInformationFold,
    SubPasses,
    SubRows,
    information_fold,
    tails,
)
from clusterpanel.models.survival.parametric_passes import ScoreRule

WeightScores = Literal["exact", "published", "known"]


@dataclass(frozen=True)
class JumpSumsFold:
    """The fold of those who failed of another cause, at the first jump after."""

    rows: SubRows

    def step(self, batch: Iterable[ArrayBlock]) -> Floats:
        """Return some blocks' sums."""
        from clusterpanel.models.survival import fine_gray_kernels

        jumps = self.rows.observed.jumps
        sums = np.zeros((jumps.size, 1 + len(self.rows.cox.centre)))
        for block in batch:
            rows, stayers = self.rows.of_block(block)
            places = np.empty(len(stayers.rows), dtype=np.int64)
            fine_gray_kernels.write_next_jumps(
                jumps.index, strata_of(block), block.values[STOP], stayers.rows, places
            )
            fine_gray_kernels.add_stayers(rows, stayers.rows, stayers.shares, places, sums)
        return sums

    def merge(self, left: Floats, right: Floats) -> Floats:
        """Return the sum, in the memory of `left`."""
        left += right
        return left

    def solve(self, moments: Floats) -> Floats:
        """Return the sums over those who failed by each jump."""
        return self.rows.observed.jumps.cumulated(moments)


@dataclass
class SubScores:
    """Scores of some blocks.

    Attributes
    ----------
    gram : float array, shape (regressors, regressors)
        The information's part of rows at risk, lower triangle.
    meat : float array, shape (regressors, regressors)
        Sum of the firms' outer products.
    parts : list of lists of (integer array, float array), one list each way
        Groups and their sums of scores.
    """

    gram: Floats
    meat: Floats
    parts: list[list[GroupSums]]


@dataclass(frozen=True)
class SubScoreFold:
    """The fold of the scores.

    Attributes
    ----------
    information : SubInformationFold
    means : CellMeans
    stay : float array, shape (cells, regressors)
        What the risk sets' means take off the score of one who stays, over each cell and later ones.
    slopes : float array, shape (4, jumps + 1, regressors), or None
        What being censored or entering moves the scores by (`fine_gray_kernels.add_jump_scores`).
    weight_kind : str or None
    group_levels : tuple of int
    """

    information: SubInformationFold
    means: CellMeans
    stay: Floats
    slopes: Floats | None
    weight_kind: WeightKind | None
    group_levels: tuple[int, ...]

    def step(self, batch: Iterable[ArrayBlock]) -> SubScores:
        """Return some blocks' scores."""
        size = len(self.information.rows.cox.centre)
        sums = SubScores(np.zeros((size, size)), np.zeros((size, size)), [[] for _ in self.group_levels])
        for block in batch:
            scores = self._of_block(block, sums.gram)
            rule = ScoreRule(True, self.weight_kind, self.group_levels)
            meat, parts = rule.sums(block, np.ascontiguousarray(scores.T))
            sums.meat += meat
            for mine, others in zip(sums.parts, parts, strict=True):
                mine.extend(others)
        return sums

    def _of_block(self, block: ArrayBlock, gram: Floats) -> Floats:
        from clusterpanel.models.survival import cox_score_kernels, fine_gray_kernels

        sub = self.information.rows
        rows, stayers = sub.of_block(block)
        own, later = self.information.hazards(rows), self.information.later_hazards(stayers)
        scores = np.empty((block.rows, len(sub.cox.centre)))
        cox_score_kernels.write_scores(rows, own, self.means, scores)
        means = np.where(stayers.cells[:, None] >= 0, self.stay[stayers.cells], 0.0)
        regressors = rows.regressors[:, stayers.rows].T - rows.centre
        scores[stayers.rows] += stayers.shares[:, None] * (means - later[:, None] * regressors)
        own[stayers.rows] += stayers.shares * later
        cox_score_kernels.add_products(rows, own, gram)
        if self.slopes is not None:
            is_first, is_last, _ = ends_of(block)
            fine_gray_kernels.add_jump_scores(
                sub.observed.jumps.index,
                block.values[:OUTCOMES],
                strata_of(block),
                block.weights,
                is_first,
                is_last,
                self.slopes,
                scores,
            )
        return scores

    def merge(self, left: SubScores, right: SubScores) -> SubScores:
        """Return both blocks' scores, in the memory of `left`."""
        left.gram += right.gram
        left.meat += right.meat
        for mine, others in zip(left.parts, right.parts, strict=True):
            mine.extend(others)
        return left

    def solve(self, moments: SubScores) -> SolvedScores:
        """Add the blocks' groups up."""
        pairs = zip(moments.parts, self.group_levels, strict=True)
        groups = tuple(join_groups(parts, levels) for parts, levels in pairs)
        return SolvedScores(whole(moments.gram), moments.meat, groups)


def scores_at(passes: SubPasses, here: RiskPass, *, weight_scores: WeightScores) -> SolvedScores:
    """Return the scores at the top.

    Parameters
    ----------
    passes : SubPasses
        At the top.
    here : RiskPass
    weight_scores : "exact", "published" or "known"
    """
    cells, rows = passes.rows.cells, passes.rows
    means = cell_means(cells, here.sums, here.ties)
    stay = tails(cells, means.own * rows.at_cells[:, None])
    fold = SubScoreFold(
        information=information_fold(rows, here.ties),
        means=means,
        stay=stay,
        slopes=None if weight_scores == "known" else _slopes(passes, here, stay, weight_scores == "exact"),
        weight_kind=passes.source.weight_kind,
        group_levels=passes.source.group_levels,
    )
    return run_fold(fold, passes.batches(), passes.threads)


def _slopes(passes: SubPasses, here: RiskPass, stay: Floats, is_exact: bool) -> Floats:
    """Return what being censored or entering at each jump moves the scores by.

    A jump scales the weights of those who failed before it at all cells after it.
    """
    rows, observed = passes.rows, passes.rows.observed
    cells, jumps = rows.cells, observed.jumps
    failed = run_fold(JumpSumsFold(rows), passes.batches(), passes.threads)
    _, after = cells.spans(jumps.strata.astype(np.int32), jumps.times, jumps.times)
    is_last = after >= cells.offsets[jumps.strata + 1]
    place = np.minimum(after, cells.size - 1)
    hazard = np.where(is_last, 0.0, tails(cells, here.ties.a0 * rows.at_cells)[place])
    mean = np.where(is_last[:, None], 0.0, stay[place])
    moved = failed[:, 1:] * hazard[:, None] - failed[:, :1] * mean
    slopes = np.zeros((4, jumps.size + 1, moved.shape[1]))
    pairs = ((0, observed.censored, observed.at_risk), (2, observed.entered, observed.present))
    for kind, share, count in pairs:
        # Where all are censored, or enter, at once, nobody is weighed after it.
        left = np.where(share < 1, (1 - share) * count if is_exact else count, 0.0)
        each = np.divide(1.0, left, out=np.zeros(len(left)), where=(left > 0) & (share > 0))
        slopes[kind, :-1] = moved * each[:, None]
        np.cumsum(slopes[kind, :-1] * share[:, None], axis=0, out=slopes[kind + 1, 1:])
    return slopes
