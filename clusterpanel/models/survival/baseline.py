"""The baseline hazard of a Cox regression, and the survival it foretells for given regressors.

The cumulative hazard is Breslow's (1972, JRSS B 34), with Efron's denominators where ties are Efron's;
survival is exp(-cumulative hazard), and errors are those of Tsiatis (1981, Annals of Statistics 9), as R's
`survfit.coxph`.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from clusterpanel.engine.local import run_fold
from clusterpanel.errors import SpecError
from clusterpanel.models.arrays import ArrayBlock, Floats, Integers
from clusterpanel.models.survival.cox import CoxFit
from clusterpanel.models.survival.cox_scores import cell_means
from clusterpanel.models.survival.episodes import OUTCOMES
from clusterpanel.models.survival.hazard_functionals import HazardFunctionals, grouped_influence
from clusterpanel.models.survival.intervals import Interval, share_interval
from clusterpanel.models.survival.risk_cells import RiskCells

Patterns = Mapping[str, Mapping[str, float]]

# Grouped errors keep a few arrays of this many numbers at most.
MOST_NUMBERS = 50_000_000


class Points(NamedTuple):
    """Strata and times at which survival is wanted; each of shape (points,)."""

    strata: Integers
    times: Floats


def baseline_hazard(fit: CoxFit, at: Literal["zero", "mean"] = "zero", threads: int = 1) -> pd.DataFrame:
    """Return the cumulative baseline hazard at each stratum's event times.

    Parameters
    ----------
    fit : CoxFit
    at : "zero" or "mean"
        The regressors of the baseline: all 0 or, which keeps more digits, their weighted means over the
        sample's rows. The offset is 0 either way.
    threads : int

    Returns
    -------
    DataFrame
        stratum, time, events, cumulative_hazard, std_error.
    """
    pattern = np.zeros(len(fit.source.names)) if at == "zero" else mean_regressors(fit, threads)
    cells = fit.rows.cells
    hazard, variance = _hazards(fit, pattern)
    return pd.DataFrame(
        {
            "stratum": cells.strata,
            "time": cells.times,
            "events": fit.sums.events,
            "cumulative_hazard": hazard,
            "std_error": np.sqrt(variance),
        }
    )


def survival_at(  # noqa: PLR0917
    fit: CoxFit,
    patterns: Patterns,
    times: Sequence[float] | Floats | None = None,
    strata: Sequence[int] | None = None,
    way: int | None = None,
    interval: Interval = "log",
) -> pd.DataFrame:
    """Return the survival that a Cox regression foretells for given regressors, which stay as they are.

    Parameters
    ----------
    fit : CoxFit
    patterns : mapping of str to mappings of str to float
        By label: the value of every regressor.
    times : array of float, optional
        When survival is wanted; by default each stratum's event times. After a stratum's last event time its
        survival is that at this time.
    strata : sequence of int, optional
        By default all.
    way : int or None
        None takes the errors from the model; a number groups them by that way of the source, for which each
        pattern and time takes 8 bytes per event time and per group.
    interval : "log", "log-log" or "plain"

    Returns
    -------
    DataFrame
        pattern, stratum, time, cumulative_hazard, survival, std_error (of the survival), conf_low, conf_high
        (95 %).

    Raises
    ------
    SpecError
        A pattern lacks a regressor or has one the fit has not; an unknown stratum.
    """
    values = {label: _pattern(fit, label, pattern) for label, pattern in patterns.items()}
    where = _points(fit.rows.cells, times, strata)
    curves = pd.concat(
        [_curve(fit, x, where, way).assign(pattern=label) for label, x in values.items()], ignore_index=True
    )
    low, high = share_interval(curves["survival"].to_numpy(), curves["std_error"].to_numpy(), interval)
    curves = curves.assign(conf_low=low, conf_high=high).astype({"pattern": "str"})
    return curves[["pattern", *curves.columns.drop("pattern")]]


def mean_regressors(fit: CoxFit, threads: int = 1) -> Floats:
    """Return the regressors' weighted means over the sample's rows; shape (regressors,)."""
    return run_fold(_MeanFold(), fit.source.blocks(), threads)


class _MeanFold:
    """The fold of the regressors' means."""

    def step(self, block: ArrayBlock) -> Floats:
        weights = block.weights if len(block.weights) else np.ones(block.rows)
        return np.append(block.values[OUTCOMES:] @ weights, weights.sum())

    def merge(self, left: Floats, right: Floats) -> Floats:
        return left + right

    def solve(self, moments: Floats) -> Floats:
        means: Floats = moments[:-1] / moments[-1]
        return means


def _hazards(fit: CoxFit, pattern: Floats) -> tuple[Floats, Floats]:
    """Return the cumulative hazard of a pattern at each cell, and its variance; each of shape (cells,)."""
    cells, ties, bread = fit.rows.cells, fit.tie_terms, fit.likelihood.sums.bread
    away = pattern - fit.rows.centre
    ratio = float(np.exp(away @ fit.rows.coefficients))
    hazard, own = cells.cumulated(ties.a0), cells.cumulated(ties.b0)
    means = cell_means(cells, fit.sums, ties).until - hazard[:, None] * away
    variance = ratio**2 * (own + np.einsum("ck,kl,cl->c", means, bread, means))
    return ratio * hazard, variance


def _points(cells: RiskCells, times: Sequence[float] | Floats | None, strata: Sequence[int] | None) -> Points:
    """Return the strata and times that are wanted."""
    wanted = np.arange(cells.levels) if strata is None else np.asarray(strata, dtype=np.int64)
    if len(wanted) and not (wanted.min() >= 0 and wanted.max() < cells.levels):
        raise SpecError(f"stratum {wanted.max()} came; there are 0 to {cells.levels - 1}")
    if times is None:
        chosen = np.isin(cells.strata, wanted)
        return Points(cells.strata[chosen].astype(np.int64), cells.times[chosen])
    when = np.asarray(times, dtype=np.float64)
    return Points(np.repeat(wanted, len(when)), np.tile(when, len(wanted)))


def _curve(fit: CoxFit, pattern: Floats, where: Points, way: int | None) -> pd.DataFrame:
    hazards, variances = _hazards(fit, pattern)
    cell = last_cells(fit.rows.cells, where.strata, where.times)
    hazard = np.where(cell < 0, 0.0, hazards[cell])
    if way is None:
        error = np.sqrt(np.where(cell < 0, 0.0, variances[cell]))
    else:
        influence = grouped_influence(fit, _functionals(fit, pattern, where, hazard), way)
        error = np.sqrt(np.einsum("gq,gq->q", influence, influence))
    survival = np.exp(-hazard)
    return pd.DataFrame(
        {
            "stratum": where.strata,
            "time": where.times,
            "cumulative_hazard": hazard,
            "survival": survival,
            "std_error": survival * error,
        }
    )


def _functionals(fit: CoxFit, pattern: Floats, where: Points, hazard: Floats) -> HazardFunctionals:
    """Return the cumulative hazards of a pattern as functions of the fit."""
    cells, away = fit.rows.cells, pattern - fit.rows.centre
    if cells.size * len(hazard) > MOST_NUMBERS:
        raise SpecError(
            f"grouped errors of survival at {len(hazard):,} points over {cells.size:,} event times need more "
            "memory than they may take",
            hint="Ask for fewer times or strata, or for errors from the model.",
        )
    ratio = np.exp(away @ fit.rows.coefficients)
    counted = (cells.strata[:, None] == where.strata) & (cells.times[:, None] <= where.times)
    return HazardFunctionals(ratio * counted, np.outer(hazard, away))


def last_cells(cells: RiskCells, strata: Integers, times: Floats) -> Integers:
    """Return the last cell of each stratum up to a time of its own, -1 where there is none."""
    first, last = cells.spans(strata, np.full(times.shape, -np.inf), times)
    found: Integers = np.where(last > first, last.astype(np.int64) - 1, -1)
    return found


def _pattern(fit: CoxFit, label: str, pattern: Mapping[str, float]) -> Floats:
    names = fit.source.names
    wrong = sorted(set(names) ^ set(pattern))
    if wrong:
        raise SpecError(
            f"the pattern {label} and the regression differ in {', '.join(wrong)}",
            hint=f"Give a value for each of {', '.join(names)}.",
        )
    return np.array([float(pattern[name]) for name in names])
