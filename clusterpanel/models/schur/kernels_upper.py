"""The compiled loops that write a table of pairs of levels out as the rows of a matrix."""

from typing import NamedTuple

import numpy as np

from clusterpanel.models.arrays import Floats, Integers, Levels
from clusterpanel.models.kernels import compiled
from clusterpanel.models.pair_table import EMPTY, LENGTHS, Table
from clusterpanel.models.schur.entries import Entries


class Keys(NamedTuple):
    """A table's keys, taken apart, those of one first level side by side.

    Attributes
    ----------
    starts : integer array, shape (levels + 1,)
        Where each first level's keys start.
    other, years : int32 arrays, shape (keys,)
        The other level; how many levels of both are seen one after the other, 0 for a single pair.
    numbers : float array, shape (keys,)
    """

    starts: Integers
    other: Levels
    years: Levels
    numbers: Floats


class Stretches(NamedTuple):
    """What is added to a row of the matrix: a number to neighbouring columns, for each stretch of them.

    Attributes
    ----------
    column, size : int32 arrays
    number : float array
    """

    column: Levels
    size: Levels
    number: Floats


@compiled
def keys_by_level(table: Table, levels: int) -> Keys:
    """Return a table's keys by their first level."""
    starts = np.zeros(levels + 1, dtype=np.int64)
    span = levels * LENGTHS
    for key in table.keys:
        if key != EMPTY:
            starts[key // span + 1] += 1
    for level in range(levels):
        starts[level + 1] += starts[level]
    goals, size = starts.copy(), starts[levels]
    other, years = np.empty(size, dtype=np.int32), np.empty(size, dtype=np.int32)
    numbers = np.empty(size)
    for place in range(len(table.keys)):
        key = table.keys[place]
        if key != EMPTY:
            level = key // span
            rest, goal = key - level * span, goals[level]
            other[goal], years[goal], numbers[goal] = rest // LENGTHS, rest % LENGTHS, table.sums[place]
            goals[level] += 1
    return Keys(starts, other, years, numbers)


@compiled
def write_upper(keys: Keys) -> Entries:
    """Return the upper triangle, spells between effects with their rows only: what they take off is left out.

    A spell within an effect starts at the same level twice, one between effects at two.
    """
    levels, size = len(keys.starts) - 1, len(keys.other)
    spells = np.empty((2, size), dtype=np.int32)
    stretches = Stretches(
        np.empty(2 * size, dtype=np.int32), np.empty(2 * size, dtype=np.int32), np.empty(2 * size)
    )
    starts, under_way = np.zeros(levels + 1, dtype=np.int32), 0
    place_of = np.full(levels, -1, dtype=np.int32)
    columns, numbers = np.empty(size + levels, dtype=np.int32), np.empty(size + levels)
    for level in range(levels):
        under_way, count = stretches_of_row(keys, level, spells, under_way, stretches)
        used = starts[level]
        if used + levels > len(columns):
            columns, numbers = with_room(columns, numbers, used, levels)
        starts[level + 1] = write_row(stretches, count, place_of, (columns, numbers), used)
    return Entries(starts, columns[: starts[levels]], numbers[: starts[levels]])


@compiled
def stretches_of_row(
    keys: Keys, level: int, spells: Levels, under_way: int, stretches: Stretches
) -> tuple[int, int]:
    """Write the stretches of one row; return how many spells are under way, and how many stretches there are.

    Parameters
    ----------
    spells : int32 array, shape (2, keys)
        Of each spell under way its key and its first level.
    """
    other, years, numbers = keys.other, keys.years, keys.numbers
    column, size, number = stretches
    count = 0
    for key in range(keys.starts[level], keys.starts[level + 1]):
        if years[key] == 0:
            column[count], size[count], number[count] = other[key], 1, numbers[key]
            count += 1
        else:
            spells[0, under_way], spells[1, under_way] = key, level
            under_way += 1
    place = 0
    while place < under_way:
        key, first = spells[0, place], spells[1, place]
        there, end = other[key] + level - first, other[key] + years[key]
        if there == end:
            under_way -= 1
            spells[0, place], spells[1, place] = spells[0, under_way], spells[1, under_way]
            continue
        place += 1
        column[count], size[count], number[count] = there, 1, numbers[key]
        count += 1
        if there == level:
            column[count], size[count], number[count] = there, end - there, -numbers[key] / years[key]
            count += 1
    return under_way, count


@compiled
def write_row(
    stretches: Stretches, count: int, place_of: Levels, entries: tuple[Levels, Floats], used: int
) -> int:
    """Add up a row's stretches behind the entries so far, leave out what is 0, return how many there are.

    Parameters
    ----------
    place_of : int32 array, shape (levels,)
        Where a column's entry is, if not before this row's; changed.
    entries : int32 and float array
        Columns and numbers of all rows so far, with room for this one's.
    """
    column, size, number = stretches
    columns, numbers = entries
    first = used
    for stretch in range(count):
        share = number[stretch]
        for there in range(column[stretch], column[stretch] + size[stretch]):
            place = place_of[there]
            if place < first:
                place_of[there], columns[used], numbers[used] = used, there, share
                used += 1
            else:
                numbers[place] += share
    left = first
    for place in range(first, used):
        place_of[columns[place]] = -1
        if numbers[place] != 0.0:
            columns[left], numbers[left] = columns[place], numbers[place]
            left += 1
    return left


@compiled
def with_room(columns: Levels, numbers: Floats, used: int, more: int) -> tuple[Levels, Floats]:
    """Return a matrix's columns and numbers with room for so many more, and as many again."""
    size = 2 * (used + more)
    larger, longer = np.empty(size, dtype=np.int32), np.empty(size)
    larger[:used], longer[:used] = columns[:used], numbers[:used]
    return larger, longer
