"""The compiled loops of a shared frailty: each group's part of the risk sets."""

import numpy as np

from clusterpanel.models.arrays import Floats, Integers, Levels
from clusterpanel.models.kernels import compiled
from clusterpanel.models.survival.cox_rows import Rows


@compiled
def add_group_risks(  # noqa: PLR0917
    rows: Rows,
    offsets: Integers,
    strata: Levels,
    groups: Levels,
    unit: Floats,
    through: Floats,
    failing: Floats,
) -> None:
    """Add each row's risk score to its group's part of the risk sets.

    Parameters
    ----------
    rows : Rows
    offsets : integer array, shape (strata + 1,)
        First cell of each stratum.
    strata : int32 array, shape (rows,) or (0,)
    groups : int32 array, shape (rows,)
    unit, through, failing : float array, shape (cells, groups)
        Added to: rows at risk in one cell; others at their last cell, taken off before their first; rows that
        fail. `through` has shape (0, 0) where every row is at risk in one cell.
    """
    for row in range(len(groups)):
        run, group = rows.last[row] - rows.first[row], groups[row]
        if run <= 0:
            continue
        risk = rows.risks[row] * rows.weights[row] if len(rows.weights) else rows.risks[row]
        last = rows.last[row] - 1
        if rows.fails[row]:
            failing[last, group] += risk
        if run == 1:
            unit[last, group] += risk
            continue
        through[last, group] += risk
        stratum = strata[row] if len(strata) else 0
        if rows.first[row] > offsets[stratum]:
            through[rows.first[row] - 1, group] -= risk


@compiled
def add_group_products(rows: Rows, hazards: Floats, groups: Levels, sums: Floats) -> None:
    """Add each row's expected events, and times its regressors, to its group; (groups, 1 + regressors)."""
    for row in range(len(groups)):
        target = sums[groups[row]]
        target[0] += hazards[row]
        for column in range(len(rows.centre)):
            target[1 + column] += hazards[row] * (rows.regressors[column, row] - rows.centre[column])


@compiled
def add_group_events(rows: Rows, groups: Levels, events: Floats) -> None:
    """Add the events that are in some risk set to their group, shape (groups,)."""
    for row in range(len(groups)):
        if rows.fails[row]:
            events[groups[row]] += rows.weights[row] if len(rows.weights) else 1.0


@compiled
def add_effects(groups: Levels, effects: Floats, offset: Floats, total: Floats) -> None:
    """Write each row's group effect, its offset added."""
    for row in range(len(groups)):
        total[row] = effects[groups[row]] + (offset[row] if len(offset) else 0.0)


def empty_risks(cells: int, groups: int, is_unit: bool) -> tuple[Floats, Floats, Floats]:
    """Return `unit`, `through` and `failing` of no rows."""
    through = np.zeros((0, 0) if is_unit else (cells, groups))
    return np.zeros((cells, groups)), through, np.zeros((cells, groups))
