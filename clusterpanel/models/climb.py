"""Climb to the top of a GLM's likelihood: Fisher scoring whose curvature is renewed only while it changes.

The log-likelihood is concave and no step lowers it, so that where every score is 0 is its one top. A pass
that only sums the scores costs a fraction of one that also sums the curvature. Once steps are short the
weights hardly change, and steps made with the curvature of a point close by shrink by a constant, small
factor; the last passes renew it, so that errors are made with the curvature at the top.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh

from clusterpanel.errors import NotConvergedError, NotIdentifiedError
from clusterpanel.models.arrays import Floats
from clusterpanel.models.families import Family
from clusterpanel.models.glm_passes import Curvature, Pass, Point, Shape, Step
from clusterpanel.models.secants import Secants

MOST_STEPS = 100
MOST_HALVINGS = 20
# The gain in log-likelihood a further step promises; its square root bounds the step in standard errors.
TOLERANCE = 1e-18
# A regressor that separates events loses its information as its coefficient runs off; this share of what it
# had at the start is lost to the last digit long before the promise is, and no regressor in use comes near.
LEAST_INFORMATION = 1e-10
# At the top every level's score is 0: rounding leaves less than this, a level that was lost about 1 or more.
MOST_UNMET = 1e-3
# A small level that overshoots by more ends where its weight vanishes, and no later step brings it back.
MOST_CHANGE_OF_LEVEL = 2.0
# While a step changes eta by less than this (root mean square), the weights at its end are nearly the same.
SHORT_STEP = 0.05
# A step with another point's curvature must cut the promise to this share of what it was.
LEAST_PROGRESS = 0.1
# The curvature is asked for where the next step's promise would be this many times smaller than it may be.
SURE = 4.0

# The errors' curvature must be of a point from which the step to the top changes eta by no more than this
# (root mean square): they are then right to the eighth digit.
CLOSE = 1e-8

Visit = Callable[[Point, bool], Pass]


@dataclass(frozen=True)
class Top:
    """Where a climb ended.

    Attributes
    ----------
    point : Point
    curvature : Curvature
        At the point, or so close to it that its errors differ in the eighth digit.
    loss : float
    steps : int
    passes : int
        Over the data, those of halved steps among them.
    """

    point: Point
    curvature: Curvature
    loss: float
    steps: int
    passes: int


@dataclass
class Climber:
    """Climbs, and counts its passes.

    Attributes
    ----------
    family : Family
    names : tuple of str
    visit : function of a point and whether its curvature is asked for
    shape : Shape
        What the curvature needs to know of the sample.
    rows : int
    passes : int
    """

    family: Family
    names: tuple[str, ...]
    visit: Visit
    shape: Shape
    rows: int
    passes: int = 0

    def climb(self, point: Point, here: Pass, first: Curvature) -> Top:
        """Score until a further step promises nothing.

        Parameters
        ----------
        point : Point
        here : Pass
            At the point.
        first : Curvature
            At the point.

        Raises
        ------
        NotIdentifiedError
            A regressor, or several together, separate the outcome.
        NotConvergedError
            The likelihood still rises after `MOST_STEPS` steps.
        """
        curvature, step, secants = first, first.step(here), Secants([], [])
        gap, ratio = step.promise, 1.0
        for steps in range(MOST_STEPS):
            unit = max(1.0, abs(here.loss) / self.rows)
            close = max(CLOSE**2 * curvature.total, TOLERANCE * unit)
            if step.promise <= close < gap:
                if here.moments is None:
                    here = self._visit(point, is_curved=True)
                here, curvature = self._renewed(first, here)
                secants.forget()
                step = curvature.step(here)
                gap = step.promise
            is_last = step.promise <= TOLERANCE * unit or self._squares(step, gap, here, unit)
            if is_last and gap <= close:
                self._check_levels_met(here, unit)
                # The last step costs no pass, and takes out most of what is left.
                return Top(point.moved(step, 1.0), curvature, here.loss, steps, self.passes)
            is_long = step.promise > SHORT_STEP**2 * curvature.total
            is_curved = is_long or gap > close > SURE * step.promise * ratio
            before, left = step.promise, (point, here)
            point, here = self._further(point, step, here, is_curved)
            secants.learn(left, (point, here))
            step = secants.step(curvature, here)
            ratio = step.promise / before
            if is_long or ratio > LEAST_PROGRESS:
                if here.moments is None:
                    here = self._visit(point, is_curved=True)
                here, curvature = self._renewed(first, here)
                secants.forget()
                step = curvature.step(here)
                gap, ratio = step.promise, 1.0
        raise NotConvergedError(
            f"{self.family.words} has not converged in {MOST_STEPS} steps: a further one promises "
            f"{step.promise:.2g} of deviance {2 * here.loss:.6g}",
            hint="Absorb coarser effects, or rescale or drop the regressors with extreme values.",
        )

    def _visit(self, point: Point, is_curved: bool) -> Pass:
        self.passes += 1
        return self.visit(point, is_curved)

    def _renewed(self, first: Curvature, here: Pass) -> tuple[Pass, Curvature]:
        curvature = here.curvature(self.shape)
        check_information(self.names, self.family, first.absorbed.rest, curvature.absorbed.rest)
        return here, curvature

    def _further(self, point: Point, step: Step, here: Pass, is_curved: bool) -> tuple[Point, Pass]:
        """Take a step, or as much of it as does not lower the likelihood."""
        length = min(1.0, MOST_CHANGE_OF_LEVEL / max(step.change_of_level, 1.0))
        for halving in range(MOST_HALVINGS):
            further = self._visit(point.moved(step, length), is_curved=is_curved and not halving)
            if further.loss <= here.loss + 1e-12 * abs(here.loss):
                break
            length /= 2
        return point.moved(step, length), further

    def _squares(self, step: Step, gap: float, here: Pass, unit: float) -> bool:
        """Say whether a step has the point's own curvature, so that it squares what is left to the top.

        With a canonical link scoring is Newton's method. What is left is 1e-8 of eta at most, as the
        curvature is renewed only that close to the top.
        """
        return self.family.is_canonical and step.promise == gap and here.unmet <= MOST_UNMET * unit

    def _check_levels_met(self, last: Pass, unit: float) -> None:
        """Refuse a point where a level's weight is lost: no step is promised though its score is not 0."""
        if last.unmet > MOST_UNMET * unit:
            raise NotConvergedError(
                f"{self.family.words} is stuck: a level of the effects has lost its weight while its score "
                f"is still {last.unmet:.2g}",
                hint="Absorb coarser effects, or drop the regressors with extreme values.",
            )


def check_information(names: tuple[str, ...], family: Family, first: Floats, now: Floats) -> None:
    """Refuse regressors that, alone or together, tell next to nothing of what they told at the start.

    Parameters
    ----------
    names : tuple of str
    family : Family
    first, now : float array, shape (regressors, regressors)
        The information on the coefficients at the start and where the climb stands.

    Raises
    ------
    NotIdentifiedError
    """
    scale = np.sqrt(np.diag(first))
    units = np.outer(scale, scale)
    shares, directions = eigh(now / units, first / units)
    if shares[0] >= LEAST_INFORMATION:
        return
    weights = np.abs(directions[:, 0])
    running = [name for name, weight in zip(names, weights, strict=True) if weight > 0.01 * weights.max()]
    raise NotIdentifiedError(
        f"the {family.effect} of {', '.join(running)} is not identified: with the effects it separates "
        f"{family.separated} from the other rows",
        hint="Leave the regressor out, absorb fewer effects, or take the logarithm of extreme values.",
    )
