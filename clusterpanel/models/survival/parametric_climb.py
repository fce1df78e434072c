"""Climb to the top of a likelihood of a few parameters by Newton's method, where it need not be concave."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.linalg import eigh

from clusterpanel.errors import NotConvergedError, NotIdentifiedError
from clusterpanel.models.arrays import Floats
from clusterpanel.models.scores import GroupSums

MOST_STEPS = 100
MOST_HALVINGS = 30
# The gain in log-likelihood a further step promises; its square root bounds the step in standard errors.
TOLERANCE = 1e-18
# A coefficient that runs off loses its information; none in use leaves so small a share of its spread.
LEAST_INFORMATION = 1e-9
# Directions with less curvature than this, of 1 for a parameter by itself, are as good as flat.
LEAST_CURVATURE = 1e-12


@dataclass
class LikelihoodSums:
    """What one pass over the data tells of a point.

    Attributes
    ----------
    loss : float
        Minus the log-likelihood.
    scores : float array, shape (parameters,)
        Its slopes, with the sign of the log-likelihood.
    information : float array, shape (parameters, parameters)
        The observed information.
    meat : float array, shape (parameters, parameters)
        Sum over firms, or rows, of the outer product of scores; nothing unless asked for.
    parts : list of lists of (integer array, float array), one list each way
        Each block's groups and their sums of scores; none unless asked for.
    """

    loss: float
    scores: Floats
    information: Floats
    meat: Floats
    parts: list[list[GroupSums]] = field(default_factory=list)

    def add(self, other: "LikelihoodSums") -> "LikelihoodSums":
        """Return both blocks' sums."""
        return LikelihoodSums(
            self.loss + other.loss,
            self.scores + other.scores,
            self.information + other.information,
            self.meat + other.meat,
            [mine + others for mine, others in zip(self.parts, other.parts, strict=True)],
        )


@dataclass(frozen=True)
class Climb:
    """A likelihood to climb.

    Attributes
    ----------
    words : str
        What the model is called in messages.
    names : tuple of str
        The regressors, whose coefficients are the first parameters.
    visit : function of a point that returns its sums
    spread : float array, shape (regressors, regressors)
        Cross-products of the regressors about their means, times events per row: what the information is
        measured against.
    """

    words: str
    names: Sequence[str]
    visit: Callable[[Floats], LikelihoodSums]
    spread: Floats

    def top(self, point: Floats) -> tuple[Floats, int]:
        """Return where the likelihood is highest, and the number of steps.

        Raises
        ------
        NotIdentifiedError
            A coefficient runs off.
        NotConvergedError
            The likelihood still rises after `MOST_STEPS` steps.
        """
        here = self.visit(point)
        for steps in range(MOST_STEPS):
            self._check(here.information)
            step = uphill(here)
            promise = float(step @ here.scores)
            if promise <= TOLERANCE * max(1.0, abs(here.loss)):
                return point, steps
            point, here = self._further(point, step, here)
        raise NotConvergedError(
            f"{self.words} has not converged in {MOST_STEPS} steps: a further one promises {promise:.2g} "
            f"of log-likelihood {-here.loss:.6g}",
            hint="Rescale or drop the regressors with extreme values, or choose another baseline.",
        )

    def _further(self, point: Floats, step: Floats, here: LikelihoodSums) -> tuple[Floats, LikelihoodSums]:
        """Take a step, or as much of it as does not lower the likelihood."""
        length = 1.0
        for _ in range(MOST_HALVINGS):
            further = self.visit(point + length * step)
            if further.loss <= here.loss + 1e-12 * abs(here.loss):
                return point + length * step, further
            length /= 2
        raise NotConvergedError(
            f"{self.words} is stuck: no step along its slope raises the log-likelihood {-here.loss:.6g}",
            hint="Rescale or drop the regressors with extreme values.",
        )

    def _check(self, information: Floats) -> None:
        """Refuse coefficients of which next to nothing is known, given the spread of the regressors."""
        size = len(self.names)
        if not size:
            return
        scale = 1 / np.sqrt(np.diag(self.spread))
        units = np.outer(scale, scale)
        cross = information[:size, size:]
        own = information[:size, :size] - cross @ np.linalg.solve(information[size:, size:], cross.T)
        shares, directions = eigh((own + own.T) / 2 * units, self.spread * units)
        if np.abs(shares).min() >= LEAST_INFORMATION:
            return
        weights = np.abs(directions[:, np.abs(shares).argmin()])
        running = [
            name for name, weight in zip(self.names, weights, strict=True) if weight > 0.01 * max(weights)
        ]
        raise NotIdentifiedError(
            f"the coefficient of {', '.join(running)} is not identified: the likelihood rises for ever as it "
            "runs off, since the regressor separates rows with events from the others",
            hint="Leave the regressor out, or put its values together until each has events.",
        )


def uphill(here: LikelihoodSums) -> Floats:
    """Return Newton's step, with every curvature taken as if it were downward so that it leads uphill."""
    scale = 1 / np.sqrt(np.maximum(np.abs(np.diag(here.information)), 1e-300))
    values, vectors = np.linalg.eigh(here.information * np.outer(scale, scale))
    curvature = np.maximum(np.abs(values), LEAST_CURVATURE)
    step: Floats = scale * (vectors @ ((vectors.T @ (here.scores * scale)) / curvature))
    return step
