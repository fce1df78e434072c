"""The compiled loops that number levels along the firms' way: an industry's years, a region's years."""

import numpy as np

from clusterpanel.models.arrays import Integers, Levels
from clusterpanel.models.kernels import compiled


@compiled
def numbers_along_firms(codes: np.ndarray, starts: Integers, levels: int) -> Levels:
    """Return a new number for each level, such that what most firms see next has the next number.

    Parameters
    ----------
    codes : integer array, shape (rows,)
    starts : shape (firms + 1,)
        First row of each firm, and the number of rows; a firm's rows are in the order of time.
    levels : int
    """
    after, votes = most_go_to(codes, starts, levels)
    before = np.full(levels, -1, dtype=np.int32)
    for level in range(levels):
        there = after[level]
        if there < 0 or there == level:
            after[level] = -1
        elif before[there] < 0 or votes[level] > votes[before[there]]:
            before[there] = level
    for level in range(levels):
        if after[level] >= 0 and before[after[level]] != level:
            after[level] = -1
    return number_chains(before, after)


@compiled
def most_go_to(codes: np.ndarray, starts: Integers, levels: int) -> tuple[Levels, Integers]:
    """Return the level that most firms see after each level, -1 if none, and by how many votes.

    If a majority goes to one level it is found; see Boyer and Moore (1991, MJRTY).
    """
    after, votes = np.full(levels, -1, dtype=np.int32), np.zeros(levels, dtype=np.int64)
    for firm in range(len(starts) - 1):
        for row in range(starts[firm], starts[firm + 1] - 1):
            level, there = codes[row], codes[row + 1]
            if votes[level] == 0:
                after[level], votes[level] = there, 1
            else:
                votes[level] += 1 if after[level] == there else -1
    return after, votes


@compiled
def number_chains(before: Levels, after: Levels) -> Levels:
    """Count levels on chain by chain, chains by their first levels; circles are cut where they are met."""
    numbers, number = np.full(len(after), -1, dtype=np.int32), 0
    for is_circle in (False, True):
        for first in range(len(after)):
            if numbers[first] >= 0 or (before[first] >= 0 and not is_circle):
                continue
            level = first
            while level >= 0 and numbers[level] < 0:
                numbers[level] = number
                number += 1
                level = after[level]
    return numbers
