"""Do the instruments agree? Sargan's test (homoskedastic errors) and Hansen's J (any others).

More instruments than endogenous regressors must all give the same answer, or some of them are no
instruments. The test cannot see instruments that are wrong in the same way.
"""

from dataclasses import dataclass

import numpy as np
from scipy import special

from clusterpanel.models.arrays import Floats
from clusterpanel.models.instruments.equation import Equation, scaled_inverse
from clusterpanel.models.instruments.parts import Parts


@dataclass(frozen=True)
class Overidentification:
    """A test of the restrictions that extra instruments bring.

    Attributes
    ----------
    name : str
        "Sargan" or "Hansen J".
    statistic : float
        Chi-squared in large samples.
    restrictions : int
        Its degrees of freedom.
    p_value : float
    """

    name: str
    statistic: float
    restrictions: int
    p_value: float


def plan_moments(parts: Parts, structural: Equation) -> Equation:
    """Return the equation whose scores are the moments: instruments times structural residuals."""
    beyond = parts.beyond_exogenous(parts.instruments)
    gram = beyond.T @ parts.rest @ beyond
    slopes = scaled_inverse(gram) @ (beyond.T @ parts.rest @ structural.residual)
    return Equation(parts.instruments, slopes, scaled_inverse(gram), beyond, structural.residual)


def sargan_test(parts: Parts, structural: Equation, rows: float) -> Overidentification | None:
    """Return Sargan's (1958) test, or nothing where there are no extra instruments.

    n times the share of the structural residuals' squares that the instruments explain.

    Parameters
    ----------
    parts : Parts
    structural : Equation
        Two-stage least squares.
    rows : float
        n; the weights' sum for frequency weights.
    """
    extra = len(parts.instruments) - len(parts.endogenous)
    if not extra:
        return None
    moments = plan_moments(parts, structural)
    score = moments.regressors.T @ parts.rest @ structural.residual
    explained = score @ moments.bread @ score
    squares = structural.residual @ parts.rest @ structural.residual
    return _result("Sargan", float(rows * explained / squares), extra)


def hansen_test(parts: Parts, meat: Floats) -> Overidentification | None:
    """Return Hansen's (1982, Econometrica 50) J of the efficient two-step estimator, or nothing.

    Parameters
    ----------
    parts : Parts
    meat : float array, shape (instruments, instruments)
        Variance of the sum of the moments of `plan_moments`, with the residuals of two-stage least squares.

    Notes
    -----
    Exogenous regressors are taken out of the instruments first, which changes neither the two-step
    estimator nor J (Frisch and Waugh).
    """
    extra = len(parts.instruments) - len(parts.endogenous)
    if not extra:
        return None
    beyond = parts.beyond_exogenous(parts.instruments)
    outcome = beyond.T @ parts.rest @ parts.outcome
    endogenous = beyond.T @ parts.rest @ parts.select(parts.endogenous)
    scale = 1 / np.sqrt(np.diag(meat))
    root = np.linalg.cholesky(meat * np.outer(scale, scale))
    outcome, endogenous = (np.linalg.solve(root, (side.T * scale).T) for side in (outcome, endogenous))
    slopes = np.linalg.lstsq(endogenous, outcome, rcond=None)[0]
    gap = outcome - endogenous @ slopes
    return _result("Hansen J", float(gap @ gap), extra)


def _result(name: str, statistic: float, restrictions: int) -> Overidentification:
    return Overidentification(name, statistic, restrictions, float(special.chdtrc(restrictions, statistic)))
