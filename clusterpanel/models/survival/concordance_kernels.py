"""The compiled loop that compares each death with its risk set by two trees of running sums.

A tree over the ranks of the predicted risk holds the weights of the rows at risk, another those of the deaths
seen so far; time runs backwards. A sum below a rank takes log(ranks) steps (Fenwick 1994, Software: Practice
and Experience 24).
"""

from typing import NamedTuple

import numpy as np

from clusterpanel.models.arrays import Floats
from clusterpanel.models.kernels import compiled
from clusterpanel.models.survival.concordance import Compared


class Tree(NamedTuple):
    """Weights by rank, with the running sums that Fenwick's tree keeps.

    Attributes
    ----------
    sums : float array, shape (ranks + 1,)
    own : float array, shape (ranks,)
        The weight at each rank.
    total : float array, shape (1,)
    """

    sums: Floats
    own: Floats
    total: Floats


@compiled
def add_to(tree: Tree, rank: int, weight: float) -> None:
    """Add a weight at a rank."""
    tree.own[rank] += weight
    tree.total[0] += weight
    place = rank + 1
    while place < len(tree.sums):
        tree.sums[place] += weight
        place += place & -place


@compiled
def split_at(tree: Tree, rank: int) -> tuple[float, float, float]:
    """Return the weights at smaller ranks, at larger ones, and at the rank."""
    less, place = 0.0, rank
    while place > 0:
        less += tree.sums[place]
        place -= place & -place
    return less, tree.total[0] - less - tree.own[rank], tree.own[rank]


@compiled
def move_as_other(row: int, sign: float, rows: Compared, deaths: Tree, moves: Floats) -> None:
    """Add the deaths seen so far to what a row that was at risk at them takes part in."""
    less, more, equal = split_at(deaths, rows.ranks[row])
    moves[row, 0] += sign * more
    moves[row, 1] += sign * less
    moves[row, 2] += sign * equal


@compiled
def compare_deaths(  # noqa: PLR0917
    first: int, last: int, rows: Compared, at_risk: Tree, counts: Floats, moves: Floats
) -> None:
    """Compare the deaths of one time, at these places of `by_stop`, with each other and the rows at risk."""
    died, same, before = 0.0, 0.0, -1
    for place in range(first, last):
        row = rows.by_stop[place]
        rank, weight = rows.ranks[row], rows.weights[row]
        if rank != before:
            same, before = 0.0, rank
        counts[3] += weight * (died - same)
        counts[4] += weight * same
        died += weight
        same += weight
        shares = split_at(at_risk, rank)
        for kind in range(3):
            counts[kind] += weight * shares[kind]
            moves[row, kind] += shares[kind]


@compiled
def end_of_time(first: int, last: int, rows: Compared) -> int:
    """Return where the rows that end like the one at `first`, at a death, end."""
    if rows.events[rows.by_stop[first]] == 0:
        return first + 1
    time, place = rows.stops[rows.by_stop[first]], first
    while place < last and rows.stops[rows.by_stop[place]] == time:
        place += 1
    return place


@compiled
def leave(  # noqa: PLR0917
    first: int, last: int, time: float, rows: Compared, at_risk: Tree, deaths: Tree, moves: Floats
) -> int:
    """Take the rows that start at `time` or later out of the risk set; return the first that stays."""
    place = first
    while place < last and rows.starts[rows.by_start[place]] >= time:
        row = rows.by_start[place]
        move_as_other(row, 1.0, rows, deaths, moves)
        add_to(at_risk, rows.ranks[row], -rows.weights[row])
        place += 1
    return place


@compiled
def compare_stratum(here: int, last: int, rows: Compared, counts: Floats, moves: Floats) -> None:
    """Compare the deaths of the stratum at these places, from its last time to its first."""
    size, leaving = rows.ranks[rows.by_stop[here:last]].max() + 1, here
    at_risk = Tree(np.zeros(size + 1), np.zeros(size), np.zeros(1))
    deaths = Tree(np.zeros(size + 1), np.zeros(size), np.zeros(1))
    while here < last:
        after = end_of_time(here, last, rows)
        if rows.events[rows.by_stop[here]] > 0:
            time = rows.stops[rows.by_stop[here]]
            leaving = leave(leaving, last, time, rows, at_risk, deaths, moves)
            compare_deaths(here, after, rows, at_risk, counts, moves)
            for place in range(here, after):
                row = rows.by_stop[place]
                add_to(deaths, rows.ranks[row], rows.weights[row])
        for place in range(here, after):
            row = rows.by_stop[place]
            move_as_other(row, -1.0, rows, deaths, moves)
            add_to(at_risk, rows.ranks[row], rows.weights[row])
        here = after
    leave(leaving, last, -np.inf, rows, at_risk, deaths, moves)


@compiled
def compare_all(rows: Compared, counts: Floats, moves: Floats) -> None:
    """Compare the deaths of every stratum with the rows at risk in it.

    Parameters
    ----------
    rows : Compared
    counts : shape (5,), changed
        The pairs that are concordant, discordant, tied in risk, tied in time only, tied in both.
    moves : shape (rows, 3), changed
        What a row's weight is multiplied with in the first three of them: the other rows' weights.
    """
    for stratum in range(len(rows.bounds) - 1):
        if rows.bounds[stratum + 1] > rows.bounds[stratum]:
            compare_stratum(rows.bounds[stratum], rows.bounds[stratum + 1], rows, counts, moves)
