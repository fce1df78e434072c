"""The reduced form: outcome and endogenous regressors on the instruments, one variance for all."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from clusterpanel.errors import NotIdentifiedError
from clusterpanel.models.arrays import Floats
from clusterpanel.models.instruments.equation import Equation, least_squares
from clusterpanel.models.instruments.parts import Parts
from clusterpanel.models.vcov.covariance import Covariance

RANK_TOLERANCE = 1e-12


@dataclass(frozen=True)
class ReducedForm:
    """Slopes on the instruments, effects and exogenous regressors taken out.

    Attributes
    ----------
    instruments, endogenous : tuple of str
    slopes : float array, shape (1 + endogenous, instruments)
        The outcome's slopes, then those of each endogenous regressor.
    covariances : float array, shape (1 + endogenous, 1 + endogenous, instruments, instruments)
        Of the slopes; between different equations the symmetric part, which is all that the variance of a
        combination of equations needs.
    gram : float array, shape (instruments, instruments)
        Cross-products of what effects and exogenous regressors leave of the instruments.
    degrees_of_freedom : float
        Of the variance; infinite for a normal limit.
    rule : str
        The variance's rule in words.
    """

    instruments: tuple[str, ...]
    endogenous: tuple[str, ...]
    slopes: Floats
    covariances: Floats
    gram: Floats
    degrees_of_freedom: float
    rule: str

    def gap(self, values: Floats) -> Floats:
        """Return the outcome's slopes less `values` times the endogenous regressors'; 0 if they are true."""
        gap: Floats = _signs(values) @ self.slopes
        return gap

    def gap_covariance(self, values: Floats) -> Floats:
        """Return the covariance of `gap`."""
        signs = _signs(values)
        covariance: Floats = np.einsum("a,b,abij->ij", signs, signs, self.covariances)
        return covariance


def plan_reduced_form(parts: Parts) -> tuple[Equation, ...]:
    """Return the equations whose variances make the reduced form's: each left-hand side, and sums of two.

    A variance that is a quadratic form in the residuals gives the covariance of two equations by
    polarisation: with residuals u and v in units of their own, C(u, v) + C(v, u) = V(u + v) - V(u) - V(v).
    So every variance that a single equation has, the whole reduced form has.
    """
    own = _own_equations(parts)
    units = _units(parts, own)
    sums = [
        own[first].with_residual(own[first].residual / units[first] + own[second].residual / units[second])
        for first, second in _pairs(len(own))
    ]
    return (*own, *sums)


def join_reduced_form(parts: Parts, covariances: Sequence[Covariance]) -> ReducedForm:
    """Return the reduced form from the covariances of the equations of `plan_reduced_form`."""
    own, count = _own_equations(parts), len(parts.instruments)
    units = _units(parts, own)
    excluded = [covariance.matrix[:count, :count] for covariance in covariances]
    joint = np.empty((len(own), len(own), count, count))
    for place in range(len(own)):
        joint[place, place] = excluded[place]
    for (first, second), together in zip(_pairs(len(own)), excluded[len(own) :], strict=True):
        alone = excluded[first] / units[first] ** 2 + excluded[second] / units[second] ** 2
        joint[first, second] = joint[second, first] = (together - alone) / 2 * units[first] * units[second]
    beyond = parts.beyond_exogenous(parts.instruments)
    return ReducedForm(
        instruments=parts.instruments,
        endogenous=parts.endogenous,
        slopes=np.array([equation.coefficients[:count] for equation in own]),
        covariances=joint,
        gram=beyond.T @ parts.rest @ beyond,
        degrees_of_freedom=covariances[0].degrees_of_freedom,
        rule=covariances[0].rule,
    )


def _own_equations(parts: Parts) -> list[Equation]:
    regressors = parts.select(parts.first_stage)
    sides = np.column_stack([parts.outcome, parts.select(parts.endogenous)])
    return [least_squares(parts.rest, parts.first_stage, regressors, side) for side in sides.T]


def _units(parts: Parts, equations: Sequence[Equation]) -> Floats:
    squares = np.array([equation.residual @ parts.rest @ equation.residual for equation in equations])
    return np.sqrt(np.where(squares > 0, squares, 1.0))


def _pairs(size: int) -> list[tuple[int, int]]:
    return list(combinations(range(size), 2))


def wald(estimates: Floats, covariance: Floats, what: str) -> float:
    """Return the Wald statistic of the hypothesis that all estimates are 0.

    Raises
    ------
    NotIdentifiedError
        The covariance is singular, as with fewer groups than estimates.
    """
    diagonal = np.diag(covariance)
    scale = 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    correlation = covariance * np.outer(scale, scale)
    if (diagonal <= 0).any() or np.linalg.cond(correlation) > 1 / RANK_TOLERANCE:
        raise NotIdentifiedError(
            f"{what} has no test: the variance of its {len(estimates)} slopes is singular",
            hint="Use fewer instruments, or a variance with more groups than instruments.",
        )
    scaled = estimates * scale
    return float(scaled @ np.linalg.solve(correlation, scaled))


def _signs(values: Floats) -> Floats:
    return np.concatenate([[1.0], -np.atleast_1d(np.asarray(values, dtype=np.float64))])
