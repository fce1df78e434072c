"""The compiled loop that says how far each row moves functions of the baseline hazard."""

from clusterpanel.models.arrays import Floats
from clusterpanel.models.kernels import compiled
from clusterpanel.models.survival.cox_rows import Rows
from clusterpanel.models.survival.cox_ties import CellMeans


@compiled
def write_hazard_moves(rows: Rows, cells: CellMeans, moves: Floats) -> None:
    """Write how far each row's weight moves some numbers, coefficients staying; shape (rows, numbers).

    A row that fails adds `at_event` of its cell; while at risk it takes off `own`, less `failing` in the cell
    where it fails, times its risk score.
    """
    for row in range(len(moves)):
        run = rows.last[row] - rows.first[row]
        if run <= 0:
            moves[row] = 0.0
            continue
        last, first = rows.last[row] - 1, rows.first[row]
        risk, weight = rows.risks[row], rows.weights[row] if len(rows.weights) else 1.0
        for column in range(moves.shape[1]):
            lost = cells.own[last, column]
            if run > 1:
                lost = cells.until[last, column] - cells.before[first, column]
            value = -risk * lost
            if rows.fails[row]:
                value += cells.at_event[last, column] + risk * cells.failing[last, column]
            moves[row, column] = weight * value
