"""Passes over columns of numbers, compiled when they are first called."""

from clusterpanel.models.array_types import Floats


def mean_and_squares(column: Floats) -> tuple[float, float]:
    """Return a column's mean and its sum of squares about it."""
    from clusterpanel.models import kernels_moments

    mean, squares = kernels_moments.totals_of(column)
    return mean, squares
