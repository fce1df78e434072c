"""Products of sparse matrices and a few columns."""

import numpy as np
from scipy import sparse

from clusterpanel.models.arrays import Floats
from clusterpanel.models.lanes import WIDTH
from clusterpanel.models.schur.entries import entries_of


def in_eights(values: Floats) -> Floats:
    """Return columns in C order with columns of zeros up to a multiple of `WIDTH`."""
    rows, columns = values.shape
    width = -(-columns // WIDTH) * WIDTH
    if width == columns:
        return np.ascontiguousarray(values)
    filled = np.zeros((rows, width))
    filled[:, :columns] = values
    return filled


def times(matrix: sparse.csr_array, values: Floats) -> Floats:
    """Return a matrix times values, shape (rows of the matrix, columns).

    Parameters
    ----------
    matrix : csr_array of floats, shape (rows, levels)
    values : float array, shape (levels, columns)
        Left as they are; those `in_eights` are not copied.
    """
    from clusterpanel.models.schur.kernels_products import write_product

    filled = in_eights(values)
    product = np.empty((matrix.shape[0], filled.shape[1]))
    write_product(entries_of(matrix), filled, product)
    return product[:, : values.shape[1]]
