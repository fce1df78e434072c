"""What a regression hands back: coefficients, covariance, influence, and facts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from clusterpanel.models.arrays import Floats
from clusterpanel.models.collinear import Collinear


@dataclass(frozen=True)
class Fit:
    """A fitted regression.

    Attributes
    ----------
    names : tuple of str
        The regressors that were kept.
    coefficients : float array, shape (regressors,)
    covariance : float array, shape (regressors, regressors)
    influence : float array, shape (groups, regressors), or None
        Its columns' outer product is the covariance; None where errors are not grouped.
    degrees_of_freedom : float
        Of the t distribution; infinite for the normal.
    rule : str
        The covariance's rule in words.
    collinear : tuple of Collinear
        What was dropped, and why.
    facts : mapping
        r2, deviance, iterations and the like.
    """

    names: tuple[str, ...]
    coefficients: Floats
    covariance: Floats
    influence: Floats | None
    degrees_of_freedom: float
    rule: str
    collinear: tuple[Collinear, ...]
    facts: Mapping[str, Any]

    def table(self) -> pd.DataFrame:
        """Return one row per term, with two-sided p-values and 95 % intervals."""
        errors = np.sqrt(np.diag(self.covariance))
        return coefficient_table(self.names, self.coefficients, errors, self.degrees_of_freedom)


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
