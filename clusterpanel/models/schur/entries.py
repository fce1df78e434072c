"""A sparse matrix's arrays as the compiled loops take them."""

from typing import NamedTuple

from scipy import sparse

from clusterpanel.models.arrays import Floats, Levels


class Entries(NamedTuple):
    """The arrays of a csr_array.

    Attributes
    ----------
    indptr : int32 array, shape (rows + 1,)
    indices : int32 array, shape (entries,)
    data : float array, shape (entries,)
    """

    indptr: Levels
    indices: Levels
    data: Floats


def entries_of(matrix: sparse.csr_array) -> Entries:
    """Return a matrix's arrays; nothing is copied."""
    return Entries(matrix.indptr, matrix.indices, matrix.data)
