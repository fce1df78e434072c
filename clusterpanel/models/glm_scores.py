"""The pass at a GLM's top: each group's scores, the rows' outer product, and the likelihood's constants."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, reduce

import numpy as np

from clusterpanel.models.arrays import ArrayBlock, Floats, Levels, WeightKind
from clusterpanel.models.dense_moments import RowsOfFirms
from clusterpanel.models.glm_passes import GlmRows
from clusterpanel.models.scores import GroupSums, Scores, join_groups, sum_by_group
from clusterpanel.models.within import scratch_like


@dataclass
class ScoreParts:
    """Scores of some blocks: the rows' outer product, and each way's sums by group."""

    meat: Floats
    parts: list[list[GroupSums]]
    constants: Floats


@dataclass(frozen=True)
class GlmScoreFold:
    """The fold of each group's scores, the rows' outer product, and the likelihood's constants.

    Attributes
    ----------
    rows : GlmRows
    slopes : float array, shape (levels, regressors)
    weight_kind : str or None
        A frequency weight is that many rows with a score each.
    group_levels : tuple of int
    """

    rows: GlmRows
    slopes: Floats
    weight_kind: WeightKind | None
    group_levels: tuple[int, ...]

    @cached_property
    def slopes_by_column(self) -> Floats:
        """The slopes, shape (regressors, levels), each regressor's side by side."""
        return np.ascontiguousarray(self.slopes.T)

    def step(self, batch: Sequence[RowsOfFirms]) -> ScoreParts:
        """Return some blocks' scores."""
        return reduce(self.merge, map(self._of_block, batch))

    def _of_block(self, there: RowsOfFirms) -> ScoreParts:
        from clusterpanel.models import glm_kernels

        block, terms = there.block, self.rows.terms(there.block)
        scores = scratch_like(block.values[1:])
        by_firm = np.empty((len(scores), len(there.moves)))
        glm_kernels.write_row_scores(
            there,
            self.rows.centre,
            self.slopes_by_column,
            terms.information,
            terms.scores,
            self.rows.absorbs_firm,
            scores,
            by_firm,
        )
        once = scores / block.weights if self.weight_kind == "frequency" else scores
        pairs = zip(block.groups.T, self.group_levels, strict=True)
        parts = [[_sums_of(block, (scores, by_firm), groups, levels)] for groups, levels in pairs]
        constants = np.array(self.rows.family.constants(block.values[0], block.weights))
        return ScoreParts(once @ scores.T, parts, constants)

    def merge(self, left: ScoreParts, right: ScoreParts) -> ScoreParts:
        """Return both blocks' scores."""
        parts = [mine + others for mine, others in zip(left.parts, right.parts, strict=True)]
        return ScoreParts(left.meat + right.meat, parts, left.constants + right.constants)

    def solve(self, moments: ScoreParts) -> tuple[Scores, Floats]:
        """Add the blocks' groups up; the constants are those of `Family.constants`."""
        pairs = zip(moments.parts, self.group_levels, strict=True)
        groups = tuple(join_groups(parts, levels)[:, None, :] for parts, levels in pairs)
        return Scores(np.full(1, np.nan), moments.meat[None], groups), moments.constants


def _sums_of(block: ArrayBlock, scores: tuple[Floats, Floats], groups: Levels, levels: int) -> GroupSums:
    """Return the groups of a block and their sums: whole firms where each lies in one group."""
    from clusterpanel.models import kernels_scores

    by_row, by_firm = scores
    if kernels_scores.movers_of(groups, block.starts).any():
        return sum_by_group(by_row, groups, levels)
    return sum_by_group(by_firm, groups[block.starts[:-1]], levels)
