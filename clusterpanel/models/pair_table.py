"""A table of numbers by pair of levels, as the compiled loops fill it."""

from typing import NamedTuple

from clusterpanel.models.arrays import Floats, Integers

# Firms seen longer than this are added pair by pair.
LENGTHS = 64
EMPTY = -1


class Table(NamedTuple):
    """Numbers by key, the keys scattered over twice as many places or more.

    Attributes
    ----------
    keys : integer array, shape (places,)
        A power of two of them; `EMPTY` where a place is free.
    sums : float array, shape (places,)
    used : int
        The number of keys.
    """

    keys: Integers
    sums: Floats
    used: int
