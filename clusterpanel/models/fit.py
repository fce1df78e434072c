"""What a regression hands back: coefficients, covariance, influence, and facts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from clusterpanel.models.arrays import Floats
from clusterpanel.models.collinear import Collinear
from clusterpanel.models.vcov.covariance import Covariance


@dataclass(frozen=True)
class Fit:
    """A fitted regression.

    Attributes
    ----------
    names : tuple of str
        The regressors that were kept.
    coefficients : float array, shape (regressors,)
    variance : Covariance
    collinear : tuple of Collinear
        What was dropped, and why.
    facts : mapping
        r2, deviance, iterations and the like.
    notes : tuple of str
        What a reader must know to read the coefficients.
    """

    names: tuple[str, ...]
    coefficients: Floats
    variance: Covariance
    collinear: tuple[Collinear, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def covariance(self) -> Floats:
        """The coefficients' covariance, shape (regressors, regressors)."""
        return self.variance.matrix

    @property
    def influence(self) -> Floats | None:
        """How far each group moves each coefficient, shape (groups, regressors)."""
        return self.variance.influence

    @property
    def degrees_of_freedom(self) -> float:
        """Of the t distribution; infinite for the normal."""
        return self.variance.degrees_of_freedom

    @property
    def rule(self) -> str:
        """The covariance's rule in words."""
        return self.variance.rule

    def table(self) -> pd.DataFrame:
        """Return one row per term, with two-sided p-values and 95 % intervals."""
        errors = np.sqrt(np.diag(self.covariance))
        table = coefficient_table(self.names, self.coefficients, errors, self.degrees_of_freedom)
        if self.variance.p_values is not None:
            table["p_value"] = self.variance.p_values
        if self.variance.intervals is not None:
            table[["conf_low", "conf_high"]] = self.variance.intervals
        return table


def coefficient_table(
    names: tuple[str, ...], estimates: Floats, errors: Floats, degrees_of_freedom: float
) -> pd.DataFrame:
    """Return term, estimate, std_error, statistic, p_value, conf_low and conf_high.

    A standard error of 0 has neither statistic nor p-value.
    """
    statistic = np.divide(estimates, errors, out=np.full(len(errors), np.nan), where=errors > 0)
    is_normal = np.isinf(degrees_of_freedom)
    width = float(ndtri(0.975) if is_normal else stdtrit(degrees_of_freedom, 0.975))
    tail = -np.abs(statistic)
    p_value = 2 * (ndtr(tail) if is_normal else stdtr(degrees_of_freedom, tail))
    return pd.DataFrame(
        {
            "term": list(names),
            "estimate": estimates,
            "std_error": errors,
            "statistic": statistic,
            "p_value": p_value,
            "conf_low": estimates - width * errors,
            "conf_high": estimates + width * errors,
        }
    )
