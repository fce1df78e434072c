"""What every fitted regression looks like near its solution, row by row: all that a variance needs."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Protocol

import numpy as np

from clusterpanel.models.arrays import Floats, Levels, ModelArrays

Estimator = Literal["least squares", "likelihood", "instruments"]


class Inverse(Protocol):
    """A solver of the effects other than the firm's that can say its whole inverse."""

    def inverse(self) -> Floats:
        """Return a symmetric generalised inverse, shape (levels, levels), zeros where collinear."""


@dataclass(frozen=True)
class EffectRows:
    """The absorbed effects, row by row: leverages, the jackknife and the wild bootstrap need them.

    Attributes
    ----------
    firms : int32 array, shape (rows,), or None
        Codes of the firms that have an effect or slopes of their own; None where none is absorbed.
    absorbs_firm : bool
        Whether each firm has an effect of its own.
    basis : float array, shape (rows, slopes)
        The variables on which each firm has a slope of its own.
    effects : int32 array, shape (rows, kinds)
        The level of each other effect, each counted on from the effect before.
    loads : float array, shape (rows, kinds), or None
        What each level's dummy is multiplied with; None where that is 1 throughout.
    levels : int
        Of all effects but the firm's.
    solver : Inverse or None
        Inverts the effects' weighted cross-products once the firms are out; None: they are made and
        inverted here.
    """

    firms: Levels | None
    absorbs_firm: bool
    basis: Floats
    effects: Levels
    loads: Floats | None
    levels: int
    solver: Inverse | None = None

    @classmethod
    def of(cls, arrays: ModelArrays, solver: Inverse | None = None) -> "EffectRows | None":
        """Return the effects of a sample, or None where it absorbs nothing."""
        has_firms = arrays.absorbs_firm or bool(arrays.firm_slopes)
        if not has_firms and not arrays.effects:
            return None
        offsets = np.cumsum([0, *arrays.effect_levels[:-1]])
        kinds = [
            effect.codes + np.int32(below) for effect, below in zip(arrays.effects, offsets, strict=False)
        ]
        loads = None
        if any(effect.loads is not None for effect in arrays.effects):
            ones = np.ones(arrays.rows)
            loads = np.column_stack([ones if e.loads is None else e.loads for e in arrays.effects])
        return cls(
            firms=arrays.firms.codes if has_firms else None,
            absorbs_firm=arrays.absorbs_firm,
            basis=np.column_stack(arrays.firm_slopes) if arrays.firm_slopes else np.empty((arrays.rows, 0)),
            effects=np.column_stack(kinds) if kinds else np.empty((arrays.rows, 0), dtype=np.int32),
            loads=loads,
            levels=arrays.levels,
            solver=solver,
        )


@dataclass(frozen=True)
class Linearised:
    """A regression at its solution, as the weighted least squares that it is there.

    Least squares, two-stage least squares and generalised linear models at their maximum all have
    scores ``weights * residuals * regressors`` and a bread that is the inverse of the regressors' weighted
    cross-products, so that one set of variances serves all of them.

    Attributes
    ----------
    names : tuple of str
        The coefficients.
    coefficients : float array, shape (coefficients,)
    bread : float array, shape (coefficients, coefficients)
        ``inv(regressors' W regressors)``.
    regressors : float array, shape (rows, coefficients)
        What the effects leave of the regressors; with instruments, of their projections on these.
    residuals : float array, shape (rows,)
        Working residuals where the model is not linear.
    weights : float array, shape (rows,), or None
        The given weights times the working ones; None where all are 1.
    frequencies : float array, shape (rows,), or None
        How many equal rows each row stands for; contained in `weights`.
    effects : EffectRows or None
        What was absorbed; None where nothing was.
    estimator : "least squares", "likelihood" or "instruments"
        Some variances are defined, or exact, for least squares only.
    has_known_dispersion : bool
        The errors' variance is 1 by the model, as for Poisson, logit and cloglog.
    is_probability : bool
        The weights are inverse probabilities, so that errors cannot be homoskedastic in them.
    """

    names: tuple[str, ...]
    coefficients: Floats
    bread: Floats
    regressors: Floats
    residuals: Floats
    weights: Floats | None = None
    frequencies: Floats | None = None
    effects: EffectRows | None = None
    estimator: Estimator = "least squares"
    has_known_dispersion: bool = False
    is_probability: bool = False

    @cached_property
    def scores(self) -> Floats:
        """Each row's score, its copies added up; shape (rows, coefficients)."""
        errors = self.residuals if self.weights is None else self.weights * self.residuals
        scores: Floats = self.regressors * errors[:, None]
        return scores

    @property
    def squares(self) -> float:
        """The residuals' weighted sum of squares."""
        errors = self.residuals if self.weights is None else self.weights * self.residuals
        return float(errors @ self.residuals)

    @cached_property
    def roots(self) -> Floats | None:
        """The weights' square roots: rows times these are rows of an unweighted regression."""
        return None if self.weights is None else np.sqrt(self.weights)

    @cached_property
    def scaled_regressors(self) -> Floats:
        """The regressors of the unweighted regression with the same solution."""
        return self.regressors if self.roots is None else self.regressors * self.roots[:, None]

    @cached_property
    def scaled_residuals(self) -> Floats:
        """The residuals of the unweighted regression with the same solution."""
        return self.residuals if self.roots is None else self.residuals * self.roots
