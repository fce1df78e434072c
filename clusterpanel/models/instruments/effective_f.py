"""The effective F statistic of Montiel Olea and Pflueger (2013) and the values it must exceed.

Two-stage least squares is biased towards least squares where instruments are weak. F of the first stage
measures how weak they are only if errors are homoskedastic; the effective F does so for any variance: with
p the slopes of the first stage, V their covariance and Q the cross-products of the instruments, F = p'Qp /
trace(VQ), after Montiel Olea and Pflueger (2013,
Journal of Business and Economic Statistics 31).

Its critical value at the tolerated bias tau (a share of a worst-case bias) is the upper quantile of a
noncentral chi-squared with K degrees of freedom and noncentrality K x over K (Patnaik's approximation),
with

    K = tr(W)^2 (1 + 2x) / (tr(W'W) + 2x tr(W) max eigenvalue(W)),     W = Q^1/2 V Q^1/2,     x = B/tau.

`simplified` takes the bound B = 1, conservative for both two-stage least squares and limited information
maximum likelihood; `generalised` takes the largest Nagar bias B of two-stage least
squares that the reduced form's own variance allows. With one instrument both are equal.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.stats import ncx2

from clusterpanel.errors import NotIdentifiedError
from clusterpanel.models.arrays import Floats
from clusterpanel.models.instruments.reduced_form import ReducedForm

TOLERATED_BIASES = (0.05, 0.1, 0.2, 0.3)
GRID = 361


@dataclass(frozen=True)
class EffectiveF:
    """How strong the instruments of one endogenous regressor are.

    Attributes
    ----------
    statistic : float
    simplified, generalised : mapping of float to float
        Critical value at each tolerated bias; a statistic above it rejects instruments that weak.
    significance : float
    """

    statistic: float
    simplified: dict[float, float]
    generalised: dict[float, float]
    significance: float


def measure_effective_f(form: ReducedForm, significance: float = 0.05) -> EffectiveF:
    """Return the effective F of the one endogenous regressor and its critical values.

    Raises
    ------
    NotIdentifiedError
        There are several endogenous regressors.
    """
    if len(form.endogenous) != 1:
        raise NotIdentifiedError(
            f"the effective F needs one endogenous regressor; there are {len(form.endogenous)}",
            hint="Look at each one's conditional F and at Cragg and Donald's statistic.",
        )
    half = np.linalg.cholesky(form.gram)
    weights = half.T @ form.covariances @ half
    slopes = form.slopes[1] @ half
    exposure = weights[1, 1]
    bound = largest_bias(weights)
    return EffectiveF(
        statistic=float(slopes @ slopes / np.trace(exposure)),
        simplified={tau: critical_value(exposure, 1 / tau, significance) for tau in TOLERATED_BIASES},
        generalised={tau: critical_value(exposure, bound / tau, significance) for tau in TOLERATED_BIASES},
        significance=significance,
    )


def critical_value(variance: Floats, noncentrality: float, significance: float) -> float:
    """Return the value that the effective F exceeds with probability `significance` at the boundary.

    Parameters
    ----------
    variance : float array, shape (instruments, instruments)
        W: covariance of the first stage's slopes on orthonormal instruments, in any unit.
    noncentrality : float
        x: the bound of the bias over the tolerated one.
    significance : float
    """
    trace = float(np.trace(variance))
    largest = float(np.linalg.eigvalsh(variance)[-1])
    squares = float((variance**2).sum())
    degrees = trace**2 * (1 + 2 * noncentrality) / (squares + 2 * noncentrality * trace * largest)
    return float(ncx2.ppf(1 - significance, degrees, degrees * noncentrality) / degrees)


def largest_bias(weights: Floats) -> float:
    """Return the largest Nagar bias of two-stage least squares over its benchmark, at any true coefficient.

    Parameters
    ----------
    weights : float array, shape (2, 2, instruments, instruments)
        Covariances of the slopes of outcome and endogenous regressor on orthonormal instruments, cross
        terms symmetric.

    Notes
    -----
    The coefficient runs over the whole line as the tangent of an angle, its unit chosen so that both
    equations vary alike; a grid finds the highest hill, and bounded search its top.
    """
    units = 1 / np.sqrt([np.trace(weights[0, 0]), np.trace(weights[1, 1])])
    weights = weights * np.multiply.outer(units, units)[:, :, None, None]

    angles = np.linspace(-np.pi / 2, np.pi / 2, GRID)
    best = angles[int(np.argmax(_biases(weights, angles)))]
    step = angles[1] - angles[0]
    found = minimize_scalar(
        lambda angle: -float(_biases(weights, np.array([angle]))[0]),
        bounds=(best - step, best + step),
        method="bounded",
        options={"xatol": 1e-9},
    )
    return max(-float(found.fun), float(_biases(weights, np.array([best]))[0]))


def _biases(weights: Floats, angles: Floats) -> Floats:
    """Return the bias over its benchmark at coefficients that are tangents of some angles."""
    cosine, sine = np.cos(angles), np.sin(angles)
    mixed = np.multiply.outer(cosine, weights[0, 1]) - np.multiply.outer(sine, weights[1, 1])
    spread = cosine**2 - 2 * sine * cosine * np.trace(weights[0, 1]) + sine**2
    ends = np.linalg.eigvalsh(mixed)[:, [0, -1]]
    bias = np.abs(np.trace(mixed, axis1=1, axis2=2)[:, None] - 2 * ends).max(axis=1)
    biases: Floats = np.where(spread > 0, bias / np.sqrt(np.where(spread > 0, spread, 1.0)), 0.0)
    return biases
