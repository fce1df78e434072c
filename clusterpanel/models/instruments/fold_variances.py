"""Variances that sums of scores suffice for, in one more pass over a sample wherever it is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from clusterpanel.engine.local import run_fold
from clusterpanel.models.arrays import ArrayBlock, Floats, ModelSource
from clusterpanel.models.instruments.equation import Equation
from clusterpanel.models.instruments.prepare import Prepared
from clusterpanel.models.instruments.variances import endless, without_group_factor
from clusterpanel.models.scores import GroupSums, join_groups, sum_by_group
from clusterpanel.models.vcov.counts import SampleCounts
from clusterpanel.models.vcov.covariance import Covariance
from clusterpanel.models.vcov.sums import ScoreSums
from clusterpanel.models.within import left_of_block

SumRule = Callable[[ScoreSums, SampleCounts], Covariance]


@dataclass
class EquationSums:
    """The sums of some blocks' scores, equation by equation.

    Attributes
    ----------
    squares : list of float
    meat : list of float arrays, each of shape (regressors, regressors)
    parts : list of lists of (integer array, float array), one list each way
        Each block's groups and their sums of the scores of all equations side by side.
    """

    squares: list[float]
    meat: list[Floats]
    parts: list[list[GroupSums]]


@dataclass(frozen=True)
class EquationFold:
    """The fold of several equations' scores.

    Attributes
    ----------
    source : ModelSource
    slopes : float array, shape (levels, columns)
        Each column's coefficients on the effects.
    point : float array, shape (columns,)
        Taken off first.
    equations : tuple of Equation
    """

    source: ModelSource
    slopes: Floats
    point: Floats
    equations: tuple[Equation, ...]

    def step(self, block: ArrayBlock) -> EquationSums:
        """Return one block's sums."""
        values = block.values - self.point[:, None]
        left = left_of_block(block, values, block.weights, self.source.absorbs_firm, self.slopes)
        residuals = _mix(np.stack([equation.residual for equation in self.equations], axis=1), left)
        weighted = residuals * block.weights if len(block.weights) else residuals
        # Equations with the same regressors share their rows.
        rows = {id(each.regressors): each.regressors for each in self.equations}
        made = {key: _mix(regressors, left) for key, regressors in rows.items()}
        scores = [
            made[id(each.regressors)] * errors for each, errors in zip(self.equations, weighted, strict=True)
        ]
        is_frequency = self.source.weight_kind == "frequency"
        stacked = np.vstack(scores)
        return EquationSums(
            squares=[float(errors @ left) for errors, left in zip(weighted, residuals, strict=True)],
            meat=[_products(each / block.weights if is_frequency else each, each) for each in scores],
            parts=[
                [sum_by_group(stacked, block.groups[:, way], levels)]
                for way, levels in enumerate(self.source.group_levels)
            ],
        )

    def merge(self, left: EquationSums, right: EquationSums) -> EquationSums:
        """Return both blocks' sums."""
        return EquationSums(
            [mine + other for mine, other in zip(left.squares, right.squares, strict=True)],
            [mine + other for mine, other in zip(left.meat, right.meat, strict=True)],
            [mine + others for mine, others in zip(left.parts, right.parts, strict=True)],
        )

    def solve(self, moments: EquationSums) -> list[ScoreSums]:
        """Return each equation's sums."""
        joined = [
            join_groups(parts, levels)
            for parts, levels in zip(moments.parts, self.source.group_levels, strict=True)
        ]
        ends = np.cumsum([len(equation.names) for equation in self.equations])
        return [
            ScoreSums(
                bread=equation.bread,
                squares=moments.squares[place],
                meat=moments.meat[place],
                groups=tuple(way[:, end - len(equation.names) : end] for way in joined),
                is_probability=self.source.weight_kind == "probability",
            )
            for place, (equation, end) in enumerate(zip(self.equations, ends, strict=True))
        ]


@dataclass(frozen=True)
class FoldVariances:
    """Variances by sums of scores.

    Attributes
    ----------
    rule : callable
        Makes the covariance of an equation from its sums of scores and counts.
    counts : SampleCounts
        Of any equation of the sample.
    prepared : Prepared
    threads : int
    """

    rule: SumRule
    counts: SampleCounts
    prepared: Prepared
    threads: int = 1

    def of(self, equations: Sequence[Equation], bare: Sequence[Equation] = ()) -> tuple[Covariance, ...]:
        """Return the covariance of each equation's coefficients; of the bare ones without factors."""
        sums = self._sums([*equations, *bare])
        whole = [
            self.rule(each, replace(self.counts, regressors=len(equation.names)))
            for equation, each in zip(equations, sums, strict=False)
        ]
        without = [self.rule(each, endless(self.counts)) for each in sums[len(equations) :]]
        return (*whole, *map(without_group_factor, without))

    def _sums(self, equations: Sequence[Equation]) -> list[ScoreSums]:
        prepared = self.prepared
        point = prepared.centre if prepared.has_constant else prepared.absorbed.point
        fold = EquationFold(prepared.source, prepared.absorbed.slopes, point, tuple(equations))
        return run_fold(fold, prepared.source.blocks(), self.threads)


# BLAS would split such thin products over threads that wait for each other longer than they work.
def _mix(loads: Floats, left: Floats) -> Floats:
    mixed: Floats = np.einsum("ck,cn->kn", loads, left)
    return mixed


def _products(one: Floats, other: Floats) -> Floats:
    products: Floats = np.einsum("kn,ln->kl", one, other)
    return products
