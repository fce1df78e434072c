"""Passes over integer codes, compiled when they are first called: what is left, how often, who switches."""

import numpy as np

from clusterpanel.models.array_types import Flags, Floats, Integers, Levels


def kept_codes(codes: np.ndarray, keep: Flags, levels: int) -> tuple[np.ndarray, Flags]:
    """Return the codes of the rows that are kept, and which levels are among them."""
    from clusterpanel.models import kernels_codes

    seen = np.zeros(levels, dtype=np.bool_)
    return kernels_codes.kept_codes(codes, keep, seen), seen


def level_counts(codes: np.ndarray, levels: int) -> Integers:
    """Return the rows of each level."""
    from clusterpanel.models import kernels_codes

    counts = np.zeros(levels, dtype=np.int64)
    kernels_codes.add_counts(codes, counts)
    return counts


def switchers(column: Floats, starts: Integers) -> int:
    """Return the number of firms in whose rows a column changes."""
    from clusterpanel.models import kernels_codes

    return int(kernels_codes.count_switchers(column, starts))


def numbers_along_firms(codes: np.ndarray, starts: Integers, levels: int) -> Levels:
    """Return a new number for each level, such that what most firms see next has the next number."""
    from clusterpanel.models import kernels_chains

    numbers: Levels = kernels_chains.numbers_along_firms(codes, starts, levels)
    return numbers
