"""The compiled loops over integer codes: nesting, counts, and what changes within firms."""

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
def kept_codes(codes: np.ndarray, keep: Flags, seen: Flags) -> np.ndarray:
    """Return the codes of the rows that are kept, and mark in `seen`, shape (levels,), which there are."""
    kept = np.empty(len(codes) + 1, dtype=codes.dtype)
    place = 0
    for row in range(len(codes)):
        code = codes[row]
        kept[place] = code
        seen[code] |= keep[row]
        place += keep[row]
    return kept[:place].copy()


@compiled
def add_counts(codes: np.ndarray, counts: Integers) -> None:
    """Add to each level's count its rows."""
    for row in range(len(codes)):
        counts[codes[row]] += 1


@compiled
def write_codes(codes: Levels, below: int, stacked: Levels, place: int) -> None:
    """Write codes, counted on from a number, as one of the columns of an array, shape (rows, kinds)."""
    for row in range(len(codes)):
        stacked[row, place] = codes[row] + np.int32(below)


@compiled
def count_switchers(column: Floats, starts: Integers) -> int:
    """Return the number of firms in whose rows a column changes."""
    changes = np.zeros(len(column), dtype=np.int32)
    for row in range(1, len(column)):
        changes[row] = changes[row - 1] + (column[row] != column[row - 1])
    count = 0
    for firm in range(len(starts) - 1):
        # Without a branch: firms' lengths are nothing that a processor could foretell.
        count += changes[starts[firm + 1] - 1] != changes[starts[firm]]
    return count
