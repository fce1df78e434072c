"""Residuals of a Cox regression, each a pass over its sample at the fit: by row, or by event.

Martingale, deviance and score residuals as Therneau, Grambsch and Fleming (1990, Biometrika 77) have them,
Schoenfeld's (1982, Biometrika 69) and scaled ones as Grambsch and Therneau (1994, Biometrika 81), tied events
by Efron or Breslow as R's `residuals.coxph`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from clusterpanel.models.arrays import ArrayBlock, Floats, Integers
from clusterpanel.models.survival.cox import CoxFit
from clusterpanel.models.survival.cox_passes import cell_weights, kernel_rows
from clusterpanel.models.survival.cox_rows import Rows
from clusterpanel.models.survival.cox_scores import cell_means
from clusterpanel.models.survival.episodes import OUTCOMES, STOP


@dataclass(frozen=True)
class EventResiduals:
    """Residuals of the events, by stratum, time, and row.

    Attributes
    ----------
    rows : integer array, shape (events,)
        Each event's row in the sample.
    strata : integer array, shape (events,)
        0 where there are none.
    times : float array, shape (events,)
    values : float array, shape (events, regressors)
    """

    rows: Integers
    strata: Integers
    times: Floats
    values: Floats


def martingale_residuals(fit: CoxFit) -> Floats:
    """Return each row's event (0 or 1) less the events expected of it while it was at risk; shape (rows,).

    Weights do not enter but through the fit. A firm's residual is the sum of its rows'.
    """
    from clusterpanel.models.survival import cox_kernels

    weights = cell_weights(fit.rows.cells, fit.tie_terms)
    left = np.empty(fit.source.rows)
    for block, rows in _blocks_of(fit):
        hazards = np.empty(block.rows)
        cox_kernels.write_hazards(rows, weights, hazards)
        left[_places_of(block)] = rows.fails - hazards
    return left


def deviance_residuals(fit: CoxFit) -> Floats:
    """Return martingale residuals made nearly symmetric about 0; shape (rows,).

    With M a martingale residual and e the event, they are sign(M) sqrt(-2 (M + e log(e - M))).
    """
    martingale = martingale_residuals(fit)
    size = martingale.copy()
    for block, rows in _blocks_of(fit):
        places = _places_of(block)
        here, fails = martingale[places], rows.fails
        size[places][fails] += np.log(1 - here[fails])
    deviance: Floats = np.sign(martingale) * np.sqrt(np.maximum(-2 * size, 0.0))
    return deviance


def score_residuals(fit: CoxFit, *, is_weighted: bool = False) -> Floats:
    """Return each row's share in the derivative of the log partial likelihood; shape (rows, regressors).

    Parameters
    ----------
    fit : CoxFit
    is_weighted : bool
        Whether each is multiplied with its row's weight; then they sum to 0.
    """
    from clusterpanel.models.survival import cox_kernels

    cells = fit.rows.cells
    weights, means = cell_weights(cells, fit.tie_terms), cell_means(cells, fit.sums, fit.tie_terms)
    scores = np.empty((fit.source.rows, len(fit.source.names)))
    for block, rows in _blocks_of(fit, is_weighted=is_weighted):
        hazards = np.empty(block.rows)
        cox_kernels.write_hazards(rows, weights, hazards)
        cox_kernels.write_scores(rows, hazards, means, scores[_places_of(block)])
    return scores


def dfbeta_residuals(fit: CoxFit) -> Floats:
    """Return about how far each row moves each coefficient; shape (rows, regressors).

    Their outer product, summed by row or by group, is the robust covariance.
    """
    moves: Floats = score_residuals(fit, is_weighted=True) @ fit.likelihood.sums.bread
    return moves


def schoenfeld_residuals(fit: CoxFit) -> EventResiduals:
    """Return each event's regressors less their mean over the risk set; weights enter through the mean."""
    means = cell_means(fit.rows.cells, fit.sums, fit.tie_terms).at_event + fit.rows.centre
    strata = fit.rows.cells.strata
    found: list[EventResiduals] = []
    for block, rows in _blocks_of(fit):
        fails = np.flatnonzero(rows.fails)
        cell = rows.last[fails] - 1
        values = block.values[OUTCOMES:, fails].T - means[cell]
        times = block.values[STOP, fails]
        found.append(EventResiduals(fails + block.first_row, strata[cell].astype(np.int64), times, values))
    return _in_order(found)


def scaled_schoenfeld_residuals(fit: CoxFit) -> EventResiduals:
    """Return the residuals whose course over time is that of each coefficient.

    They are the coefficients plus the number of events times Schoenfeld residual times the coefficients'
    inverse information (Grambsch and Therneau 1994).
    """
    plain = schoenfeld_residuals(fit)
    scaled = len(plain.rows) * plain.values @ fit.likelihood.sums.bread + fit.likelihood.coefficients
    return EventResiduals(plain.rows, plain.strata, plain.times, scaled)


def _in_order(found: list[EventResiduals]) -> EventResiduals:
    rows, strata, times = (
        np.concatenate([getattr(part, name) for part in found]) for name in ("rows", "strata", "times")
    )
    order = np.lexsort((rows, times, strata))
    values = np.vstack([part.values for part in found])
    return EventResiduals(rows[order], strata[order], times[order], values[order])


def _blocks_of(fit: CoxFit, *, is_weighted: bool = False) -> Iterator[tuple[ArrayBlock, Rows]]:
    """Yield the blocks, and their rows at the fit, weights left out unless wanted."""
    for block in fit.source.blocks():
        rows = kernel_rows(block, fit.rows.terms(block), fit.rows.centre)
        yield block, rows if is_weighted else rows._replace(weights=np.empty(0))


def _places_of(block: ArrayBlock) -> slice:
    return slice(block.first_row, block.first_row + block.rows)
