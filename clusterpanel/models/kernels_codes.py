"""The compiled loops over integer codes: nesting, counts, and rows alone in a level."""

import numpy as np

from clusterpanel.models.arrays import Flags, Floats, Integers, Levels
from clusterpanel.models.kernels import compiled


@compiled
def has_one_holder(inner: Levels, levels: int, outer: Levels) -> bool:
    """Say whether each level of `inner` meets one level of `outer` only, up to the first that meets two."""
    holder = np.full(levels, -1, dtype=np.int32)
    for row in range(len(inner)):
        level = inner[row]
        if holder[level] < 0:
            holder[level] = outer[row]
        elif holder[level] != outer[row]:
            return False
    return True


@compiled
def starts_of(codes: Levels) -> Integers:
    """Return where each stretch of equal codes starts, and the number of rows."""
    count = 1
    for row in range(1, len(codes)):
        count += codes[row] != codes[row - 1]
    starts = np.empty(count + 1, dtype=np.int64)
    starts[0], place = 0, 1
    for row in range(1, len(codes)):
        starts[place] = row
        place += codes[row] != codes[row - 1]
    starts[count] = len(codes)
    return starts


@compiled
def drop_alone(codes: Levels, levels: int, copies: Floats, keep: Flags) -> int:
    """Take the kept rows that are alone in their level out of `keep`; return how many there were.

    Parameters
    ----------
    codes : shape (rows,)
    levels : int
    copies : shape (rows,) or (0,)
        How many equal rows each stands for.
    keep : shape (rows,), changed
    """
    counts = np.zeros(levels, dtype=np.int64)
    for row in range(len(codes)):
        if keep[row]:
            counts[np.uint32(codes[row])] += 2 if len(copies) and copies[row] > 1 else 1
    if not (counts == 1).any():
        return 0
    dropped = 0
    for row in range(len(codes)):
        if keep[row] and counts[np.uint32(codes[row])] == 1:
            keep[row] = False
            dropped += 1
    return dropped
