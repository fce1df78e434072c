"""What a test of a panel model hands back."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from scipy.special import chdtrc, fdtrc, ndtr

from clusterpanel.errors import NotIdentifiedError
from clusterpanel.models.arrays import Floats

Distribution = Literal["chi2", "F", "normal"]

SINGULAR = 1e-12


@dataclass(frozen=True)
class PanelTest:
    """A test's statistic and what it is compared with.

    Attributes
    ----------
    name : str
    null : str
        What is tested, as a sentence.
    statistic : float
    distribution : "chi2", "F" or "normal"
    degrees_of_freedom : tuple of int
        One for chi2, two for F, none for the normal.
    p_value : float
    rule : str
        How it was computed, and after whom.
    doubt : str
        Why the statistic may mean little in this sample; empty where nothing speaks against it.
    """

    name: str
    null: str
    statistic: float
    distribution: Distribution
    degrees_of_freedom: tuple[int, ...]
    p_value: float
    rule: str
    doubt: str = ""


def chi2_test(name: str, null: str, statistic: float, degrees: int, rule: str) -> PanelTest:
    """Return a test whose statistic is chi-squared under the null."""
    p_value = float(chdtrc(degrees, statistic))
    return PanelTest(name, null, float(statistic), "chi2", (degrees,), p_value, rule)


def f_test(name: str, null: str, statistic: float, degrees: tuple[int, int], rule: str) -> PanelTest:
    """Return a test whose statistic is F under the null."""
    p_value = float(fdtrc(*degrees, statistic))
    return PanelTest(name, null, float(statistic), "F", degrees, p_value, rule)


def normal_test(name: str, null: str, statistic: float, rule: str, *, is_two_sided: bool) -> PanelTest:
    """Return a test whose statistic is standard normal under the null."""
    tail = abs(statistic) if is_two_sided else statistic
    p_value = float((2 if is_two_sided else 1) * ndtr(-tail))
    return PanelTest(name, null, float(statistic), "normal", (), p_value, rule)


class QuadraticForm(NamedTuple):
    """``d' inv(V) d``, and whether V is positive definite, without which it is no sum of squares."""

    value: float
    is_definite: bool


def quadratic_form(difference: Floats, covariance: Floats) -> QuadraticForm:
    """Return a difference's quadratic form, scaled so that units of money do not matter.

    Raises
    ------
    NotIdentifiedError
        The covariance cannot be inverted.
    """
    scale = 1 / np.sqrt(np.maximum(np.abs(np.diag(covariance)), np.finfo(np.float64).tiny))
    scaled = covariance * np.outer(scale, scale)
    roots = np.linalg.eigvalsh(scaled)
    if np.abs(roots).min() <= SINGULAR * np.abs(roots).max():
        raise NotIdentifiedError("the variance of what is tested is singular: the test is not defined")
    standard = difference * scale
    value = float(standard @ np.linalg.solve(scaled, standard))
    return QuadraticForm(value, bool(roots[0] > 0))
