"""Which columns say something of their own, found from their cross-products."""

import numpy as np

from clusterpanel.models.arrays import Floats, Integers

TOLERANCE = 1e-10


def independent(gram: Floats, totals: Floats, tolerance: float = TOLERANCE) -> Integers:
    """Return the columns that are no linear combination of earlier ones.

    Parameters
    ----------
    gram : float array, shape (columns, columns)
        Cross-products.
    totals : float array, shape (columns,)
        What each column's rest is compared with, such as its sum of squares before anything was taken out.
    tolerance : float
        A column is dropped if less than this share of its total is left.

    Returns
    -------
    integer array
        Places of the columns to keep, in order.
    """
    scale = np.where(totals > 0, 1 / np.sqrt(np.where(totals > 0, totals, 1.0)), 0.0)
    rest = gram * np.outer(scale, scale)
    kept = []
    for place in range(len(rest)):
        pivot = rest[place, place]
        if pivot > tolerance:
            kept.append(place)
            rest = rest - np.outer(rest[place], rest[place]) / pivot
    return np.array(kept, dtype=np.int64)


def scaled_inverse(gram: Floats) -> Floats:
    """Invert cross-products, scaled to a unit diagonal so that units of money do not matter."""
    scale = 1 / np.sqrt(np.diag(gram))
    inverse = np.linalg.inv(gram * np.outer(scale, scale)) * np.outer(scale, scale)
    return (inverse + inverse.T) / 2
