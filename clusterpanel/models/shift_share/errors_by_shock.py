"""Standard errors of Adao, Kolesar and Morales (2019): rows with similar shares have related errors.

Rows far apart share the same sectors, so their errors share the same sector shocks, and errors grouped by
place reject far too often. What is random are the shocks: with x the shift-share variable less controls and
effects, h its shocks, e the residual, w the weights and d the exposure,

    r_s = h_s * sum over rows of share_rs w_r e_r          (each sector's part of sum x w e)
    AKM:  variance = (sum over s of r_s^2) / (sum x w d)^2
    AKM0: the values b for which (sum x w (y - b d))^2 <= z^2 * sum over s of r_s(b)^2, with e = y - b d

AKM0 imposes the value that is tested and is the more reliable with few sectors (Quarterly Journal
of Economics 134). Its set may be unbounded or empty. Related shocks are added
up before they are squared.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from clusterpanel.models.arrays import Floats
from clusterpanel.models.instruments.confidence_set import ConfidenceSet, where_quadratic_is_at_most_zero
from clusterpanel.models.shift_share.shares import Shares


@dataclass(frozen=True)
class LeftRows:
    """What controls and effects leave of the columns of a shift-share regression.

    Attributes
    ----------
    outcome, exposure, variable : float array, shape (rows,)
        The variable is the shift-share one; the exposure is the same where nothing is endogenous.
    weights : float array, shape (rows,)
    """

    outcome: Floats
    exposure: Floats
    variable: Floats
    weights: Floats

    @property
    def first_stage(self) -> float:
        """Sum over rows of weight, variable and exposure."""
        return float(self.variable @ (self.weights * self.exposure))

    @property
    def estimate(self) -> float:
        """The coefficient of the exposure."""
        return float(self.variable @ (self.weights * self.outcome)) / self.first_stage

    @property
    def residuals(self) -> Floats:
        """Outcome less estimate times exposure; shape (rows,)."""
        residuals: Floats = self.outcome - self.estimate * self.exposure
        return residuals


def akm_error(left: LeftRows, shares: Shares, shocks: Floats) -> float:
    """Return the AKM standard error.

    Parameters
    ----------
    left : LeftRows
    shares : Shares
    shocks : float array, shape (sectors,)
        Those of the variable that is left.
    """
    parts = sector_parts(left.residuals, left, shares, shocks)
    return float(np.sqrt(parts @ parts) / abs(left.first_stage))


def akm0_set(left: LeftRows, shares: Shares, shocks: Floats, level: float) -> ConfidenceSet:
    """Return the values that the test with the null imposed does not reject: a quadratic inequality."""
    normal = float(ndtri((1 + level) / 2))
    fitted = sector_parts(left.residuals, left, shares, shocks)
    exposed = sector_parts(left.exposure, left, shares, shocks)
    # In terms of the distance from the estimate, at which the left side is 0.
    away = where_quadratic_is_at_most_zero(
        left.first_stage**2 - normal**2 * float(exposed @ exposed),
        2 * normal**2 * float(fitted @ exposed),
        -(normal**2) * float(fitted @ fitted),
        level,
    )
    return away.plus(left.estimate)


def akm0_p_value(left: LeftRows, shares: Shares, shocks: Floats, value: float = 0.0) -> float:
    """Return the two-sided p-value of a coefficient, the variance taken as if it were true."""
    gap = left.outcome - value * left.exposure
    parts = sector_parts(gap, left, shares, shocks)
    statistic = float(left.variable @ (left.weights * gap)) / np.sqrt(parts @ parts)
    return float(2 * ndtr(-abs(statistic)))


def sector_parts(errors: Floats, left: LeftRows, shares: Shares, shocks: Floats) -> Floats:
    """Return what each sector, or group of related sectors, adds to the sum of variable, weight and error."""
    return shares.add_up(shocks * shares.collect(left.weights * errors))
