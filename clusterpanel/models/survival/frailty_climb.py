"""Climb to the top of the penalised likelihood of coefficients and frailties, given the variance."""

from dataclasses import dataclass

import numpy as np
from scipy.special import digamma, gammaln

from clusterpanel.errors import NotConvergedError
from clusterpanel.models.arrays import Floats
from clusterpanel.models.survival.frailty_information import Information
from clusterpanel.models.survival.frailty_passes import FrailtyPasses, GroupRisks

MOST_STEPS = 60
MOST_HALVINGS = 30
TOLERANCE = 1e-14
# The curvature of a point from which the step to the top promises this little serves to the top.
CLOSE = 1e-3
# From here on Stirling's series is exact to the last digit, and differences of log-gammas are not.
LARGE = 1e4


@dataclass
class PenalisedClimb:
    """Climbs the penalised likelihood, from wherever the last one ended."""

    passes: FrailtyPasses
    events: Floats
    coefficients: Floats
    effects: Floats
    steps: int = 0
    information: Information | None = None

    def top(self, theta: float) -> GroupRisks:
        """Climb for a variance, and return the sums at the top.

        Raises
        ------
        NotConvergedError
        """
        # The penalty's part of the information changes with theta.
        precision, self.information = 1 / theta, None
        here = self.passes.visit(self.coefficients, self.effects)
        for _ in range(MOST_STEPS):
            score = here.ties.score(here.sums)
            group_score = self.events - here.expected - precision * np.expm1(self.effects)
            information = self._information(here, precision)
            step = information.step(score, group_score)
            promise = float(step[0] @ score + step[1] @ group_score)
            self.information = information if promise < CLOSE else None
            if promise <= TOLERANCE * self.events.sum():
                return here
            here = self._further(step, here, precision)
        raise NotConvergedError(
            f"the shared frailty has not converged in {MOST_STEPS} steps at variance {theta:.3g}: a further "
            f"one promises {promise:.2g}",
            hint="Rescale or drop the regressors with extreme values, or choose coarser groups.",
        )

    def renewed(self, here: GroupRisks, theta: float) -> Information:
        """Return the information at the point itself."""
        self.information = None
        return self._information(here, 1 / theta)

    def _information(self, here: GroupRisks, precision: float) -> Information:
        if self.information is not None:
            return self.information
        products = self.passes.products(self.coefficients, self.effects, here)
        return Information.of(here, products, precision * np.exp(self.effects))

    def _further(self, step: tuple[Floats, Floats], here: GroupRisks, precision: float) -> GroupRisks:
        """Take a step, or as much of it as does not lower the penalised likelihood."""
        self.steps += 1
        start, length = self._penalised(here, self.effects, precision), 1.0
        for _ in range(MOST_HALVINGS):
            coefficients, effects = self.coefficients + length * step[0], self.effects + length * step[1]
            further = self.passes.visit(coefficients, effects)
            if self._penalised(further, effects, precision) >= start - 1e-12 * abs(start):
                self.coefficients, self.effects = coefficients, effects
                return further
            length /= 2
        raise NotConvergedError(
            "no step, however short, raises the penalised likelihood of the shared frailty",
            hint="Rescale or drop the regressors with extreme values, or choose coarser groups.",
        )

    @staticmethod
    def _penalised(here: GroupRisks, effects: Floats, precision: float) -> float:
        return here.likelihood + precision * float((effects - np.expm1(effects)).sum())

    def marginal(self, here: GroupRisks, theta: float) -> float:
        """Return the marginal log-likelihood at the top of a variance."""
        penalised = self._penalised(here, self.effects, 1 / theta)
        return penalised + float(log_constants(self.events, 1 / theta).sum())

    def slope(self, log_theta: float) -> float:
        """Return the derivative of the marginal log-likelihood in the logarithm of the variance."""
        theta = float(np.exp(log_theta))
        self.top(theta)
        precision = 1 / theta
        gamma = digamma(precision + self.events) - digamma(precision) - np.log1p(self.events * theta)
        return -precision * float((self.effects - np.expm1(self.effects) + gamma).sum())


def log_constants(events: Floats, precision: float) -> Floats:
    """Return what each group adds to the penalised likelihood at its top to make it the marginal one."""
    whole = events - (precision + events) * np.log1p(events / precision)
    if precision < LARGE:
        constants: Floats = (
            whole - events * np.log(precision) + gammaln(precision + events) - gammaln(precision)
        )
        return constants
    series = 1 / (12 * (precision + events)) - 1 / (12 * precision)
    return np.asarray(whole + (precision + events - 0.5) * np.log1p(events / precision) - events + series)
