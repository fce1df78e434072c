"""The compiled product of a sparse matrix and a few columns, eight of them in one vector register.

Numba makes vectors of loops over long arrays, not of eight columns side by side, for which SciPy's loop takes
four times as long too. The row's sum is therefore written in LLVM's own words; on a processor with shorter
registers LLVM takes several.
"""

from collections.abc import Callable
from typing import Any, cast

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from clusterpanel.models.arrays import Floats
from clusterpanel.models.kernels import compiled
from clusterpanel.models.schur.entries import Entries

WIDTH = 8
_VECTOR = ir.VectorType(ir.DoubleType(), WIDTH)
_UNDEFINED = ir.Constant(_VECTOR, ir.Undefined)
_FIRST = ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), [0] * WIDTH)


@compiled
def write_product(matrix: Entries, values: Floats, product: Floats) -> None:
    """Write a matrix times values; `values` and `product` have a multiple of `WIDTH` columns, in C order."""
    columns = values.shape[1]
    for first in range(0, columns, WIDTH):
        for row in range(len(matrix.indptr) - 1):
            begin, end = matrix.indptr[row], matrix.indptr[row + 1]
            _write_row(product, row * columns + first, values, first, matrix.indices, matrix.data, begin, end)


def _write_row_types(
    typing: Any, product: Any, goal: Any, values: Any, first: Any, indices: Any, data: Any, begin: Any, end: Any
) -> tuple[Any, Callable[..., Any]]:
    """Write eight columns of one row's sum of ``data[e] * values[indices[e], first + c]``."""
    size = types.int64
    signature = types.void(product, size, values, size, indices, data, size, size)
    return signature, _emit_row


def _emit_row(context: Any, builder: Any, signature: Any, given: Any) -> Any:
    product, goal, values, first, indices, data, begin, end = given
    arrays = dict(zip((0, 2, 4, 5), (product, values, indices, data), strict=True))
    start = {
        place: cgutils.create_struct_proxy(signature.args[place])(context, builder, array)
        for place, array in arrays.items()
    }
    columns = cgutils.unpack_tuple(builder, start[2].shape, 2)[1]
    total = cgutils.alloca_once_value(builder, ir.Constant(_VECTOR, [0.0] * WIDTH))
    with cgutils.for_range_slice(builder, begin, end, ir.Constant(ir.IntType(64), 1)) as (entry, _):
        level = builder.sext(builder.load(builder.gep(start[4].data, [entry])), ir.IntType(64))
        number = builder.load(builder.gep(start[5].data, [entry]))
        place = builder.add(builder.mul(level, columns), first)
        eight = builder.load(_eight_at(builder, start[2].data, place))
        eight.align = WIDTH
        spread = builder.insert_element(_UNDEFINED, number, ir.Constant(ir.IntType(32), 0))
        spread = builder.shuffle_vector(spread, _UNDEFINED, _FIRST)
        share = builder.fmul(eight, spread, flags=("contract",))
        builder.store(builder.fadd(builder.load(total), share, flags=("contract",)), total)
    written = builder.store(builder.load(total), _eight_at(builder, start[0].data, goal))
    written.align = WIDTH
    return context.get_dummy_value()


def _eight_at(builder: Any, data: Any, place: Any) -> Any:
    return builder.bitcast(builder.gep(data, [place]), _VECTOR.as_pointer())


_write_row = cast(Callable[..., None], intrinsic(_write_row_types))
