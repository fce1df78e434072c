"""The compiled loops of a table of numbers by key, in which D'WMD is added up.

A key is ``(level * levels + other level) * LENGTHS + length``, length 0 standing for one pair of levels.
"""

import numpy as np

from clusterpanel.models.arrays import Floats, Integers
from clusterpanel.models.kernels import compiled
from clusterpanel.models.pair_table import EMPTY, LENGTHS, Table

__all__ = ["EMPTY", "LENGTHS", "Table", "empty_table", "joined", "place_of", "put", "with_room"]

MULTIPLIER = np.uint64(11400714819323198485)  # 2**64 over the golden ratio, which scatters keys


@compiled
def empty_table(places: int) -> Table:
    """Return a table without keys; `places` is a power of two."""
    return Table(np.full(places, EMPTY, dtype=np.int64), np.zeros(places), 0)


@compiled
def place_of(keys: Integers, key: int) -> int:
    """Return where a key is, or where it would go."""
    mask = len(keys) - 1
    place = int((np.uint64(key) * MULTIPLIER) >> np.uint64(32)) & mask
    while keys[place] != key and keys[place] != EMPTY:
        place = (place + 1) & mask
    return place


@compiled
def with_room(table: Table, more: int) -> Table:
    """Return the table with room for so many keys more."""
    places = len(table.keys)
    if 2 * (table.used + more) <= places:
        return table
    while 2 * (table.used + more) > places:
        places *= 2
    larger = empty_table(places)
    for place in range(len(table.keys)):
        key = table.keys[place]
        if key != EMPTY:
            there = place_of(larger.keys, key)
            larger.keys[there] = key
            larger.sums[there] = table.sums[place]
    return Table(larger.keys, larger.sums, table.used)


@compiled
def put(keys: Integers, sums: Floats, key: int, number: float) -> int:
    """Add a number to a key's sum; return 1 if the key is new. There must be room."""
    place = place_of(keys, key)
    sums[place] += number
    if keys[place] == key:
        return 0
    keys[place] = key
    return 1


@compiled
def joined(table: Table, other: Table) -> Table:
    """Return the table with another's numbers added."""
    table = with_room(table, other.used)
    used = table.used
    for place in range(len(other.keys)):
        if other.keys[place] != EMPTY:
            used += put(table.keys, table.sums, other.keys[place], other.sums[place])
    return Table(table.keys, table.sums, used)
