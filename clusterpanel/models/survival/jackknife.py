"""Errors by the infinitesimal jackknife: by unit, valid with weights and where a unit's rows are related."""

from typing import NamedTuple

import numpy as np

from clusterpanel.models.arrays import Flags, Floats, Integers, Levels
from clusterpanel.models.survival.aalen_johansen import Incidence, aalen_johansen
from clusterpanel.models.survival.kaplan_meier import survival_of
from clusterpanel.models.survival.risk_counts import Episodes, RiskSets
from clusterpanel.models.survival.time_grid import TimeGrid


class JackknifeVariance(NamedTuple):
    """The variance of curves.

    Attributes
    ----------
    survival : float array, shape (groups, times)
        Missing once the survival is at 0.
    incidence : float array, shape (causes, groups, times)
    """

    survival: Floats
    incidence: Floats


class _Rows(NamedTuple):
    """Rows sorted by unit, as places on the grid."""

    units: Integers
    first: Levels
    last: Levels
    causes: Levels
    groups: Integers
    weights: Floats

    def where(self, keep: Flags | Integers) -> "_Rows":
        """Return some rows, in an order of choice."""
        return _Rows(
            self.units[keep],
            self.first[keep],
            self.last[keep],
            self.causes[keep],
            self.groups[keep],
            self.weights[keep],
        )


def jackknife_variance(
    episodes: Episodes, sets: RiskSets, units: Integers | Levels | None = None
) -> JackknifeVariance:
    """Return the sum of squares of how each unit moves each curve.

    Parameters
    ----------
    episodes : Episodes
    sets : RiskSets
        Those of the episodes.
    units : integer array, shape (episodes,), optional
        What is independent of each other, such as regions; by default the firms, else the episodes.

    Notes
    -----
    The influence is the derivative by the weight of a unit's episodes, which stand for as many as they weigh
    (Andersen, Borgan, Gill and Keiding 1993, section IV.1.5; R's survfit with `cluster`). No small-sample
    factor is applied, as in R.
    """
    fit, rows = aalen_johansen(sets), _sorted_rows(episodes, sets, units)
    survival, incidence = np.empty_like(fit.survival), np.empty_like(fit.incidence)
    for group in range(len(survival)):
        squares = _squares(rows.where(rows.groups == group), sets, fit, group)
        survival[group] = np.where(fit.survival[group] > 0, fit.survival[group] ** 2 * squares[0], np.nan)
        incidence[:, group] = np.where(fit.incidence[:, group] < 1 - 1e-12, squares[1:], np.nan)
    return JackknifeVariance(survival, incidence)


def restricted_mean_influence(
    episodes: Episodes,
    sets: RiskSets,
    until: float,
    units: Integers | Levels,
    count: int,
) -> Floats:
    """Return how each unit moves each group's restricted mean; shape (units, groups).

    The outer product of the columns with themselves is the means' covariance, groups related or not.
    """
    at_risk, events = sets.weighted_at_risk, sets.weighted_events.sum(axis=0)
    survival, _ = survival_of(at_risk, events)
    ahead = _areas_ahead(sets.times, survival, until)
    left = at_risk - events
    # An event takes the area still ahead away; being at risk shares in all events' doing so.
    per_event = np.divide(ahead, left, out=np.zeros_like(ahead), where=(left > 0) & (survival > 0))
    per_risk = np.cumsum(
        np.divide(per_event * events, at_risk, out=np.zeros_like(ahead), where=at_risk > 0), axis=1
    )
    shared = np.concatenate([np.zeros_like(per_risk[:, :1]), per_risk], axis=1)
    grid = _grid(sets)
    first, last, groups = grid.after(episodes.entry), grid.at(episodes.stop), episodes.groups
    moves = shared[groups, last + 1] - shared[groups, first]
    moves -= np.where(episodes.is_event, per_event[groups, last], 0.0)
    if episodes.weights is not None:
        moves *= episodes.weights
    size = len(at_risk)
    cells = np.asarray(units, dtype=np.int64) * size + groups
    summed = np.bincount(cells, moves, minlength=count * size).reshape(count, size)
    return np.asarray(summed, dtype=np.float64)


def _areas_ahead(times: Floats, survival: Floats, until: float) -> Floats:
    """Return the area under each curve from each time to `until`; 0 from there on."""
    ends = np.minimum(np.append(times, until), until)
    steps = np.diff(np.maximum(ends, ends[0])).clip(0) * survival
    return np.cumsum(steps[:, ::-1], axis=1)[:, ::-1]


def _grid(sets: RiskSets) -> TimeGrid:
    times = sets.times
    return TimeGrid(times, bool(np.array_equal(times, np.arange(times[0], times[0] + len(times)))))


def _sorted_rows(episodes: Episodes, sets: RiskSets, units: Integers | Levels | None) -> _Rows:
    count, grid = len(episodes.stop), _grid(sets)
    if units is None:
        units = np.arange(count) if episodes.firms is None else episodes.firms
    causes = episodes.is_event if len(sets.events) == 1 else episodes.causes
    rows = _Rows(
        np.asarray(units, dtype=np.int64),
        grid.after(episodes.entry),
        grid.at(episodes.stop),
        causes.astype(np.int32, copy=False),
        np.asarray(episodes.groups, dtype=np.int64),
        np.ones(count) if episodes.weights is None else episodes.weights,
    )
    is_sorted = bool((np.diff(rows.units) >= 0).all())
    return rows if is_sorted else rows.where(np.argsort(rows.units, kind="stable"))


def _squares(rows: _Rows, sets: RiskSets, fit: Incidence, group: int) -> Floats:
    """Return the sums of squares of log survival and of incidences; shape (1 + causes, times)."""
    from clusterpanel.models.survival.jackknife_kernels import add_units

    risk, events = sets.weighted_at_risk[group], sets.weighted_events[:, group]
    causes, times = events.shape
    squares, after = np.zeros((1 + causes, times)), np.zeros((3, 1 + causes, times + 1))
    add_units(
        np.append(np.flatnonzero(np.diff(rows.units, prepend=-1)), len(rows.units)),
        rows.first,
        rows.last,
        rows.causes,
        rows.weights,
        np.ascontiguousarray(risk),
        np.divide(events, risk, out=np.zeros_like(events), where=risk > 0),
        np.append(1.0, fit.survival[group, :-1]),
        np.ascontiguousarray(fit.incidence[:, group]),
        np.zeros(times + 1),
        np.zeros((causes, times)),
        squares,
        after,
    )
    flat, linear, square = np.cumsum(after[:, :, :-1], axis=2)
    shares = np.concatenate([np.zeros((1, times)), fit.incidence[:, group]])
    return np.asarray(np.maximum(squares + flat + linear * shares + square * shares**2, 0.0))
