"""The compiled loops of the information and of scores."""

import numpy as np

from clusterpanel.models.arrays import Floats, Integers, Levels
from clusterpanel.models.kernels import compiled, compiled_reordered
from clusterpanel.models.survival.cox_rows import Rows
from clusterpanel.models.survival.cox_ties import CellMeans, CellWeights


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
