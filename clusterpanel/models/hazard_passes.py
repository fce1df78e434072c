"""The passes of a hazard's climb: weighted moments on the way up, and scores at the top."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from clusterpanel.models.absorb import Absorbed, take_out_effects
from clusterpanel.models.arrays import ArrayBlock, Floats, Integers
from clusterpanel.models.cloglog import weights_and_scores
from clusterpanel.models.moments import CrossMoments
from clusterpanel.models.scores import join_groups, sum_by_group


class HazardPoint(NamedTuple):
    """Where the climb stands.

    Attributes
    ----------
    offset : float
        Added to every row.
    coefficients : float array, shape (regressors,)
        On the centred regressors.
    effects : float array, shape (levels,)
    """

    offset: float
    coefficients: Floats
    effects: Floats

    def moved(self, step: "HazardPoint", length: float) -> "HazardPoint":
        """Return the point a part of a step further."""
        coefficients = self.coefficients + length * step.coefficients
        return HazardPoint(self.offset, coefficients, self.effects + length * step.effects)

    def eta(self, values: Floats, effects: Integers) -> Floats:
        """Return each row's linear predictor, from centred values with the outcome first."""
        eta: Floats = self.offset + values[:, 1:] @ self.coefficients
        for levels in effects.T:
            eta += self.effects[levels]
        return eta


@dataclass(frozen=True)
class HazardPass:
    """What one pass over the data tells.

    Attributes
    ----------
    absorbed : Absorbed
        Of the working residuals (first column) and regressors, weighted by the expected information.
    deviance : float
    unmet : float
        By how much the events of a level differ from those expected of it, at most, in units of its score.
    """

    absorbed: Absorbed
    deviance: float
    unmet: float

    @property
    def step(self) -> HazardPoint:
        """The Fisher scoring step."""
        rest = self.absorbed.rest
        coefficients = np.asarray(np.linalg.solve(rest[1:, 1:], rest[1:, 0]), dtype=np.float64)
        slopes = self.absorbed.slopes
        return HazardPoint(0.0, coefficients, slopes[:, 0] - slopes[:, 1:] @ coefficients)

    @property
    def change_of_level(self) -> float:
        """The most that the step moves a level whose regressors are at the level's mean.

        The change of the effect itself would not do: it also makes up for the change of the coefficients, and
        so grows with how far the regressors' level means lie apart, which says nothing of the hazard.
        """
        return float(np.abs(self.absorbed.slopes[:, 0]).max(initial=0.0))

    @property
    def promise(self) -> float:
        """What the step adds to the log-likelihood, twice, to second order."""
        return float(self.absorbed.explained[0] + self.absorbed.rest[0, 1:] @ self.step.coefficients)


@dataclass(frozen=True)
class HazardFold:
    """The fold of one scoring pass."""

    point: HazardPoint
    centre: Floats
    levels: int

    def step(self, block: ArrayBlock) -> tuple[CrossMoments, float]:
        """Return one block's weighted moments and deviance."""
        from clusterpanel.models import kernels

        values = block.values - self.centre
        eta = self.point.eta(values, block.effects)
        weights, scores, deviance = weights_and_scores(eta, block.values[:, 0])
        values[:, 0] = scores / weights
        moments = CrossMoments.zeros(values.shape[1], self.levels)
        kernels.add_row_moments(values, block.effects, weights, moments)
        return moments, deviance

    def merge(
        self, left: tuple[CrossMoments, float], right: tuple[CrossMoments, float]
    ) -> tuple[CrossMoments, float]:
        """Return the sum, in the memory of `left`."""
        return left[0].add(right[0]), left[1] + right[1]

    def solve(self, moments: tuple[CrossMoments, float]) -> HazardPass:
        """Take the effects out."""
        sums, deviance = moments
        unmet = float(np.abs(sums.cross[:, 0]).max(initial=0.0))
        return HazardPass(take_out_effects(sums), deviance, unmet)


@dataclass(frozen=True)
class HazardScoreFold:
    """The fold of each group's scores and the rows' outer product."""

    point: HazardPoint
    centre: Floats
    slopes: Floats
    groups: int

    def step(self, block: ArrayBlock) -> tuple[Floats, list[tuple[Integers, Floats]]]:
        """Return one block's outer product and sums by group."""
        from clusterpanel.models import kernels

        values = block.values - self.centre
        eta = self.point.eta(values, block.effects)
        _, residuals, _ = weights_and_scores(eta, block.values[:, 0])
        scores = np.empty((len(values), values.shape[1] - 1))
        kernels.write_row_scores(values, block.effects, residuals, self.slopes, scores)
        return scores.T @ scores, [sum_by_group(scores, block.groups, self.groups)]

    def merge(
        self,
        left: tuple[Floats, list[tuple[Integers, Floats]]],
        right: tuple[Floats, list[tuple[Integers, Floats]]],
    ) -> tuple[Floats, list[tuple[Integers, Floats]]]:
        """Return both blocks' scores."""
        return left[0] + right[0], left[1] + right[1]

    def solve(self, moments: tuple[Floats, list[tuple[Integers, Floats]]]) -> tuple[Floats, Floats]:
        """Add the groups up."""
        return moments[0], join_groups(moments[1], self.groups)
