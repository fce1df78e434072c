"""Test restrictions on a result's coefficients, and estimate functions of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import chdtrc, fdtrc, ndtr, ndtri, stdtr, stdtrit

from clusterpanel.designs.forms import Dual, linear_form, value_and_slopes
from clusterpanel.errors import Fault, NotIdentifiedError, SpecError
from clusterpanel.models.arrays import Floats
from clusterpanel.models.result import Result

CONSTANT = "constant"
RANK_TOLERANCE = 1e-10


@dataclass(frozen=True)
class WaldTest:
    """A joint test of linear restrictions.

    Attributes
    ----------
    restrictions : tuple of str
    statistic : float
        Under the restrictions distributed as `distribution` says.
    degrees_of_freedom : int
        The number of restrictions.
    denominator_degrees : float or None
        Of F; None for chi-squared.
    p_value : float
    distribution : {"F", "chi2"}
    """

    restrictions: tuple[str, ...]
    statistic: float
    degrees_of_freedom: int
    denominator_degrees: float | None
    p_value: float
    distribution: Literal["F", "chi2"]


@dataclass(frozen=True)
class Combination:
    """A function of coefficients with its standard error.

    Attributes
    ----------
    expression : str
    estimate, std_error, statistic, p_value, conf_low, conf_high : float
        The p-value is two-sided, of the expression being 0; the interval holds it with probability `level`.
    degrees_of_freedom : float or None
        Of t; None for the normal distribution.
    distribution : {"t", "normal"}
    level : float
    """

    expression: str
    estimate: float
    std_error: float
    statistic: float
    p_value: float
    conf_low: float
    conf_high: float
    degrees_of_freedom: float | None
    distribution: Literal["t", "normal"]
    level: float


def wald(
    result: Result,
    restrictions: str | Sequence[str] | Floats | None = None,
    values: Sequence[float] | Floats | None = None,
    distribution: Literal["F", "chi2"] | None = None,
) -> WaldTest:
    """Test linear restrictions together.

    Parameters
    ----------
    result : Result
    restrictions : str, sequence of str, or float array of shape (restrictions, terms), or None
        Texts such as ``"age"`` (is 0), ``"x1 = x2"`` and ``"x1 + x2 = 1"``; or a matrix, its columns in the
        order of the result's terms. None: every coefficient but the constant is 0. Names that hold more than
        letters, digits, ``_``, ``.`` and ``:`` stand in backticks.
    values : sequence of float, optional
        Beside a matrix, what its products with the coefficients are to be; 0 unless told.
    distribution : {"F", "chi2"}, optional
        F where the result's variance has degrees of freedom, else chi-squared.

    Raises
    ------
    SpecError
        A restriction cannot be read, is not linear, or the result has no variance.
    NotIdentifiedError
        Restrictions repeat each other, or are more than the variance can tell apart (more than groups, say).

    Notes
    -----
    With b the coefficients, V their variance, R b = r the restrictions and q their number,
    W = (R b - r)' (R V R')^-1 (R b - r) is chi-squared with q degrees of freedom, and W / q is F with q and
    the variance's degrees of freedom (G - 1 of G groups), as in R fixest's wald and Stata's test.

    Examples
    --------
    >>> import pandas as pd
    >>> result = Result("any", pd.DataFrame({"term": ["x"], "estimate": [2.0]}), None,
    ...                 covariance=pd.DataFrame([[1.0]], ["x"], ["x"]))
    >>> wald(result, "x").statistic
    4.0
    """
    terms, estimates, covariance = _moments(result)
    weights, gaps, texts = _restrictions(terms, estimates, restrictions, values)
    variance = weights @ covariance @ weights.T
    _check_rank(variance, weights, texts)
    statistic = float(gaps @ np.linalg.solve(variance, gaps))
    count, degrees = len(gaps), _degrees(result)
    if distribution == "chi2" or (distribution is None and degrees is None):
        return WaldTest(texts, statistic, count, None, float(chdtrc(count, statistic)), "chi2")
    if degrees is None:
        fault = Fault(result.label, "distribution", '"F"', '"chi2": the variance has no degrees of freedom')
        raise SpecError("the test has no F distribution", faults=[fault])
    p_value = float(fdtrc(count, degrees, statistic / count))
    return WaldTest(texts, statistic / count, count, degrees, p_value, "F")


def lincom(result: Result, expression: str, level: float = 0.95) -> Combination:
    """Estimate a linear combination of coefficients, such as ``"x1 - 2*x2"``.

    With ``=`` it is the left side less the right: ``"x1 = x2"`` estimates their difference and tests it.

    Raises
    ------
    SpecError
        The expression cannot be read, is not linear, or the result has no variance.
    """
    terms, estimates, covariance = _moments(result)
    weights, constant = linear_form(expression, terms)
    at = Dual(float(weights @ estimates + constant), weights)
    return _combination(result, expression, at, covariance, level)


def nlcom(result: Result, expression: str, level: float = 0.95) -> Combination:
    """Estimate a smooth function of coefficients, such as ``"x1 / x2"``, by the delta method.

    The grammar is closed: terms, numbers, ``+ - * / ^``, brackets, ``log``, ``exp`` and ``sqrt``. Derivatives
    are exact. The interval is symmetric around the estimate, so that another way of writing the same
    restriction gives another test (Gregory and Veall 1985, Econometrica 53).

    Raises
    ------
    SpecError
        The expression cannot be read or has no derivative at the estimates, or the result has no variance.
    """
    terms, estimates, covariance = _moments(result)
    at = value_and_slopes(expression, terms, estimates)
    return _combination(result, expression, at, covariance, level)


def _moments(result: Result) -> tuple[tuple[str, ...], Floats, Floats]:
    """Return the result's terms, estimates and variance matrix, in the order of its terms."""
    if result.covariance is None:
        fault = Fault(result.label, "", "a result without variance matrix", "one of a regression")
        raise SpecError("no restriction can be tested", faults=[fault])
    terms = tuple(map(str, result.estimate["term"]))
    matrix = result.covariance.loc[list(terms), list(terms)]
    return terms, result.estimate["estimate"].to_numpy(np.float64), matrix.to_numpy(np.float64)


def _degrees(result: Result) -> float | None:
    degrees = result.glance.get("degrees_of_freedom")
    return None if degrees is None or np.isinf(degrees) else float(degrees)


def _restrictions(
    terms: tuple[str, ...],
    estimates: Floats,
    restrictions: str | Sequence[str] | Floats | None,
    values: Sequence[float] | Floats | None,
) -> tuple[Floats, Floats, tuple[str, ...]]:
    """Return the restrictions' weights, how far the estimates are from them, and their texts."""
    if isinstance(restrictions, np.ndarray):
        return _of_matrix(terms, estimates, np.atleast_2d(restrictions).astype(np.float64), values)
    if values is not None:
        fault = Fault("restrictions", "values", "values beside texts", 'none: "x1 + x2 = 1" says it')
        raise SpecError("the restrictions cannot be read", faults=[fault])
    if restrictions is None:
        return _of_terms(terms, estimates)
    texts = (restrictions,) if isinstance(restrictions, str) else tuple(restrictions)
    forms = [linear_form(text, terms) for text in texts]
    weights = np.array([form for form, _ in forms]).reshape(len(texts), len(terms))
    return weights, weights @ estimates + np.array([constant for _, constant in forms]), texts


def _of_terms(terms: tuple[str, ...], estimates: Floats) -> tuple[Floats, Floats, tuple[str, ...]]:
    chosen = [place for place, term in enumerate(terms) if term != CONSTANT]
    return np.eye(len(terms))[chosen], estimates[chosen], tuple(terms[place] for place in chosen)


def _of_matrix(
    terms: tuple[str, ...], estimates: Floats, matrix: Floats, values: Sequence[float] | Floats | None
) -> tuple[Floats, Floats, tuple[str, ...]]:
    wanted = np.zeros(len(matrix)) if values is None else np.atleast_1d(np.asarray(values, dtype=np.float64))
    if matrix.shape[1] != len(terms) or wanted.shape != (len(matrix),):
        came = f"a matrix of shape {matrix.shape} and {wanted.size} values"
        fault = Fault("restrictions", "", came, f"{len(terms)} columns and a value for each row")
        raise SpecError("the restrictions cannot be read", faults=[fault])
    texts = tuple(
        f"{' + '.join(f'{w:g}*{term}' for w, term in zip(row, terms, strict=True) if w)} = {value:g}"
        for row, value in zip(matrix, wanted, strict=True)
    )
    return matrix, matrix @ estimates - wanted, texts


def _check_rank(variance: Floats, weights: Floats, texts: Sequence[str]) -> None:
    """Refuse restrictions whose joint variance is singular: their statistic would be noise over noise."""
    if len(texts) == 0:
        raise SpecError("no restriction is given", hint="Name at least one term.")
    scale = np.sqrt(np.diag(variance))
    is_sound = bool(np.isfinite(variance).all()) and bool((scale > 0).all())
    correlation = variance / np.outer(scale, scale) if is_sound else variance
    # A variance by several ways can have negative roots, which no test allows.
    rank = int((np.linalg.eigvalsh(correlation) > RANK_TOLERANCE * len(texts)).sum()) if is_sound else 0
    if rank < len(texts):
        is_repeated = int(np.linalg.matrix_rank(weights)) < len(texts)
        hint = (
            "Some restrictions follow from others: leave them out."
            if is_repeated
            else "Test fewer restrictions, or group errors by a column of more values."
        )
        message = f"{len(texts)} restrictions, of which the variance tells {rank} apart"
        raise NotIdentifiedError(message, hint=hint)


def _combination(result: Result, expression: str, at: Dual, covariance: Floats, level: float) -> Combination:
    if not 0 < level < 1:
        fault = Fault("restriction", "level", f"{level:g}", "a probability between 0 and 1")
        raise SpecError("the interval cannot be computed", faults=[fault])
    error = float(np.sqrt(at.slopes @ covariance @ at.slopes))
    degrees = _degrees(result)
    statistic = at.value / error if error > 0 else np.nan
    tail = 0.5 + level / 2
    width = error * float(ndtri(tail) if degrees is None else stdtrit(degrees, tail))
    below = -abs(statistic)
    p_value = 2 * float(ndtr(below) if degrees is None else stdtr(degrees, below))
    kind: Literal["t", "normal"] = "normal" if degrees is None else "t"
    low, high = at.value - width, at.value + width
    return Combination(
        expression, at.value, error, float(statistic), p_value, low, high, degrees, kind, level
    )
