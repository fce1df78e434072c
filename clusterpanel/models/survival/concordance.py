"""How well predicted risks order the events: Harrell's C with its infinitesimal-jackknife error.

Every event is compared with the rows at risk at its time that have no event at it (Harrell, Lee and Mark
1996, Statistics in Medicine 15, extended to late entry and strata as in R's survival 3). The error treats C
as a function of the rows' weights (Therneau and Atkinson, "Concordance", vignette of R's survival).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from clusterpanel.errors import NotIdentifiedError
from clusterpanel.models.arrays import ArrayBlock, Codes, Floats, Integers, Levels
from clusterpanel.models.survival.cox import CoxFit
from clusterpanel.models.survival.cox_rows import strata_of
from clusterpanel.models.survival.episodes import EVENT, OUTCOMES, START, STOP, is_failing
from clusterpanel.models.survival.hazard_functionals import check_way
from clusterpanel.models.vcov.sums import sum_by_code


class RankedRows(NamedTuple):
    """Rows with a predicted risk.

    Attributes
    ----------
    event : float array, shape (rows,)
        Above 0 where the row ends by the event.
    start, stop : float array, shape (rows,)
        At risk where ``start < time <= stop``.
    risk : float array, shape (rows,)
        Any increasing function of the predicted hazard.
    strata : Codes or None
        Rows are compared within their stratum only.
    weights : float array, shape (rows,), or None
    groups : Codes or None
        Whose rows are related; None where each row stands for itself.
    """

    event: Floats
    start: Floats
    stop: Floats
    risk: Floats
    strata: Codes | None = None
    weights: Floats | None = None
    groups: Codes | None = None


class Compared(NamedTuple):
    """Rows to be compared.

    Attributes
    ----------
    ranks : int32 array, shape (rows,)
        Of the predicted risk within the stratum, from 0, equal risks sharing one.
    events, starts, stops, weights : float array, shape (rows,)
    by_stop : int64 array, shape (rows,)
        The rows by stratum, then latest stop first, censored ones before deaths, then by rank.
    by_start : int64 array, shape (rows,)
        The rows by stratum, then latest start first.
    bounds : int64 array, shape (strata + 1,)
        Where each stratum begins in both orders.
    """

    ranks: Levels
    events: Floats
    starts: Floats
    stops: Floats
    weights: Floats
    by_stop: Integers
    by_start: Integers
    bounds: Integers


@dataclass(frozen=True)
class Concordance:
    """Pairs of an event and a row at risk at it, each counted with the product of their weights.

    Attributes
    ----------
    concordant, discordant : float
        The one with the event had the higher risk, or the lower.
    tied_risk : float
        Both had the same.
    tied_time, tied_both : float
        Pairs of events at one time, with different risks and with the same; they do not count.
    concordance : float
        (concordant + tied_risk / 2) / (concordant + discordant + tied_risk).
    std_error : float
    influence : float array, shape (groups,) or (rows,)
        How far each group moves the concordance; its squares sum to the error's square.
    """

    concordant: float
    discordant: float
    tied_risk: float
    tied_time: float
    tied_both: float
    concordance: float
    std_error: float
    influence: Floats


def concordance(fit: CoxFit, way: int | None = None) -> Concordance:
    """Return the concordance of a Cox regression's linear predictor with its own sample's events.

    Parameters
    ----------
    fit : CoxFit
    way : int or None
        The way of the source's groups whose rows are related; None where each row stands for itself.

    Raises
    ------
    NotIdentifiedError
        No event has another row at risk.
    SpecError
        The source has no such way.

    Notes
    -----
    Six numbers of each row are held in memory, and their order.
    """
    source = fit.source
    if way is not None:
        check_way(fit, way)
    parts = [_ranked(fit, block, way) for block in source.blocks()]
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    event, start, stop, risk, strata, weights, groups = columns
    return concordance_of(
        RankedRows(
            event,
            start,
            stop,
            risk,
            Codes(source.effect_names[0], strata, source.effect_levels[0]) if source.effect_names else None,
            weights if len(weights) else None,
            None if way is None else Codes(source.group_names[way], groups, source.group_levels[way]),
        )
    )


def _ranked(fit: CoxFit, block: ArrayBlock, way: int | None) -> tuple[Floats | Levels, ...]:
    """Return a block's event, start, stop, risk, stratum, weight and group."""
    # Term by term, so that rows with equal regressors have risks that are equal to the last bit.
    risk = np.zeros(block.rows)
    for slope, column in zip(fit.likelihood.coefficients, block.values[OUTCOMES:], strict=True):
        risk += slope * column
    if len(block.offset):
        risk += block.offset
    event = is_failing(block.values[EVENT], fit.rows.cause).astype(np.float64)
    groups = np.empty(0, dtype=np.int32) if way is None else block.groups[:, way]
    return event, block.values[START], block.values[STOP], risk, strata_of(block), block.weights, groups


def concordance_of(rows: RankedRows) -> Concordance:
    """Return the concordance of predicted risks with events, in time proportional to rows x log(rows).

    Raises
    ------
    NotIdentifiedError
        No event has another row at risk.
    """
    from clusterpanel.models.survival import concordance_kernels

    weights = np.ones(len(rows.stop)) if rows.weights is None else rows.weights
    counts, moves = np.zeros(5), np.zeros((len(rows.stop), 3))
    concordance_kernels.compare_all(_in_order(rows, weights), counts, moves)
    pairs = counts[:3].sum()
    if pairs <= 0:
        raise NotIdentifiedError(
            "no event has another row at risk to compare it with",
            hint="Widen the sample, or use coarser strata.",
        )
    share = float((counts[0] + counts[2] / 2) / pairs)
    influence = weights * (moves @ np.array([1 - share, -share, 0.5 - share])) / pairs
    if rows.groups is not None:
        influence = sum_by_code(influence[:, None], rows.groups.codes, rows.groups.levels)[:, 0]
    error = float(np.sqrt(influence @ influence))
    concordant, discordant, tied_risk, tied_time, tied_both = counts.tolist()
    return Concordance(concordant, discordant, tied_risk, tied_time, tied_both, share, error, influence)


def _in_order(rows: RankedRows, weights: Floats) -> Compared:
    codes = np.zeros(len(rows.stop), dtype=np.int32) if rows.strata is None else rows.strata.codes
    levels = 1 if rows.strata is None else rows.strata.levels
    ranks = ranks_within(rows.risk, codes)
    event = (rows.event > 0).astype(np.float64)
    return Compared(
        ranks=ranks,
        events=event,
        starts=rows.start,
        stops=rows.stop,
        weights=weights,
        by_stop=np.lexsort((ranks, event, -rows.stop, codes)),
        by_start=np.lexsort((-rows.start, codes)),
        bounds=np.concatenate([[0], np.cumsum(np.bincount(codes, minlength=levels))]),
    )


def ranks_within(values: Floats, codes: Levels) -> Levels:
    """Return each value's rank among the values of its level, from 0; equal values share one."""
    order: Integers = np.lexsort((values, codes))
    in_order, level = values[order], codes[order]
    is_new = np.diff(in_order, prepend=np.nan) != 0
    starts = np.diff(level, prepend=-1) != 0
    place = np.cumsum(is_new | starts)
    first = np.maximum.accumulate(np.where(starts, place, 0))
    ranks = np.empty(len(values), dtype=np.int32)
    ranks[order] = place - first
    return ranks
