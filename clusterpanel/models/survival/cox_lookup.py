"""The compiled loops that say in which cells a row is at risk."""

from clusterpanel.models.arrays import Floats, Integers, Levels
from clusterpanel.models.kernels import compiled
from clusterpanel.models.survival.risk_cells import CellIndex


@compiled
def cells_until(index: CellIndex, stratum: int, time: float) -> int:
    """Return the number of cells of earlier strata, and of this one's up to a time."""
    place = (time - index.origin) * index.per_unit
    bucket = 0
    if place >= index.buckets:
        bucket = index.buckets - 1
    elif place > 0:
        bucket = int(place)
    key = stratum * (index.buckets + 1) + bucket
    low, high = index.firsts[key], index.firsts[key + 1]
    while low < high:
        middle = (low + high) // 2
        if index.times[middle] <= time:
            low = middle + 1
        else:
            high = middle
    return int(low)


@compiled
def whole_cells_until(index: CellIndex, stratum: int, time: float) -> int:
    """Return the same where every bucket begins with its one event time, or has none."""
    place = time - index.origin
    bucket = 0
    if place >= 0:
        bucket = min(int(place) + 1, index.buckets)
    return int(index.firsts[stratum * (index.buckets + 1) + bucket])


@compiled
def write_spans(  # noqa: PLR0917
    index: CellIndex, strata: Levels, start: Floats, stop: Floats, first: Levels, last: Levels
) -> None:
    """Write the first cell each row is at risk in, and the one after the last."""
    if not index.is_whole:
        write_until(index, strata, stop, last)
        write_until(index, strata, start, first)
        return
    write_whole_until(index, strata, stop, last)
    if index.is_unit:
        for row in range(len(first)):
            first[row] = last[row] - 1
    else:
        write_whole_until(index, strata, start, first)


@compiled
def write_until(index: CellIndex, strata: Levels, times: Floats, cells: Levels) -> None:
    """Write the number of cells up to each time."""
    for row in range(len(cells)):
        cells[row] = cells_until(index, int(strata[row]) if len(strata) else 0, times[row])


@compiled
def write_whole_until(index: CellIndex, strata: Levels, times: Floats, cells: Levels) -> None:
    """Write the number of cells up to each time, where event times are whole numbers."""
    for row in range(len(cells)):
        cells[row] = whole_cells_until(index, int(strata[row]) if len(strata) else 0, times[row])


@compiled
def write_cumulated(values: Floats, offsets: Integers, is_backward: bool, sums: Floats) -> None:
    """Write the cumulative sums over each stratum's cells; both of shape (cells, columns)."""
    for stratum in range(len(offsets) - 1):
        first, last = offsets[stratum], offsets[stratum + 1]
        for place in range(last - first):
            cell = last - 1 - place if is_backward else first + place
            before = cell + 1 if is_backward else cell - 1
            for column in range(values.shape[1]):
                sums[cell, column] = values[cell, column]
                if place:
                    sums[cell, column] += sums[before, column]
