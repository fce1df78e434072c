"""The compiled loops that copy runs of rows."""

import numpy as np

from clusterpanel.models.array_types import Flags, Floats, Integers
from clusterpanel.models.kernels import compiled
from clusterpanel.models.kernels_lanes import lanes_at, put_lanes
from clusterpanel.models.lanes import WIDTH


@compiled
def runs_of(keep: Flags) -> tuple[Integers, Integers]:
    """Return the first row of each run of flags that are set, and where each run starts among these rows."""
    runs, before = 0, False
    for row in range(len(keep)):
        runs += keep[row] and not before
        before = keep[row]
    firsts, offsets = np.empty(runs, dtype=np.int64), np.zeros(runs + 1, dtype=np.int64)
    run, rows, before = 0, 0, False
    for row in range(len(keep)):
        if keep[row] and not before:
            firsts[run], offsets[run] = row, rows
            run += 1
        rows += keep[row]
        before = keep[row]
    offsets[runs] = rows
    return firsts, offsets


@compiled
def copy_runs(column: Floats, firsts: Integers, offsets: Integers, first: int, into: Floats) -> None:
    """Write the sample's rows from `first` on, as many as `into` holds."""
    run = np.searchsorted(offsets, first, side="right") - 1
    done = 0
    while done < len(into):
        row = firsts[run] + first + done - offsets[run]
        size = min(offsets[run + 1] - first - done, len(into) - done)
        if row + size + WIDTH <= len(column) and done + size + WIDTH <= len(into):
            # What is written beyond the run's end is written over by the next.
            for place in range(0, size, WIDTH):
                put_lanes(into, done + place, lanes_at(column, row + place))
        else:
            into[done : done + size] = column[row : row + size]
        done += size
        run += 1
