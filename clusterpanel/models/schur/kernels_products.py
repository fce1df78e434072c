"""The compiled product of a sparse matrix and a few columns, eight of them at a time.

Numba makes vectors of loops over long arrays, not of eight columns side by side, for which SciPy's loop takes
four times as long too.
"""

from clusterpanel.models.arrays import Floats
from clusterpanel.models.kernels import compiled
from clusterpanel.models.kernels_lanes import all_lanes, lanes_at, put_lanes
from clusterpanel.models.lanes import WIDTH
from clusterpanel.models.schur.entries import Entries


@compiled
def write_product(matrix: Entries, values: Floats, product: Floats) -> None:
    """Write a matrix times values; `values` and `product` have a multiple of `WIDTH` columns, in C order."""
    columns = values.shape[1]
    numbers, goals = values.ravel(), product.ravel()
    for first in range(0, columns, WIDTH):
        for row in range(len(matrix.indptr) - 1):
            total = all_lanes(0.0)
            for entry in range(matrix.indptr[row], matrix.indptr[row + 1]):
                here = lanes_at(numbers, matrix.indices[entry] * columns + first)
                total += here * all_lanes(matrix.data[entry])
            put_lanes(goals, row * columns + first, total)
