"""The passes of the conditional logit's climb: likelihood, scores and information, firm by firm."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from clusterpanel.errors import SpecError
from clusterpanel.models.arrays import ArrayBlock, Floats
from clusterpanel.models.scores import GroupSums, sum_by_group


@dataclass
class ConditionalPass:
    """What one pass over the data tells.

    Attributes
    ----------
    loss : float
        Minus the log-likelihood.
    scores : float array, shape (regressors,)
    information : float array, shape (regressors, regressors)
    meat : float array, shape (regressors, regressors)
        Sum over firms of the outer product of scores.
    rows, firms : int
        Of firms whose outcome changes; a row with a frequency weight is that many.
    squares : float array, shape (regressors,)
        Of the regressors about a fixed point, in those firms.
    parts : list of lists of (integer array, float array), one list each way
        Each block's groups and their sums of scores.
    """

    loss: float
    scores: Floats
    information: Floats
    meat: Floats
    rows: int
    firms: int
    squares: Floats
    parts: list[list[GroupSums]]

    @property
    def step(self) -> Floats:
        """Newton's step."""
        scale = 1 / np.sqrt(np.diag(self.information))
        units = np.outer(scale, scale)
        solution: Floats = np.linalg.solve(self.information * units, self.scores * scale) * scale
        return solution


class Fixed(NamedTuple):
    """What is the same in every pass: a point near the regressors' means, and the groups' number each way."""

    centre: Floats
    group_levels: tuple[int, ...]


@dataclass(frozen=True)
class ConditionalFold:
    """The fold of one pass of Newton's method."""

    coefficients: Floats
    fixed: Fixed
    is_frequency: bool

    def step(self, block: ArrayBlock) -> ConditionalPass:
        """Return one block's sums."""
        from clusterpanel.models import conditional_kernels

        check_weights(block)
        columns = block.values.copy()
        columns[1:] -= self.fixed.centre[:, None]
        eta = self.coefficients @ columns[1:]
        if len(block.offset):
            eta += block.offset
        firms, regressors = len(block.starts) - 1, len(self.coefficients)
        scores, information = np.empty((firms, regressors)), np.zeros((regressors, regressors))
        loss = conditional_kernels.add_conditional(
            columns, eta, block.weights, block.starts, scores, information
        )
        first = block.starts[:-1]
        years = np.diff(block.starts)
        ones = np.add.reduceat(block.values[0], first)
        informative = (ones > 0) & (ones < years)
        once = scores / block.weights[first, None] if self.is_frequency else scores
        there = np.repeat(informative, years)
        flat = np.ascontiguousarray(scores.T)
        pairs = zip(block.groups.T, self.fixed.group_levels, strict=True)
        return ConditionalPass(
            loss=loss,
            scores=scores.sum(axis=0),
            information=information,
            meat=once.T @ scores,
            rows=int(there @ block.weights) if self.is_frequency else int(there.sum()),
            firms=int(informative.sum()),
            squares=(columns[1:, there] ** 2).sum(axis=1),
            parts=[[sum_by_group(flat, groups[first], levels)] for groups, levels in pairs],
        )

    def merge(self, left: ConditionalPass, right: ConditionalPass) -> ConditionalPass:
        """Return the sum."""
        return ConditionalPass(
            left.loss + right.loss,
            left.scores + right.scores,
            left.information + right.information,
            left.meat + right.meat,
            left.rows + right.rows,
            left.firms + right.firms,
            left.squares + right.squares,
            [mine + others for mine, others in zip(left.parts, right.parts, strict=True)],
        )

    def solve(self, moments: ConditionalPass) -> ConditionalPass:
        """Return the sums as they are."""
        return moments


def check_weights(block: ArrayBlock) -> None:
    """Refuse weights that differ within a firm, whose likelihood is one factor.

    Raises
    ------
    SpecError
    """
    if not len(block.weights):
        return
    first = np.repeat(block.weights[block.starts[:-1]], np.diff(block.starts))
    if (block.weights != first).any():
        raise SpecError(
            "the conditional logit came with weights that differ within firms",
            hint="Weight firms: the same weight in all of a firm's rows.",
        )
