"""A column of levels as integers."""

from dataclasses import dataclass

import numpy as np

from clusterpanel.models.array_types import Flags, Floats, Integers, Levels


@dataclass(frozen=True)
class Codes:
    """A column as integers.

    Attributes
    ----------
    name : str
        The column, or columns joined by ``^``; a slope of each level's own has its variable in brackets.
    codes : int32 array, shape (rows,)
        0 to ``levels - 1``, every level present.
    levels : int
    loads : float array, shape (rows,), or None
        What a level's dummy is multiplied with, for slopes; None for plain dummies.
    factors : tuple of int32 arrays, each of shape (levels,)
        Of columns joined by ``^``, for each of them the code that every level has in it; may be left out.
        They only save time where there are many levels.
    """

    name: str
    codes: Levels
    levels: int
    loads: Floats | None = None
    factors: tuple[Levels, ...] = ()

    def where(self, keep: Flags) -> "Codes":
        """Return the codes of some rows, counted on again without gaps."""
        codes, levels, old = compact(self.codes[keep], self.levels)
        loads = None if self.loads is None else self.loads[keep]
        return Codes(self.name, codes, levels, loads, tuple(factor[old] for factor in self.factors))


def is_nested(inner: Codes, outer: Codes) -> bool:
    """Say whether each level of `inner` lies in one level of `outer`."""
    if inner.codes is outer.codes:
        return True
    from clusterpanel.models.kernels_codes import has_one_holder

    return bool(has_one_holder(inner.codes, inner.levels, outer.codes))


def compact(codes: Integers | Levels, size: int) -> tuple[Levels, int, Integers]:
    """Return codes counted on without gaps, their number, and the old code of each new one.

    Parameters
    ----------
    codes : integer array
        Values in 0 to ``size - 1``.
    size : int
    """
    if size > max(10_000_000, 4 * len(codes)):
        old, new = np.unique(codes, return_inverse=True)
        return new.astype(np.int32), len(old), old.astype(np.int64)
    seen = np.zeros(size, dtype=np.bool_)
    seen[codes] = True
    old = np.flatnonzero(seen)
    if len(old) == size:
        return codes.astype(np.int32, copy=False), size, old
    return (np.cumsum(seen, dtype=np.int32) - np.int32(1))[codes], len(old), old
