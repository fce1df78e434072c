"""A regression in terms of its sample's columns, solved from their cross-products alone."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from clusterpanel.models.arrays import Floats

RANK_TOLERANCE = 1e-10


@dataclass(frozen=True)
class Equation:
    """A regression: which combinations of the columns are its regressors and its residual.

    Attributes
    ----------
    names : tuple of str
        The regressors.
    coefficients : float array, shape (regressors,)
    bread : float array, shape (regressors, regressors)
        Inverse cross-products of the regressors (of their projections on the instruments).
    regressors : float array, shape (columns, regressors)
        What each regressor (its projection) is made of.
    residual : float array, shape (columns,)
        What the residual is made of.
    is_projected : bool
        The regressors are projections on instruments; the residual is that of the regressors themselves.
    """

    names: tuple[str, ...]
    coefficients: Floats
    bread: Floats
    regressors: Floats
    residual: Floats
    is_projected: bool = False

    def with_residual(self, residual: Floats) -> "Equation":
        """Return the same regressors with another residual, for the variance of another left-hand side."""
        return replace(self, residual=residual)


def least_squares(rest: Floats, names: Sequence[str], regressors: Floats, outcome: Floats) -> Equation:
    """Return the regression of one combination of columns on others.

    Parameters
    ----------
    rest : float array, shape (columns, columns)
        Cross-products of what the effects leave of the columns.
    names : sequence of str
    regressors : float array, shape (columns, regressors)
    outcome : float array, shape (columns,)
    """
    bread = scaled_inverse(regressors.T @ rest @ regressors)
    coefficients = bread @ (regressors.T @ (rest @ outcome))
    return Equation(tuple(names), coefficients, bread, regressors, outcome - regressors @ coefficients)


def two_stages(
    rest: Floats, names: Sequence[str], regressors: Floats, exogenous: Floats, outcome: Floats
) -> Equation:
    """Return two-stage least squares: projected regressors, and the residual of the regressors themselves.

    Parameters
    ----------
    rest : float array, shape (columns, columns)
    names : sequence of str
    regressors : float array, shape (columns, regressors)
    exogenous : float array, shape (columns, instruments and exogenous regressors)
    outcome : float array, shape (columns,)
    """
    projected = project_on(rest, regressors, exogenous)
    bread = scaled_inverse(projected.T @ rest @ projected)
    coefficients = bread @ (projected.T @ (rest @ outcome))
    residual = outcome - regressors @ coefficients
    return Equation(tuple(names), coefficients, bread, projected, residual, is_projected=True)


def project_on(rest: Floats, columns: Floats, onto: Floats) -> Floats:
    """Return the fitted values of some combinations of columns on others, as combinations."""
    if not onto.shape[1]:
        return np.zeros_like(columns)
    fitted: Floats = onto @ (scaled_inverse(onto.T @ rest @ onto) @ (onto.T @ (rest @ columns)))
    return fitted


def scaled_inverse(matrix: Floats) -> Floats:
    """Invert a positive definite matrix, scaled to a unit diagonal so that units do not matter."""
    scale = 1 / np.sqrt(np.diag(matrix))
    inverse = np.linalg.inv(matrix * np.outer(scale, scale)) * np.outer(scale, scale)
    symmetric: Floats = (inverse + inverse.T) / 2
    return symmetric


def weakest_direction(rest: Floats, columns: Floats, onto: Floats) -> tuple[float, Floats]:
    """Return the smallest squared canonical correlation of some columns with others, and its combination.

    The combination has unit variance; its largest entries name the columns that the others cannot tell apart.
    """
    gram = columns.T @ rest @ columns
    scale = 1 / np.sqrt(np.diag(gram))
    root = np.linalg.inv(np.linalg.cholesky(gram * np.outer(scale, scale)))
    fitted = project_on(rest, columns, onto)
    explained = fitted.T @ rest @ fitted * np.outer(scale, scale)
    values, vectors = np.linalg.eigh(root @ explained @ root.T)
    return float(values[0]), root.T @ vectors[:, 0]
