"""Eight numbers that a compiled loop treats as one: rows of eight columns side by side.

Numba leaves statements on neighbouring numbers one by one; on eight of them at a time a firm's sums, a
level's sums and cross-products each take one instruction where the processor has wide registers, and two or
four where it has not.
"""

import operator
from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model

from clusterpanel.models.lanes import WIDTH

VECTOR = ir.VectorType(ir.DoubleType(), WIDTH)
# A product and a sum may be rounded once, a sum of lanes taken in any order.
FLAGS = ("contract", "reassoc", "nsz")


class LanesType(types.Type):  # type: ignore[misc]
    """Numba's type of eight numbers."""

    def __init__(self) -> None:
        super().__init__(name="Lanes")


LANES = LanesType()


@register_model(LanesType)
class LanesModel(models.PrimitiveModel):  # type: ignore[misc]
    """Eight numbers are held in one register."""

    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, VECTOR)


@intrinsic  # type: ignore[untyped-decorator]
def lanes_at(typing: Any, rows: Any, row: Any) -> Any:
    """Return a row of an array of shape (rows, 8), C order; of a column, the eight rows from one on."""
    del typing

    def make(context: Any, builder: Any, call: Any, given: Any) -> Any:
        lanes = builder.load(_place(context, builder, call, given))
        lanes.align = 8
        return lanes

    return LANES(rows, row), make


@intrinsic  # type: ignore[untyped-decorator]
def put_lanes(typing: Any, rows: Any, row: Any, lanes: Any) -> Any:
    """Write a row of an array of shape (rows, 8), C order; of a column, the eight rows from one on."""
    del typing

    def make(context: Any, builder: Any, call: Any, given: Any) -> Any:
        builder.store(given[2], _place(context, builder, call, given)).align = 8
        return context.get_dummy_value()

    return types.void(rows, row, lanes), make


@intrinsic  # type: ignore[untyped-decorator]
def all_lanes(typing: Any, number: Any) -> Any:
    """Return eight times the same number."""
    del typing, number

    def make(context: Any, builder: Any, call: Any, given: Any) -> Any:
        del context, call
        first = ir.Constant(ir.IntType(32), 0)
        nowhere = ir.Constant(VECTOR, ir.Undefined)
        once = builder.insert_element(nowhere, given[0], first)
        return builder.shuffle_vector(
            once, nowhere, ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), [0] * WIDTH)
        )

    return LANES(types.float64), make


@intrinsic  # type: ignore[untyped-decorator]
def sum_of_lanes(typing: Any, lanes: Any) -> Any:
    """Return the sum of the eight numbers."""
    del typing

    def make(context: Any, builder: Any, call: Any, given: Any) -> Any:
        del context, call
        kind = ir.FunctionType(ir.DoubleType(), [ir.DoubleType(), VECTOR])
        name = f"llvm.vector.reduce.fadd.v{WIDTH}f64"
        module = builder.module
        reduce = module.globals.get(name) or ir.Function(module, kind, name)
        return builder.call(reduce, [ir.Constant(ir.DoubleType(), 0.0), given[0]], fastmath=FLAGS)

    return types.float64(lanes), make


def _place(context: Any, builder: Any, call: Any, given: Any) -> Any:
    """Return where eight numbers begin."""
    row = context.cast(builder, given[1], call.args[1], types.intp)
    if call.args[0].ndim == 2:
        row = builder.mul(row, ir.Constant(row.type, WIDTH))
    numbers = context.make_array(call.args[0])(context, builder, given[0]).data
    return builder.bitcast(builder.gep(numbers, [row]), VECTOR.as_pointer())


def _lower(instruction: str, *operators: Any) -> None:
    """Let operators work lane by lane."""

    class LanesOperator(AbstractTemplate):  # type: ignore[misc]
        def generic(self, given: Any, named: Any) -> Any:
            del named
            return signature(LANES, LANES, LANES) if given == (LANES, LANES) else None

    def make(context: Any, builder: Any, call: Any, given: Any) -> Any:
        del context, call
        return getattr(builder, instruction)(*given, flags=("contract",))

    for sign in operators:
        infer_global(sign)(type(f"Lanes_{sign.__name__}", (LanesOperator,), {}))
        lower_builtin(sign, LANES, LANES)(make)


_lower("fadd", operator.add, operator.iadd)
_lower("fsub", operator.sub, operator.isub)
_lower("fmul", operator.mul, operator.imul)
