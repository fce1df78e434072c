"""Are the regressors endogenous? The Durbin-Wu-Hausman test in its control-function form.

The first stages' residuals hold what of the endogenous regressors the instruments do not move. Beside the
regressors themselves they have slope 0 if least squares is consistent (Wu 1973, Econometrica 41; Hausman
1978, Econometrica 46). The Wald test of these slopes takes any variance.
"""

from dataclasses import dataclass

import numpy as np

from clusterpanel.models.arrays import Floats
from clusterpanel.models.instruments.anderson_rubin import f_tail
from clusterpanel.models.instruments.equation import RANK_TOLERANCE, Equation, least_squares, project_on
from clusterpanel.models.instruments.parts import Parts
from clusterpanel.models.instruments.reduced_form import wald


@dataclass(frozen=True)
class Endogeneity:
    """The Durbin-Wu-Hausman test.

    Attributes
    ----------
    statistic : float
        F: the Wald statistic over the number of endogenous regressors.
    endogenous : int
        Numerator degrees of freedom.
    degrees_of_freedom : float
        Denominator degrees of freedom; infinite for chi-squared.
    p_value : float
    """

    statistic: float
    endogenous: int
    degrees_of_freedom: float
    p_value: float


def plan_endogeneity(parts: Parts) -> Equation | None:
    """Return the outcome on regressors and first-stage residuals; nothing if a first stage fits perfectly."""
    endogenous = parts.select(parts.endogenous)
    left = endogenous - project_on(parts.rest, endogenous, parts.select(parts.first_stage))
    gram = left.T @ parts.rest @ left
    before = np.diag(endogenous.T @ parts.rest @ endogenous)
    scaled = gram / np.sqrt(np.outer(before, before))
    if np.linalg.eigvalsh(scaled)[0] <= RANK_TOLERANCE:
        return None
    names = tuple(f"first-stage residual of {name}" for name in parts.endogenous)
    regressors = np.column_stack([left, parts.select(parts.regressors)])
    return least_squares(parts.rest, (*names, *parts.regressors), regressors, parts.outcome)


def endogeneity_test(equation: Equation, endogenous: int, covariance: Floats, degrees: float) -> Endogeneity:
    """Test that the first-stage residuals have no slope.

    Parameters
    ----------
    equation : Equation
        Of `plan_endogeneity`.
    endogenous : int
        The number of endogenous regressors.
    covariance : float array, shape (regressors, regressors)
    degrees : float
        Of the covariance.

    Raises
    ------
    NotIdentifiedError
        The covariance is singular.
    """
    slopes, spread = equation.coefficients[:endogenous], covariance[:endogenous, :endogenous]
    statistic = wald(slopes, spread, "the endogeneity of the regressors") / endogenous
    return Endogeneity(statistic, endogenous, degrees, f_tail(statistic, endogenous, degrees))
