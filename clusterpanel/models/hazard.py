"""Discrete-time hazards with absorbed effects: Fisher scoring whose every pass is a fold."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from clusterpanel.engine.local import run_fold
from clusterpanel.errors import NotConvergedError, NotIdentifiedError
from clusterpanel.models.absorb import Absorbed, take_out_effects
from clusterpanel.models.arrays import ArrayBlock, Floats, Integers, ModelArrays
from clusterpanel.models.cloglog import link, weights_and_scores
from clusterpanel.models.fit import Fit
from clusterpanel.models.moments import CrossMoments
from clusterpanel.models.ols import CONSTANT, Projection, project, symmetric_inverse, uncentre
from clusterpanel.models.scores import join_groups, sum_by_group
from clusterpanel.models.separation import check_regressors
from clusterpanel.models.small_sample import count_sample
from clusterpanel.models.vcov import VcovKind, influence_of_groups, row_covariance, rule_in_words

MOST_STEPS = 40
MOST_HALVINGS = 20
# The gain in log-likelihood a further step promises; its square root bounds the step in standard errors.
TOLERANCE = 1e-18
DIVERGING = 0.05
# At the top every level's score is 0: rounding leaves less than this, a level that was lost about 1 or more.
MOST_UNMET = 1e-3
# A small level that overshoots by more ends where its weight vanishes, and no later step brings it back.
MOST_CHANGE_OF_LEVEL = 2.0
INFORMATION = "inverse of the expected information, normal"


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


def fit_hazard(arrays: ModelArrays, kind: VcovKind = "CRV1", threads: int = 1) -> Fit:
    """Fit a complementary log-log hazard by maximum likelihood.

    Parameters
    ----------
    arrays : ModelArrays
        The outcome 0 or 1, at least one effect or the constant, and no absorbed firm. Levels of effects
        without or with only events must be gone (`rows_of_mixed_levels`).
    kind : "iid", "HC1" or "CRV1"
        iid is the inverse of the expected information, as R's glm reports it.
    threads : int
        Changes the time it takes, never the numbers.

    Raises
    ------
    NotIdentifiedError
        The exposure is collinear, a regressor foretells the events, or there are too few groups or rows.
    NotConvergedError
        The likelihood still rises after `MOST_STEPS` steps.
    """
    check_regressors(arrays.values[:, 0], arrays.values[:, 1:], arrays.names)
    projection = project(arrays, threads)
    arrays = projection.arrays
    counts = count_sample(arrays, len(arrays.names), kind == "CRV1")
    centre = np.concatenate([[0.0], projection.centre[1:]])
    point, last, steps = _climb(projection, centre, threads)
    bread = symmetric_inverse(last.absorbed.rest[1:, 1:])
    fold = HazardScoreFold(point, centre, last.absorbed.slopes, arrays.groups.levels)
    meat, scores = run_fold(fold, arrays.blocks(), threads)
    back = uncentre(arrays.names, centre)
    influence = influence_of_groups(bread, scores, counts) @ back.T if kind == "CRV1" else None
    robust = row_covariance(bread, meat, counts) if kind == "HC1" else bread
    coefficients = back @ point.coefficients
    if arrays.names[-1] == CONSTANT:
        coefficients[-1] += point.offset
    return Fit(
        names=arrays.names,
        coefficients=coefficients,
        covariance=back @ robust @ back.T if influence is None else influence.T @ influence,
        influence=influence,
        degrees_of_freedom=np.inf,
        rule=INFORMATION if kind == "iid" else rule_in_words(kind, arrays.groups.name, counts, "normal"),
        collinear=projection.collinear,
        facts={
            "deviance": last.deviance,
            "iterations": steps,
            "hazard_ratio": float(np.exp(coefficients[0])),
        },
    )


def _climb(projection: Projection, centre: Floats, threads: int) -> tuple[HazardPoint, HazardPass, int]:
    """Score until a further step promises nothing."""
    arrays = projection.arrays

    def visit(point: HazardPoint) -> HazardPass:
        return run_fold(HazardFold(point, centre, arrays.levels), arrays.blocks(), threads)

    mean = float(arrays.values[:, 0].mean())
    point = HazardPoint(link(mean), np.zeros(len(arrays.names)), np.zeros(arrays.levels))
    here = visit(point)
    for steps in range(MOST_STEPS):
        if here.promise <= TOLERANCE:
            _check_levels_met(here)
            return point, here, steps
        step = here.step
        length = min(1.0, MOST_CHANGE_OF_LEVEL / max(here.change_of_level, 1.0))
        further = visit(point.moved(step, length))
        for _ in range(MOST_HALVINGS):
            if further.deviance <= here.deviance * (1 + 1e-12):
                break
            length /= 2
            further = visit(point.moved(step, length))
        point, here = point.moved(step, length), further
    raise _why_not(projection, here)


def _check_levels_met(last: HazardPass) -> None:
    """Refuse a point where a level's weight is lost, so that no step is promised though its score is not 0."""
    if last.unmet > MOST_UNMET:
        raise NotConvergedError(
            f"the hazard is stuck: a level of the effects has lost its weight, and its score is {last.unmet:.2g}",
            hint="Absorb coarser effects, or drop the regressors with extreme values.",
        )


def _why_not(projection: Projection, last: HazardPass) -> NotIdentifiedError | NotConvergedError:
    """Tell a coefficient that runs off to infinity from a climb that merely stopped short."""
    names = projection.arrays.names
    spread = np.sqrt(projection.totals[1:] / projection.arrays.rows)
    moving = np.abs(last.step.coefficients) * spread > DIVERGING
    running = [name for name, is_moving in zip(names, moving, strict=True) if is_moving]
    if running:
        return NotIdentifiedError(
            f"the hazard ratio of {', '.join(running)} is not identified: with the effects it separates "
            "events from the other rows",
            hint="Leave the regressor out, or absorb fewer effects.",
        )
    return NotConvergedError(
        f"the hazard has not converged in {MOST_STEPS} steps: a further one promises {last.promise:.2g} of "
        f"deviance {last.deviance:.6g}",
        hint="Rescale or drop the regressors with extreme values.",
    )
