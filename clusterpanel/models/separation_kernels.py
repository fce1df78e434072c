"""The compiled loop that writes out sums of regressors and effects which are 0 where an outcome is not.

Imported inside the functions that use it: numba alone takes longer to load than the rest of the package.
"""

import numpy as np

from clusterpanel.models.arrays import ArrayBlock, Flags, Floats, Integers, Levels
from clusterpanel.models.kernels import compiled

FIRST_ROOM = 1024


@compiled
def write_sums(  # noqa: PLR0917
    block: ArrayBlock,
    regressors: Floats,
    absorbs_firm: bool,
    is_open: Flags,
    starts: Levels,
    vectors: Levels,
    numbers: Floats,
    unmet: Floats,
    zero: float,
) -> tuple[Integers, Levels, Floats]:
    """Return row, vector and sum of every sum that is not 0 in a row that is open.

    Parameters
    ----------
    block : ArrayBlock
    regressors : shape (regressors, rows)
    absorbs_firm : bool
        A firm's effect then makes up for the mean of its sums where the outcome is not 0.
    is_open : shape (rows,)
        The rows to write.
    starts, vectors, numbers
        The null vectors as the rows of a sparse matrix, a row each level and then each regressor.
    unmet : shape (vectors,)
        The largest sum in a row whose outcome is not 0; written.
    zero : float
        A sum up to this size is 0.
    """
    size, count = len(unmet), 0
    rows = np.empty(FIRST_ROOM, dtype=np.int64)
    places = np.empty(FIRST_ROOM, dtype=np.int32)
    sums = np.empty(FIRST_ROOM)
    stamp = np.full(size, -1)
    touched = np.empty(size, dtype=np.int32)
    years = np.max(block.starts[1:] - block.starts[:-1])
    local = np.zeros((years, size))
    for firm in range(len(block.starts) - 1):
        first, last = block.starts[firm], block.starts[firm + 1]
        many = gather_firm(
            block, regressors, first, last, starts, vectors, numbers, firm, stamp, touched, local
        )
        for place in range(many):
            vector = touched[place]
            positive, mean = 0, 0.0
            for row in range(first, last):
                if block.values[0, row] > 0:
                    positive += 1
                    mean += local[row - first, vector]
            mean = mean / max(positive, 1) if absorbs_firm else 0.0
            for row in range(first, last):
                number = local[row - first, vector] - mean
                local[row - first, vector] = 0.0
                if block.values[0, row] > 0:
                    unmet[vector] = max(unmet[vector], abs(number))
                elif is_open[row] and abs(number) > zero:
                    if count == len(rows):
                        rows = np.append(rows, np.empty(count, dtype=np.int64))
                        places = np.append(places, np.empty(count, dtype=np.int32))
                        sums = np.append(sums, np.empty(count))
                    rows[count], places[count], sums[count] = row, vector, number
                    count += 1
    return rows[:count], places[:count], sums[:count]


@compiled
def gather_firm(  # noqa: PLR0917
    block: ArrayBlock,
    regressors: Floats,
    first: int,
    last: int,
    starts: Levels,
    vectors: Levels,
    numbers: Floats,
    firm: int,
    stamp: Integers,
    touched: Levels,
    local: Floats,
) -> int:
    """Add up a firm's sums by row in `local`; return how many vectors are in them, and which in `touched`."""
    many = 0
    levels = len(starts) - 1 - len(regressors)
    kinds = block.effects.shape[1]
    for row in range(first, last):
        for kind in range(kinds + len(regressors)):
            if kind < kinds:
                level = block.effects[row, kind]
                load = block.loads[row, kind] if len(block.loads) else 1.0
            else:
                level = levels + kind - kinds
                load = regressors[kind - kinds, row]
            for place in range(starts[level], starts[level + 1]):
                vector = vectors[place]
                if stamp[vector] != firm:
                    stamp[vector] = firm
                    touched[many] = vector
                    many += 1
                local[row - first, vector] += load * numbers[place]
    return many


@compiled
def mark_empty_firms(outcome: Floats, starts: Integers, lost: Flags) -> Integers:
    """Mark the rows of firms whose outcome is 0 throughout; return the numbers of such rows and firms."""
    counts = np.zeros(2, dtype=np.int64)
    for firm in range(len(starts) - 1):
        first, last = starts[firm], starts[firm + 1]
        total = 0.0
        for row in range(first, last):
            total += outcome[row]
        if total == 0.0:
            lost[first:last] = True
            counts[0] += last - first
            counts[1] += 1
    return counts


@compiled
def connect_levels(effects: Levels, starts: Integers, lost: Flags, holder: Integers) -> None:
    """Put the levels of one effect that a firm sees into one set, rows that are lost aside.

    Parameters
    ----------
    effects : shape (rows, effects)
    starts : shape (firms + 1,)
    lost : shape (rows,)
    holder : shape (levels,), written
        A level of the same set, the level itself for one level of each set.
    """
    for firm in range(len(starts) - 1):
        for kind in range(effects.shape[1]):
            before = -1
            for row in range(starts[firm], starts[firm + 1]):
                if lost[row] or effects[row, kind] == before:
                    continue
                if before >= 0:
                    one, other = holder_of(holder, before), holder_of(holder, effects[row, kind])
                    holder[max(one, other)] = min(one, other)
                before = effects[row, kind]


@compiled
def holder_of(holder: Integers, level: int) -> int:
    """Return the level that stands for a level's set, and shorten the way to it."""
    while holder[level] != level:
        holder[level] = holder[holder[level]]
        level = holder[level]
    return level
