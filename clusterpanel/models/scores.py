"""The second pass: each group's sum of scores, the residuals' squares, and the rows' outer product."""

from dataclasses import dataclass

import numpy as np

from clusterpanel.models.arrays import ArrayBlock, Floats, Integers, compact


@dataclass
class ScoreMoments:
    """Scores of some blocks.

    Attributes
    ----------
    squares : float
        The residuals' sum of squares.
    meat : float array, shape (regressors, regressors)
        Sum of the rows' outer products.
    parts : list of (integer array, float array)
        Each block's groups and their sums of scores.
    """

    squares: float
    meat: Floats
    parts: list[tuple[Integers, Floats]]


@dataclass(frozen=True)
class Scores:
    """Scores of the whole sample.

    Attributes
    ----------
    squares : float
        The residuals' sum of squares.
    meat : float array, shape (regressors, regressors)
        Sum of the rows' outer products.
    groups : float array, shape (groups, regressors)
        Each group's sum of scores.
    """

    squares: float
    meat: Floats
    groups: Floats


@dataclass(frozen=True)
class ScoreFold:
    """The fold of a least-squares fit's scores.

    Attributes
    ----------
    absorbs_firm : bool
    coefficients : float array, shape (regressors,)
    slopes : float array, shape (levels, 1 + regressors)
        Each column's coefficients on the effects; the first column's are those of the outcome less the fit.
    centre : float array, shape (1 + regressors,)
        Taken off the values first where no firm effect does so.
    groups : int
        The number of groups of the whole sample.
    """

    absorbs_firm: bool
    coefficients: Floats
    slopes: Floats
    centre: Floats
    groups: int

    def step(self, block: ArrayBlock) -> ScoreMoments:
        """Return one block's scores."""
        from clusterpanel.models import kernels

        scores = np.empty((len(block.values), len(self.coefficients)))
        if self.absorbs_firm:
            squares = kernels.write_firm_scores(block, self.slopes, self.coefficients, scores)
        else:
            values = block.values - self.centre
            residuals = values[:, 0] - values[:, 1:] @ self.coefficients
            for effect in block.effects.T:
                residuals -= self.slopes[effect, 0]
            kernels.write_row_scores(values, block.effects, residuals, self.slopes, scores)
            squares = float(residuals @ residuals)
        return ScoreMoments(squares, scores.T @ scores, [sum_by_group(scores, block.groups, self.groups)])

    def merge(self, left: ScoreMoments, right: ScoreMoments) -> ScoreMoments:
        """Return both blocks' scores."""
        return ScoreMoments(left.squares + right.squares, left.meat + right.meat, left.parts + right.parts)

    def solve(self, moments: ScoreMoments) -> Scores:
        """Add the blocks' groups up."""
        return Scores(moments.squares, moments.meat, join_groups(moments.parts, self.groups))


def sum_by_group(scores: Floats, groups: Integers, size: int) -> tuple[Integers, Floats]:
    """Return the groups of a block and each one's sum of scores."""
    from clusterpanel.models import kernels

    lowest = int(groups.min())
    local, levels, old = compact(groups - lowest, min(size, int(groups.max()) + 1) - lowest)
    sums = np.zeros((levels, scores.shape[1]))
    kernels.add_by_group(scores, local, sums)
    return old + lowest, sums


def join_groups(parts: list[tuple[Integers, Floats]], groups: int) -> Floats:
    """Return every group's sum over the blocks; shape (groups, regressors)."""
    sums = np.zeros((groups, parts[0][1].shape[1]))
    for labels, part in parts:
        sums[labels] += part
    return sums
