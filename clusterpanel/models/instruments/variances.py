"""The variance of any equation of a sample, whichever rule it follows and wherever the rows are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from clusterpanel.models.absorb import left_rows
from clusterpanel.models.arrays import Floats, ModelArrays
from clusterpanel.models.instruments.equation import Equation
from clusterpanel.models.instruments.prepare import Prepared
from clusterpanel.models.linearised import EffectRows, Linearised
from clusterpanel.models.vcov.counts import SampleCounts
from clusterpanel.models.vcov.covariance import Covariance
from clusterpanel.models.vcov.grouped import group_factor

# Rows so many that no factor for small samples is left.
ENDLESS_ROWS = 10**15

RowRule = Callable[[Linearised, SampleCounts], Covariance]


class Variances(Protocol):
    """What a fit with instruments asks of a sample's rows."""

    def of(self, equations: Sequence[Equation], bare: Sequence[Equation] = ()) -> tuple[Covariance, ...]:
        """Return the covariance of each equation's coefficients.

        Parameters
        ----------
        equations : sequence of Equation
            Small-sample factors included.
        bare : sequence of Equation
            These come after the others, without factors for small samples.
        """


@dataclass(frozen=True)
class RowVariances:
    """Variances of a sample in memory.

    Attributes
    ----------
    rule : callable
        Makes the covariance of a regression from its rows and counts.
    counts : SampleCounts
        Of any equation of the sample.
    left : float array, shape (columns, rows)
        What the effects leave of each column, centred where there is a constant.
    weights : float array, shape (rows,), or None
    frequencies : float array, shape (rows,), or None
    effects : EffectRows or None
    is_probability : bool
    """

    rule: RowRule
    counts: SampleCounts
    left: Floats
    weights: Floats | None
    frequencies: Floats | None
    effects: EffectRows | None
    is_probability: bool

    def of(self, equations: Sequence[Equation], bare: Sequence[Equation] = ()) -> tuple[Covariance, ...]:
        """Return the covariance of each equation's coefficients; of the bare ones without factors."""
        whole = [
            self.rule(self._linearised(equation), replace(self.counts, regressors=len(equation.names)))
            for equation in equations
        ]
        without = [self.rule(self._linearised(equation), endless(self.counts)) for equation in bare]
        return (*whole, *map(without_group_factor, without))

    def _linearised(self, equation: Equation) -> Linearised:
        return Linearised(
            names=equation.names,
            coefficients=equation.coefficients,
            bread=equation.bread,
            regressors=self.left.T @ equation.regressors,
            residuals=equation.residual @ self.left,
            weights=self.weights,
            frequencies=self.frequencies,
            effects=self.effects,
            estimator="instruments" if equation.is_projected else "least squares",
            is_probability=self.is_probability,
        )


def row_variances(
    prepared: Prepared, arrays: ModelArrays, counts: SampleCounts, rule: RowRule
) -> RowVariances:
    """Return the variances of a sample in memory.

    Parameters
    ----------
    prepared : Prepared
        Of the same arrays.
    arrays : ModelArrays
    counts : SampleCounts
    rule : callable
        Such as a variance of `clusterpanel.models.vcov` with the groups it needs.
    """
    return RowVariances(
        rule=rule,
        counts=counts,
        left=centred_rows(prepared, arrays),
        weights=arrays.weights,
        frequencies=arrays.weights if arrays.weight_kind == "frequency" else None,
        effects=EffectRows.of(arrays),
        is_probability=arrays.weight_kind == "probability",
    )


def centred_rows(prepared: Prepared, arrays: ModelArrays) -> Floats:
    """Return what the effects leave of each column, less its mean where there is a constant."""
    left = left_rows(arrays, prepared.absorbed)
    return left - prepared.centre[:, None] if prepared.has_constant else left


def endless(counts: SampleCounts) -> SampleCounts:
    """Return the counts of a sample so large that n/(n - K) is 1."""
    return replace(counts, rows=ENDLESS_ROWS, regressors=0, effects=())


def without_group_factor(covariance: Covariance) -> Covariance:
    """Return a grouped covariance without G/(G - 1) of its fewest groups; others as they are."""
    groups = covariance.facts.get("groups")
    if not groups:
        return covariance
    fewest = int(np.min(list(groups.values())))
    return replace(covariance, matrix=covariance.matrix / group_factor(fewest), influence=None)
