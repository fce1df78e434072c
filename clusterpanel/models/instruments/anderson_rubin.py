"""The Anderson-Rubin test, which holds however weak the instruments are, and the set of values it keeps.

If b is the true effect of x on y, the instruments say nothing of y - x b beyond the exogenous regressors,
so their slopes in its reduced form are 0 (Anderson and Rubin 1949, Annals of Mathematical Statistics 20).
Both slopes g(b) and their covariance V(b) come from the reduced form with the fit's own variance
(Chernozhukov and Hansen 2008, Economics Letters 100), and g and V are polynomials in b of degree one and
two.

The set is inverted exactly. With k the critical value, g' V^-1 g = k where the determinant of [[V(b),
g(b)], [g(b)', k]] is 0: a quadratic eigenvalue problem whose real roots are the only places where the test
can change its mind.
"""

from dataclasses import dataclass

import numpy as np
from scipy import linalg, special

from clusterpanel.errors import NotIdentifiedError
from clusterpanel.models.arrays import Floats
from clusterpanel.models.instruments.confidence_set import ConfidenceSet, where_at_most_zero
from clusterpanel.models.instruments.reduced_form import ReducedForm, wald

# Roots farther out than this, in units in which both reduced forms vary alike, are at infinity.
FARTHEST_ROOT = 1e10


@dataclass(frozen=True)
class AndersonRubin:
    """A test of one value for each endogenous coefficient.

    Attributes
    ----------
    values : float array, shape (endogenous,)
        What was tested.
    statistic : float
        F: the Wald statistic over the number of instruments.
    instruments : int
        Numerator degrees of freedom.
    degrees_of_freedom : float
        Denominator degrees of freedom; infinite for chi-squared.
    p_value : float
    """

    values: Floats
    statistic: float
    instruments: int
    degrees_of_freedom: float
    p_value: float


def anderson_rubin_test(form: ReducedForm, values: Floats | float = 0.0) -> AndersonRubin:
    """Test that the endogenous coefficients have some values.

    Parameters
    ----------
    form : ReducedForm
    values : float array, shape (endogenous,), or float
        A float stands for all.

    Raises
    ------
    NotIdentifiedError
        The variance of the reduced form is singular.
    """
    values = np.broadcast_to(np.asarray(values, dtype=np.float64), (len(form.endogenous),))
    count = len(form.instruments)
    statistic = wald(form.gap(values), form.gap_covariance(values), "the reduced form") / count
    p_value = f_tail(statistic, count, form.degrees_of_freedom)
    return AndersonRubin(values, statistic, count, form.degrees_of_freedom, p_value)


def anderson_rubin_set(form: ReducedForm, level: float = 0.95) -> ConfidenceSet:
    """Return the values of the one endogenous coefficient that the test does not reject.

    Raises
    ------
    NotIdentifiedError
        There are several endogenous regressors, or the variance of the reduced form is singular.
    """
    if len(form.endogenous) != 1:
        raise NotIdentifiedError(
            f"an Anderson-Rubin set needs one endogenous regressor; there are {len(form.endogenous)}",
            hint="Test values of all coefficients at once with `anderson_rubin_test`.",
        )
    count = len(form.instruments)
    limit = count * f_quantile(level, count, form.degrees_of_freedom)
    unit, form = _in_like_units(form)
    constant, linear, square = form.covariances[0, 0], -2 * form.covariances[0, 1], form.covariances[1, 1]
    breaks = _real_parts_of_roots(
        _bordered(constant, form.slopes[0], limit),
        _bordered(linear, -form.slopes[1], 0.0),
        _bordered(square, np.zeros(count), 0.0),
    )

    def excess(value: float) -> float:
        point = np.array([value])
        return wald(form.gap(point), form.gap_covariance(point), "the reduced form") - limit

    at_infinity = wald(form.slopes[1], square, "the first stage") - limit
    return where_at_most_zero(excess, breaks, at_infinity, level).times(unit)


def f_tail(statistic: float, numerator: int, denominator: float) -> float:
    """Return the upper tail of F; of chi-squared over its degrees of freedom if the second are infinite."""
    if np.isinf(denominator):
        return float(special.chdtrc(numerator, statistic * numerator))
    return float(special.fdtrc(numerator, denominator, statistic))


def f_quantile(level: float, numerator: int, denominator: float) -> float:
    """Return the value that F exceeds with probability ``1 - level``."""
    if np.isinf(denominator):
        return float(special.chdtri(numerator, 1 - level)) / numerator
    return float(special.fdtri(numerator, denominator, level))


def _in_like_units(form: ReducedForm) -> tuple[float, ReducedForm]:
    """Return outcome per endogenous regressor, and the reduced form in which both vary alike."""
    outcome, exposure = (float(np.sqrt(np.trace(form.covariances[k, k] @ form.gram))) for k in (0, 1))
    half = np.linalg.cholesky(form.gram)
    units = np.array([1 / outcome, 1 / exposure])
    slopes = (form.slopes @ half) * units[:, None]
    covariances = half.T @ form.covariances @ half * np.multiply.outer(units, units)[:, :, None, None]
    scaled = ReducedForm(
        form.instruments,
        form.endogenous,
        slopes,
        covariances,
        np.eye(len(half)),
        form.degrees_of_freedom,
        form.rule,
    )
    return outcome / exposure, scaled


def _bordered(block: Floats, border: Floats, corner: float) -> Floats:
    return np.block([[block, border[:, None]], [border[None, :], np.array([[corner]])]])


def _real_parts_of_roots(constant: Floats, linear: Floats, square: Floats) -> Floats:
    """Return the real parts of the finite b where ``constant + b linear + b^2 square`` is singular."""
    size = len(constant)
    nothing, one = np.zeros((size, size)), np.eye(size)
    left = np.block([[nothing, one], [-constant, -linear]])
    right = np.block([[one, nothing], [nothing, square]])
    above, below = linalg.eigvals(left, right, homogeneous_eigvals=True)
    finite = np.abs(above) < FARTHEST_ROOT * np.abs(below)
    roots: Floats = np.real(above[finite] / below[finite])
    return roots
