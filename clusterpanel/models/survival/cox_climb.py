"""Climb to the top of a Cox regression's partial likelihood by Newton's method."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh

from clusterpanel.errors import NotConvergedError, NotIdentifiedError
from clusterpanel.models.arrays import Floats
from clusterpanel.models.survival.cox_ties import TieTerms
from clusterpanel.models.survival.risk_cells import CellSums

MOST_STEPS = 60
MOST_HALVINGS = 30
# A coefficient changes by at most this many standard deviations' worth of a regressor in a step.
MOST_CHANGE = 4.0
# The gain in log-likelihood per event that a further step promises where the climb ends. That step is taken
# without a pass, and squares what is left of the way: errors are right to the eighth digit.
TOLERANCE = 1e-16
# Rounding can keep a promise above that; below this, one that no longer shrinks is as good.
ROUNDING = 1e-9
# A coefficient that runs off loses its information; no regressor in use keeps as little of what it had.
LEAST_INFORMATION = 1e-10


@dataclass(frozen=True)
class RiskPass:
    """What one pass over the data tells of a point.

    Attributes
    ----------
    coefficients : float array, shape (regressors,)
    sums : CellSums
    ties : TieTerms
    likelihood : float
        The log partial likelihood.
    score : float array, shape (regressors,)
        Its derivative.
    """

    coefficients: Floats
    sums: CellSums
    ties: TieTerms
    likelihood: float
    score: Floats

    @classmethod
    def of(cls, coefficients: Floats, sums: CellSums, ties: TieTerms) -> "RiskPass":
        """Return the likelihood and score that the cells' sums tell."""
        return cls(coefficients, sums, ties, sums.event_eta - ties.loss, ties.score(sums))


@dataclass(frozen=True)
class Top:
    """Where a climb ended.

    Attributes
    ----------
    here : RiskPass
        The last point passed over; the step that is left is shorter than rounding lets errors tell.
    steps : int
    """

    here: RiskPass
    steps: int


@dataclass(frozen=True)
class Climb:
    """Newton's method with steps that are bounded and halved.

    Attributes
    ----------
    names : tuple of str
    visit : function of coefficients, shape (regressors,), that makes the pass
    curve : function of a pass that returns the information there, shape (regressors, regressors)
    spread : float array, shape (regressors,)
        The regressors' standard deviations, roughly.
    """

    names: tuple[str, ...]
    visit: Callable[[Floats], RiskPass]
    curve: Callable[[RiskPass], Floats]
    spread: Floats

    def run(self, here: RiskPass, first: Floats) -> Top:
        """Climb from a point with its information until a further step promises nothing.

        Raises
        ------
        NotIdentifiedError
            The likelihood still rises as a coefficient runs off.
        NotConvergedError
        """
        information, events = first, float(here.sums.event_weights.sum())
        before = np.inf
        for steps in range(MOST_STEPS):
            step = newton_step(information, here.score)
            promise = float(step @ here.score)
            if promise <= TOLERANCE * events or before / 2 < promise <= ROUNDING:
                return Top(here, steps)
            before = promise
            here = self._further(here, step)
            if self._is_last(information, here, events):
                return Top(here, steps + 1)
            information = self.curve(here)
            check_information(self.names, first, information)
        raise NotConvergedError(
            f"the Cox regression has not converged in {MOST_STEPS} steps: a further one promises "
            f"{promise:.2g} of log-likelihood {here.likelihood:.8g}",
            hint="Rescale or drop the regressors with extreme values.",
        )

    def _is_last(self, information: Floats, here: RiskPass, events: float) -> bool:
        """Say whether the promise by the last point's information, nearly this one's, is nothing."""
        return float(newton_step(information, here.score) @ here.score) <= TOLERANCE * events / 4

    def _further(self, here: RiskPass, step: Floats) -> RiskPass:
        """Take a step, or as much of it as does not lower the likelihood."""
        length = min(1.0, MOST_CHANGE / max(float(np.abs(step * self.spread).max()), 1e-300))
        least = here.likelihood - 1e-12 * abs(here.likelihood)
        for _ in range(MOST_HALVINGS):
            further = self.visit(here.coefficients + length * step)
            if further.likelihood >= least:
                return further
            length /= 2
        raise NotConvergedError(
            f"no step, however short, raises the Cox regression's log-likelihood {here.likelihood:.8g}",
            hint="Rescale or drop the regressors with extreme values.",
        )


def newton_step(information: Floats, score: Floats) -> Floats:
    """Return Newton's step, solved with a unit diagonal so that units of money do not matter."""
    scale = 1 / np.sqrt(np.diag(information))
    step: Floats = np.linalg.solve(information * np.outer(scale, scale), score * scale) * scale
    return step


def check_information(names: tuple[str, ...], first: Floats, now: Floats) -> None:
    """Refuse regressors that, alone or together, tell next to nothing of what they told at the start.

    Raises
    ------
    NotIdentifiedError
        Their coefficients run off: a monotone likelihood (Heinze and Schemper 2001, Biometrics 57).
    """
    scale = np.sqrt(np.diag(first))
    units = np.outer(scale, scale)
    shares, directions = eigh(now / units, first / units)
    if shares[0] >= LEAST_INFORMATION:
        return
    weights = np.abs(directions[:, 0])
    running = [name for name, weight in zip(names, weights, strict=True) if weight > 0.01 * weights.max()]
    raise NotIdentifiedError(
        f"the hazard ratio of {', '.join(running)} is not identified: at every event the rows that fail have "
        "its highest or lowest value among those at risk, so that the likelihood rises without end",
        hint="Leave the regressor out, join its categories, or use fewer strata.",
    )
