"""The pass at a GLM's top: each group's scores, the rows' outer product, and the likelihood's constants."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from clusterpanel.models.arrays import ArrayBlock, Floats, WeightKind
from clusterpanel.models.glm_passes import GlmRows
from clusterpanel.models.scores import GroupSums, Scores, join_groups, sum_by_group
from clusterpanel.models.within import left_of_block


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

    def step(self, batch: Sequence[ArrayBlock]) -> ScoreParts:
        """Return some blocks' scores."""
        return reduce(self.merge, map(self._of_block, batch))

    def _of_block(self, block: ArrayBlock) -> ScoreParts:
        terms = self.rows.terms(block)
        left = left_of_block(
            block, self.rows.centred(block), terms.information, self.rows.absorbs_firm, self.slopes
        )
        left *= terms.scores
        once = left / block.weights if self.weight_kind == "frequency" else left
        pairs = zip(block.groups.T, self.group_levels, strict=True)
        parts = [[sum_by_group(left, groups, levels)] for groups, levels in pairs]
        constants = np.array(self.rows.family.constants(block.values[0], block.weights))
        return ScoreParts(once @ left.T, parts, constants)

    def merge(self, left: ScoreParts, right: ScoreParts) -> ScoreParts:
        """Return both blocks' scores."""
        parts = [mine + others for mine, others in zip(left.parts, right.parts, strict=True)]
        return ScoreParts(left.meat + right.meat, parts, left.constants + right.constants)

    def solve(self, moments: ScoreParts) -> tuple[Scores, Floats]:
        """Add the blocks' groups up; the constants are those of `Family.constants`."""
        pairs = zip(moments.parts, self.group_levels, strict=True)
        groups = tuple(join_groups(parts, levels)[:, None, :] for parts, levels in pairs)
        return Scores(np.full(1, np.nan), moments.meat[None], groups), moments.constants
