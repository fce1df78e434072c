"""The passes of a parametric survival model: likelihood, scores and information over blocks of rows."""

from dataclasses import dataclass

import numpy as np

from clusterpanel.models.arrays import ArrayBlock, Floats, WeightKind
from clusterpanel.models.scores import GroupSums, sum_by_group
from clusterpanel.models.survival.parametric_climb import LikelihoodSums
from clusterpanel.models.survival.parametric_families import ParametricFamily

# event, start and stop come before the regressors.
OUTCOMES = 3


@dataclass(frozen=True)
class ScoreRule:
    """How rows' scores are summed, if at all.

    Attributes
    ----------
    is_wanted : bool
    weight_kind : str or None
        A frequency weight is that many rows with a score each.
    group_levels : tuple of int
    is_by_firm : bool
        Whether the outer products are those of firms' sums rather than of rows.
    """

    is_wanted: bool
    weight_kind: WeightKind | None
    group_levels: tuple[int, ...]
    is_by_firm: bool = True

    def sums(self, block: ArrayBlock, scores: Floats) -> tuple[Floats, list[list[GroupSums]]]:
        """Return the outer product and each way's sums by group of scores, shape (parameters, rows)."""
        if not self.is_wanted:
            return self.nothing(len(scores))
        units, weights = scores, block.weights
        if self.is_by_firm:
            units = np.add.reduceat(scores, block.starts[:-1], axis=1)
            weights = weights[block.starts[:-1]] if len(weights) else weights
        once = units / weights if self.weight_kind == "frequency" else units
        pairs = zip(block.groups.T, self.group_levels, strict=True)
        parts = [[sum_by_group(scores, np.ascontiguousarray(codes), levels)] for codes, levels in pairs]
        return once @ units.T, parts

    def nothing(self, size: int) -> tuple[Floats, list[list[GroupSums]]]:
        """Return the sums of no rows."""
        return np.zeros((size, size)), [[] for _ in self.group_levels]


@dataclass(frozen=True)
class ParametricFold:
    """The fold of one pass.

    Attributes
    ----------
    family : ParametricFamily
    centre : float array, shape (regressors,)
        Taken off the regressors, for the digits it saves.
    point : float array, shape (parameters,)
        The coefficients of the centred regressors, the constant, and the shape if there is one.
    rule : ScoreRule
    """

    family: ParametricFamily
    centre: Floats
    point: Floats
    rule: ScoreRule

    def step(self, block: ArrayBlock) -> LikelihoodSums:
        """Return one block's sums."""
        from clusterpanel.models.survival import parametric_kernels

        regressors, size = len(self.centre), len(self.point)
        columns = np.empty((size, block.rows))
        np.subtract(block.values[OUTCOMES:], self.centre[:, None], out=columns[:regressors])
        columns[regressors:] = 1.0
        eta = self.point[: regressors + 1] @ columns[: regressors + 1]
        if len(block.offset):
            eta += block.offset
        terms = np.empty((5, block.rows))
        shape = self.point[-1] if self.family.shape else 0.0
        loss = parametric_kernels.write_rows(
            self.family.code, eta, shape, block.values[:OUTCOMES], block.weights, terms
        )
        if not np.isfinite(loss):
            # A step that went too far: the climb only needs to know that much.
            return LikelihoodSums(np.inf, np.zeros(size), np.zeros((size, size)), *self.rule.nothing(size))
        return self._sums(block, columns, terms, loss)

    def _sums(self, block: ArrayBlock, columns: Floats, terms: Floats, loss: float) -> LikelihoodSums:
        slopes = len(self.centre) + 1
        scores = columns * terms[0]
        weighted = columns[:slopes] * terms[2]
        information = np.empty((len(columns), len(columns)))
        information[:slopes, :slopes] = -(weighted @ columns[:slopes].T)
        if self.family.shape:
            scores[-1] = terms[1]
            information[-1, :slopes] = information[:slopes, -1] = -(columns[:slopes] @ terms[3])
            information[-1, -1] = -terms[4].sum()
        meat, parts = self.rule.sums(block, scores)
        return LikelihoodSums(loss, scores.sum(axis=1), information, meat, parts)

    def merge(self, left: LikelihoodSums, right: LikelihoodSums) -> LikelihoodSums:
        """Return the sum."""
        return left.add(right)

    def solve(self, moments: LikelihoodSums) -> LikelihoodSums:
        """Return the sums as they are."""
        return moments
