"""The first stages: what the instruments explain of each endogenous regressor."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from clusterpanel.models.arrays import Floats
from clusterpanel.models.fit import coefficient_table
from clusterpanel.models.instruments.anderson_rubin import f_tail
from clusterpanel.models.instruments.equation import Equation, project_on, two_stages, weakest_direction
from clusterpanel.models.instruments.parts import Parts
from clusterpanel.models.instruments.reduced_form import wald


@dataclass(frozen=True)
class FirstStage:
    """One endogenous regressor on the instruments and exogenous regressors.

    Attributes
    ----------
    endogenous : str
    names : tuple of str
        The excluded instruments, then the exogenous regressors.
    coefficients : float array, shape (names,)
    covariance : float array, shape (names, names)
        By the fit's variance.
    degrees_of_freedom : float
        Of the covariance.
    instruments : int
        How many of the names are excluded instruments.
    f_classic : float
        F of the excluded instruments with homoskedastic errors, on `instruments` and `rows_left` degrees of
        freedom.
    f_classic_p_value : float
    rows_left : float
        Rows less parameters.
    f_same_variance : float
        F by the fit's variance; with one endogenous regressor also Kleibergen and Paap's rk Wald F.
    f_same_variance_p_value : float
    f_conditional : float
        Sanderson and Windmeijer's F, what the instruments say of this regressor once they have explained
        the others (homoskedastic); `f_classic` where there are no others.
    partial_r2 : float
        Share of what exogenous regressors and effects leave that the instruments explain.
    """

    endogenous: str
    names: tuple[str, ...]
    coefficients: Floats
    covariance: Floats
    degrees_of_freedom: float
    instruments: int
    f_classic: float
    f_classic_p_value: float
    rows_left: float
    f_same_variance: float
    f_same_variance_p_value: float
    f_conditional: float
    partial_r2: float

    def table(self) -> pd.DataFrame:
        """Return one row per instrument and exogenous regressor, as a fit's table."""
        errors = np.sqrt(np.diag(self.covariance))
        return coefficient_table(self.names, self.coefficients, errors, self.degrees_of_freedom)


def describe_first_stage(
    parts: Parts,
    endogenous: str,
    equation: Equation,
    covariance: Floats,
    *,
    degrees: float,
    rows_left: float,
) -> FirstStage:
    """Return the first stage of one endogenous regressor.

    Parameters
    ----------
    parts : Parts
    endogenous : str
    equation : Equation
        The regressor on `parts.first_stage`.
    covariance : float array
        Of the equation's coefficients, by the fit's variance.
    degrees : float
        Of the covariance.
    rows_left : float
        Rows less parameters of the first stage.

    Raises
    ------
    NotIdentifiedError
        The covariance of the instruments' slopes is singular.
    """
    count = len(parts.instruments)
    beyond = parts.beyond_exogenous((endogenous,))[:, 0]
    left, total = (float(side @ parts.rest @ side) for side in (equation.residual, beyond))
    classic = (total - left) / count / (left / rows_left) if left > 0 else np.inf
    same = (
        wald(equation.coefficients[:count], covariance[:count, :count], f"the first stage of {endogenous}")
        / count
    )
    return FirstStage(
        endogenous=endogenous,
        names=equation.names,
        coefficients=equation.coefficients,
        covariance=covariance,
        degrees_of_freedom=degrees,
        instruments=count,
        f_classic=classic,
        f_classic_p_value=f_tail(classic, count, rows_left),
        rows_left=rows_left,
        f_same_variance=same,
        f_same_variance_p_value=f_tail(same, count, degrees),
        f_conditional=conditional_f(parts, endogenous, rows_left),
        partial_r2=1 - left / total,
    )


def conditional_f(parts: Parts, endogenous: str, rows_left: float) -> float:
    """Return Sanderson and Windmeijer's (2016, Journal of Econometrics 190) conditional F.

    The regressor less its two-stage least-squares fit on the other endogenous regressors is regressed on the
    instruments; the other coefficients cost as many degrees of freedom. Homoskedastic errors.
    """
    others = tuple(name for name in parts.endogenous if name != endogenous)
    instruments = parts.beyond_exogenous(parts.instruments)
    side = parts.beyond_exogenous((endogenous,))[:, 0]
    if others:
        side = two_stages(parts.rest, others, parts.beyond_exogenous(others), instruments, side).residual
    fitted = project_on(parts.rest, side[:, None], instruments)[:, 0]
    explained = float(fitted @ parts.rest @ fitted)
    left = float(side @ parts.rest @ side) - explained
    return explained / (len(parts.instruments) - len(others)) / (left / rows_left) if left > 0 else np.inf


def cragg_donald(parts: Parts, rows_left: float) -> float:
    """Return Cragg and Donald's (1993, Econometric Theory 9) statistic: the least F over all combinations.

    The smallest eigenvalue of the endogenous regressors' explained cross-products in units of the
    unexplained, per instrument; with one endogenous regressor, its F. Homoskedastic errors; Stock and
    Yogo's tables apply to it.
    """
    share, _ = weakest_direction(
        parts.rest, parts.beyond_exogenous(parts.endogenous), parts.beyond_exogenous(parts.instruments)
    )
    odds = share / (1 - share) if share < 1 else np.inf
    return float(odds * rows_left / len(parts.instruments))
