"""The compiled loops of a Cox regression's passes."""

import numpy as np

from clusterpanel.models.arrays import Floats, Integers, Levels
from clusterpanel.models.kernels import compiled, compiled_reordered
from clusterpanel.models.survival.cox_rows import Rows
from clusterpanel.models.survival.cox_ties import CellMeans, CellWeights

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


@compiled
def write_hazards(rows: Rows, cells: CellWeights, hazards: Floats) -> None:
    """Write each row's expected events, weight included, Efron's share of its own event taken off."""
    for row in range(len(hazards)):
        last = rows.last[row] - 1
        run = rows.last[row] - rows.first[row]
        if run <= 0:
            hazards[row] = 0.0
            continue
        hazard = cells.own[last] if run == 1 else cells.until[last] - cells.before[rows.first[row]]
        if rows.fails[row]:
            hazard -= cells.failing[last]
        weight = rows.risks[row] * rows.weights[row] if len(rows.weights) else rows.risks[row]
        hazards[row] = weight * hazard


@compiled_reordered
def add_products(rows: Rows, hazards: Floats, gram: Floats) -> None:
    """Add the lower triangle of the regressors' products about their centre, weighted by the hazards."""
    last = len(rows.centre) - 1
    for column in range(0, last + 1, 2):
        for other in range(0, column + 1, 2):
            one, two = rows.regressors[column], rows.regressors[min(column + 1, last)]
            three, four = rows.regressors[other], rows.regressors[min(other + 1, last)]
            at_one, at_two = rows.centre[column], rows.centre[min(column + 1, last)]
            at_three, at_four = rows.centre[other], rows.centre[min(other + 1, last)]
            first, second, third, fourth = 0.0, 0.0, 0.0, 0.0
            for row in range(len(hazards)):
                weighted = hazards[row] * (one[row] - at_one)
                beside = hazards[row] * (two[row] - at_two)
                left, right = three[row] - at_three, four[row] - at_four
                first += weighted * left
                second += weighted * right
                third += beside * left
                fourth += beside * right
            gram[column, other] += first
            if other < last:
                gram[column, other + 1] += second
            if column < last:
                gram[column + 1, other] += third
            if column < last and other < last:
                gram[column + 1, other + 1] += fourth


@compiled
def write_scores(rows: Rows, hazards: Floats, means: CellMeans, scores: Floats) -> None:
    """Write each row's score, weight included, shape (rows, regressors)."""
    for row in range(len(hazards)):
        run = rows.last[row] - rows.first[row]
        if run <= 0:
            scores[row] = 0.0
            continue
        last, first = rows.last[row] - 1, rows.first[row]
        weight = rows.weights[row] if len(rows.weights) else 1.0
        risk, left = weight * rows.risks[row], (weight if rows.fails[row] else 0.0) - hazards[row]
        for column in range(scores.shape[1]):
            mean = means.own[last, column]
            if run > 1:
                mean = means.until[last, column] - means.before[first, column]
            value = left * (rows.regressors[column, row] - rows.centre[column]) + risk * mean
            if rows.fails[row]:
                value -= weight * means.at_event[last, column] + risk * means.failing[last, column]
            scores[row, column] = value


@compiled
def sum_by_firm(scores: Floats, starts: Integers, sums: Floats) -> None:
    """Write each firm's sum of scores; `scores` has shape (rows, columns), `sums` (firms, columns)."""
    for firm in range(len(sums)):
        sums[firm] = 0.0
        for row in range(starts[firm], starts[firm + 1]):
            for column in range(scores.shape[1]):
                sums[firm, column] += scores[row, column]


@compiled
def add_to_groups(groups: Levels, scores: Floats, sums: Floats) -> None:
    """Add scores, shape (rows, columns), to their groups' sums, shape (groups, columns)."""
    for row in range(len(groups)):
        group = np.uint32(groups[row])
        for column in range(scores.shape[1]):
            sums[group, column] += scores[row, column]
