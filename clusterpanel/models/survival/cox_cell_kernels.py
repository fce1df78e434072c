"""The compiled loops of the cells' sums."""

import numpy as np

from clusterpanel.models.arrays import Floats, Integers, Levels
from clusterpanel.models.kernels import compiled, compiled_reordered
from clusterpanel.models.survival.cox_rows import Rows

# Keeps the squares of risk scores finite while a coefficient runs off.
MOST_ETA = 200.0


@compiled_reordered
def write_eta(regressors: Floats, centre: Floats, coefficients: Floats, offset: Floats, eta: Floats) -> None:
    """Write each row's linear predictor, kept within `MOST_ETA`."""
    constant = 0.0
    for place in range(len(coefficients)):
        constant -= coefficients[place] * centre[place]
    if len(offset):
        for row in range(len(eta)):
            eta[row] = constant + offset[row]
    else:
        eta[:] = constant
    for place in range(len(coefficients)):
        slope, column = coefficients[place], regressors[place]
        for row in range(len(eta)):
            eta[row] += slope * column[row]
    for row in range(len(eta)):
        eta[row] = min(max(eta[row], -MOST_ETA), MOST_ETA)


@compiled
def write_once(rows: Rows, cells: Levels, once: Floats, runs: Integers) -> None:
    """Write the cell and weighted risk score of rows at risk in one cell; others weigh nothing there.

    Parameters
    ----------
    rows : Rows
    cells : shape (rows,), written
    once : shape (rows,), written
    runs : shape (3,)
        Added to: rows at risk in no cell, in one, in several.
    """
    for row in range(len(once)):
        run = rows.last[row] - rows.first[row]
        weight = rows.risks[row] * rows.weights[row] if len(rows.weights) else rows.risks[row]
        once[row] = weight if run == 1 else 0.0
        cells[row] = max(rows.last[row] - 1, 0)
        runs[min(max(run, 0), 2)] += 1


@compiled
def add_once(rows: Rows, cells: Levels, once: Floats, sums: Floats) -> None:
    """Add weighted risk scores, and times the regressors less their centre, to cells.

    Parameters
    ----------
    rows : Rows
    cells : shape (rows,)
    once : shape (rows,)
    sums : shape (1 + regressors, cells), added to
    """
    total = sums[0]
    for row in range(len(once)):
        total[np.uint32(cells[row])] += once[row]
    last = len(rows.centre) - 1
    for place in range(0, last + 1, 4):
        two, three, four = min(place + 1, last), min(place + 2, last), min(place + 3, last)
        _add_four(rows, cells, once, sums, (place, two, three, four))


@compiled
def _add_four(
    rows: Rows, cells: Levels, once: Floats, sums: Floats, places: tuple[int, int, int, int]
) -> None:
    """Add four regressors to cells; a place that comes again is added once."""
    one, two, three, four = places
    spare, columns, centre = np.empty(sums.shape[1]), rows.regressors, rows.centre
    into_one = sums[1 + one]
    into_two = sums[1 + two] if two > one else spare
    into_three = sums[1 + three] if three > two else spare
    into_four = sums[1 + four] if four > three else spare
    from_one, from_two, from_three, from_four = columns[one], columns[two], columns[three], columns[four]
    at_one, at_two, at_three, at_four = centre[one], centre[two], centre[three], centre[four]
    for row in range(len(once)):
        cell, weight = np.uint32(cells[row]), once[row]
        into_one[cell] += weight * (from_one[row] - at_one)
        into_two[cell] += weight * (from_two[row] - at_two)
        into_three[cell] += weight * (from_three[row] - at_three)
        into_four[cell] += weight * (from_four[row] - at_four)


@compiled
def add_through(rows: Rows, offsets: Integers, strata: Levels, sums: Floats) -> None:
    """Add rows at risk in several cells at their last one, and take them off before their first.

    Parameters
    ----------
    rows : Rows
    offsets : shape (strata + 1,)
    strata : shape (rows,) or (0,)
    sums : shape (cells, 1 + regressors), added to
    """
    values = np.empty(len(rows.centre))
    for row in range(len(rows.risks)):
        if rows.last[row] - rows.first[row] < 2:
            continue
        weight = rows.risks[row] * rows.weights[row] if len(rows.weights) else rows.risks[row]
        for column in range(len(values)):
            values[column] = rows.regressors[column, row] - rows.centre[column]
        _add_row(sums[rows.last[row] - 1], weight, values)
        stratum = strata[row] if len(strata) else 0
        if rows.first[row] > offsets[stratum]:
            _add_row(sums[rows.first[row] - 1], -weight, values)


@compiled
def _add_row(sums: Floats, weight: float, values: Floats) -> None:
    sums[0] += weight
    for column in range(len(values)):
        sums[1 + column] += weight * values[column]


@compiled
def add_failing(rows: Rows, failing: Floats, events: Integers, totals: Floats) -> None:
    """Add the rows that fail to their cells.

    Parameters
    ----------
    rows : Rows
    failing : shape (cells, 1 + regressors)
        Added to: risk score, and times regressors.
    events : shape (cells,)
    totals : shape (cells, 1 + regressors)
        Added to: weight, and times regressors.
    """
    values = np.empty(len(rows.centre))
    for row in range(len(rows.risks)):
        if not rows.fails[row]:
            continue
        cell = rows.last[row] - 1
        weight = rows.weights[row] if len(rows.weights) else 1.0
        for column in range(len(values)):
            values[column] = rows.regressors[column, row] - rows.centre[column]
        events[cell] += 1
        _add_row(totals[cell], weight, values)
        _add_row(failing[cell], weight * rows.risks[row], values)


@compiled
def add_squares(  # noqa: PLR0917
    rows: Rows, offsets: Integers, strata: Levels, unit: Floats, through: Floats, failing: Floats
) -> None:
    """Add the regressors' outer products, shape (cells, regressors, regressors), as `add_to_cells`."""
    values = np.empty(len(rows.centre))
    for row in range(len(rows.risks)):
        run = rows.last[row] - rows.first[row]
        if run <= 0:
            continue
        weight = rows.risks[row] * rows.weights[row] if len(rows.weights) else rows.risks[row]
        for column in range(len(values)):
            values[column] = rows.regressors[column, row] - rows.centre[column]
        last = rows.last[row] - 1
        if run == 1:
            _add_outer(unit[last], weight, values)
        else:
            _add_outer(through[last], weight, values)
            stratum = strata[row] if len(strata) else 0
            if rows.first[row] > offsets[stratum]:
                _add_outer(through[rows.first[row] - 1], -weight, values)
        if rows.fails[row]:
            _add_outer(failing[last], weight, values)


@compiled
def _add_outer(sums: Floats, weight: float, values: Floats) -> None:
    for column in range(len(values)):
        weighted = weight * values[column]
        for other in range(len(values)):
            sums[column, other] += weighted * values[other]


@compiled
def write_tie_terms(  # noqa: PLR0917
    at_risk: Floats, failing: Floats, events: Integers, weights: Floats, is_efron: bool, terms: Floats
) -> float:
    """Write the sums of `TieTerms`, shape (5, cells), and return the sum of weighted logarithms."""
    loss = 0.0
    for cell in range(len(events)):
        count = events[cell]
        if count == 0:
            continue
        weight = weights[cell] / count
        if not is_efron or count == 1:
            inverse = 1.0 / at_risk[cell]
            terms[0, cell] = weights[cell] * inverse
            terms[2, cell] = weights[cell] * inverse * inverse
            loss += weights[cell] * np.log(at_risk[cell])
            continue
        for event in range(count):
            share = event / count
            inverse = 1.0 / (at_risk[cell] - share * failing[cell])
            first = weight * inverse
            second = first * inverse
            terms[0, cell] += first
            terms[1, cell] += share * first
            terms[2, cell] += second
            terms[3, cell] += share * second
            terms[4, cell] += share * share * second
            loss -= weight * np.log(inverse)
    return loss
