"""The compiled loops that write a table of pairs out as a matrix, dense or sparse."""

from typing import NamedTuple

import numpy as np

from clusterpanel.models.arrays import Floats, Integers, Levels
from clusterpanel.models.kernels import compiled
from clusterpanel.models.kernels_pairs import EMPTY, LENGTHS, Table, place_of

WIDTH = 16


class Tiles(NamedTuple):
    """An upper triangle as those stretches of its rows that hold something.

    Attributes
    ----------
    page : int32 array, shape (levels, stretches)
        Where each stretch of `WIDTH` columns is among the numbers; -1 where it is empty.
    numbers : float array, shape (pages, WIDTH)
    used : int
        The number of pages.
    """

    page: Levels
    numbers: Floats
    used: int


@compiled
def write_dense(table: Table, matrix: Floats) -> None:
    """Add a table to the upper triangle of a matrix, shape (levels, levels)."""
    levels = len(matrix)
    for place in range(len(table.keys)):
        if table.keys[place] == EMPTY:
            continue
        pair, years = table.keys[place] // LENGTHS, table.keys[place] % LENGTHS
        level, other, number = pair // levels, pair % levels, table.sums[place]
        if years == 0:
            matrix[level, other] += number
            continue
        share = number / years
        for year in range(years):
            matrix[level + year, other + year] += number
            for later in range(year if level == other else 0, years):
                matrix[level + year, other + later] -= share


@compiled
def write_tiles(table: Table, keys: Integers, levels: int) -> Tiles:
    """Return a table as tiles; its keys come ascending, to fill neighbouring tiles one after the other."""
    page = np.full((levels, (levels + WIDTH - 1) // WIDTH), -1, dtype=np.int32)
    numbers, used = np.zeros((max(1024, len(keys) // 2), WIDTH)), 0
    for place in range(len(keys)):
        pair, years = keys[place] // LENGTHS, keys[place] % LENGTHS
        level, other, number = pair // levels, pair % levels, table.sums[place_of(table.keys, keys[place])]
        if used + LENGTHS * (LENGTHS // WIDTH + 1) > len(numbers):
            numbers = with_pages(numbers, used)
        if years == 0:
            used += add_stretch(page[level], numbers, used, (other, 1), number)
        share = number / max(years, 1)
        for year in range(years):
            skipped = year if level == other else 0
            stretch = other + skipped, years - skipped
            used += add_stretch(page[level + year], numbers, used, stretch, -share)
            column = other + year
            numbers[page[level + year, column // WIDTH], column % WIDTH] += number
    return Tiles(page, numbers, used)


@compiled
def with_pages(numbers: Floats, used: int) -> Floats:
    """Return the pages with room for as many again."""
    larger = np.zeros((2 * len(numbers) + LENGTHS * LENGTHS, WIDTH))
    larger[:used] = numbers[:used]
    return larger


@compiled
def add_stretch(page: Levels, numbers: Floats, used: int, stretch: tuple[int, int], number: float) -> int:
    """Add a number to neighbouring entries of a row, of a first and a size; return how many pages are new."""
    column, new = stretch[0], 0
    last = column + stretch[1]
    while column < last:
        tile = column // WIDTH
        if page[tile] < 0:
            page[tile] = used + new
            new += 1
        own = numbers[page[tile]]
        end = min(last - tile * WIDTH, WIDTH)
        for there in range(column - tile * WIDTH, end):
            own[there] += number
        column = (tile + 1) * WIDTH
    return new


@compiled
def write_rows(tiles: Tiles) -> tuple[Integers, Levels, Floats]:
    """Return the entries that are not 0 row by row: where rows start, columns, and numbers."""
    levels, stretches = tiles.page.shape
    starts = np.zeros(levels + 1, dtype=np.int64)
    count = np.count_nonzero(tiles.numbers)
    columns, numbers = np.empty(count, dtype=np.int32), np.empty(count)
    place = 0
    for level in range(levels):
        for stretch in range(stretches):
            page = tiles.page[level, stretch]
            if page < 0:
                continue
            for there in range(WIDTH):
                number = tiles.numbers[page, there]
                if number != 0.0:
                    columns[place] = stretch * WIDTH + there
                    numbers[place] = number
                    place += 1
        starts[level + 1] = place
    return starts, columns, numbers
