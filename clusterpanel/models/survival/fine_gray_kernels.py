"""The compiled loops of Fine and Gray's regression: who is still observed, and who stays at risk."""

import numpy as np

from clusterpanel.models.arrays import Flags, Floats, Integers, Levels
from clusterpanel.models.kernels import compiled
from clusterpanel.models.survival.cox_lookup import cells_until
from clusterpanel.models.survival.cox_rows import Rows
from clusterpanel.models.survival.risk_cells import CellIndex


@compiled
def mark_ends(  # noqa: PLR0917
    values: Floats, strata: Levels, starts: Integers, is_first: Flags, is_last: Flags, faults: Integers
) -> None:
    """Mark the rows with which firms enter and leave observation.

    Parameters
    ----------
    values : float array, shape (3, rows)
        Event, start and stop.
    strata : int32 array, shape (rows,) or (0,)
    starts : integer array, shape (firms + 1,)
    is_first, is_last : bool array, shape (rows,)
        Written.
    faults : integer array, shape (3,)
        Added to: firms with a gap or an overlap, with an event before their last row, in several strata.
    """
    for firm in range(len(starts) - 1):
        begin, end = starts[firm], starts[firm + 1]
        order = begin + np.argsort(values[1, begin:end])
        has_gap = is_early = moves = False
        for place in range(len(order)):
            row = order[place]
            is_first[row], is_last[row] = place == 0, place == len(order) - 1
            if place:
                before = order[place - 1]
                has_gap |= values[2, before] != values[1, row]
                is_early |= values[0, before] > 0
                moves |= len(strata) > 0 and strata[before] != strata[row]
        faults[0] += has_gap
        faults[1] += is_early
        faults[2] += moves


@compiled
def jumps_before(index: CellIndex, stratum: int, time: float) -> int:
    """Return the number of jumps of earlier strata, and of this one's before a time."""
    until = cells_until(index, stratum, time)
    while until > index.offsets[stratum] and index.times[until - 1] >= time:
        until -= 1
    return until


@compiled
def count_observed(  # noqa: PLR0917
    index: CellIndex,
    values: Floats,
    strata: Levels,
    weights: Floats,
    is_first: Flags,
    is_last: Flags,
    cause: int,
    counts: Floats,
) -> None:
    """Add a block's rows to the counts at the jumps.

    `counts` has shape (5, jumps + 1): censored there; changes of those who might be; entered there; changes
    of those who might have; failures of another cause, at the first jump that is not before.
    """
    for row in range(len(is_first)):
        event, start, stop = values[0, row], values[1, row], values[2, row]
        stratum = strata[row] if len(strata) else 0
        weight = weights[row] if len(weights) else 1.0
        since, until = cells_until(index, stratum, start), cells_until(index, stratum, stop)
        entered, left = jumps_before(index, stratum, start), jumps_before(index, stratum, stop)
        # Censoring at a time comes after the events there: who fails then could not be censored then.
        counts[1, since] += weight
        counts[1, left if event > 0 else until] -= weight
        counts[3, entered] += weight
        counts[3, left] -= weight
        if is_last[row] and event == 0 and until > left:
            counts[0, until - 1] += weight
        if is_first[row] and since > entered:
            counts[2, entered] += weight
        if event > 0 and event != cause and left < index.offsets[stratum + 1]:
            counts[4, left] += weight


@compiled
def write_observed(index: CellIndex, strata: Levels, times: Floats, after: Floats, observed: Floats) -> None:
    """Write the weight just before each row's time; `after` holds it after each jump."""
    for row in range(len(times)):
        stratum = strata[row] if len(strata) else 0
        before = jumps_before(index, stratum, times[row])
        observed[row] = after[before - 1] if before > index.offsets[stratum] else 1.0


@compiled
def write_next_jumps(
    index: CellIndex, strata: Levels, stops: Floats, stayers: Integers, places: Integers
) -> None:
    """Write the first jump that is not before each stayer's failure; -1 where there is none."""
    for place in range(len(stayers)):
        row = stayers[place]
        stratum = strata[row] if len(strata) else 0
        jump = jumps_before(index, stratum, stops[row])
        places[place] = jump if jump < index.offsets[stratum + 1] else -1


@compiled
def add_stayers(rows: Rows, stayers: Integers, shares: Floats, places: Integers, sums: Floats) -> None:
    """Add those who failed of another cause, and their regressors, to their places.

    Parameters
    ----------
    rows : Rows
    stayers : integer array, shape (stayers,)
        Their rows.
    shares : float array, shape (stayers,)
        Their risk score over their weight at failing, times their case weight.
    places : integer array, shape (stayers,)
        Negative for none.
    sums : float array, shape (places, 1 + regressors)
        Added to.
    """
    for one in range(len(stayers)):
        if places[one] < 0:
            continue
        row, target = stayers[one], sums[places[one]]
        target[0] += shares[one]
        for column in range(len(rows.centre)):
            target[1 + column] += shares[one] * (rows.regressors[column, row] - rows.centre[column])


@compiled
def add_jump_scores(  # noqa: PLR0917
    index: CellIndex,
    values: Floats,
    strata: Levels,
    weights: Floats,
    is_first: Flags,
    is_last: Flags,
    slopes: Floats,
    scores: Floats,
) -> None:
    """Add what each row moves the coefficients' scores through the weights, shape (rows, regressors).

    `slopes` has shape (4, jumps + 1, regressors): of being censored at a jump, of possibly being so at all
    jumps before; of entering at a jump, of possibly having done so at all jumps before.
    """
    for row in range(len(is_first)):
        event, start, stop = values[0, row], values[1, row], values[2, row]
        stratum = strata[row] if len(strata) else 0
        weight = weights[row] if len(weights) else 1.0
        since, until = cells_until(index, stratum, start), cells_until(index, stratum, stop)
        entered, left = jumps_before(index, stratum, start), jumps_before(index, stratum, stop)
        over = left if event > 0 else until
        is_censored = is_last[row] and event == 0 and until > left
        is_entry = is_first[row] and since > entered
        for column in range(scores.shape[1]):
            moved = slopes[1, since, column] - slopes[1, over, column]
            moved += slopes[3, left, column] - slopes[3, entered, column]
            if is_censored:
                moved += slopes[0, until - 1, column]
            if is_entry:
                moved -= slopes[2, entered, column]
            scores[row, column] += weight * moved
