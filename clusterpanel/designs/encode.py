"""Turn a table's columns into the numbers models take."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from clusterpanel.models.arrays import Codes, Flags, Floats, compact

JOIN = "^"


def parts_of(effect: str) -> tuple[str, ...]:
    """Return the columns of an effect such as ``industry_code^year``."""
    return tuple(part.strip() for part in effect.split(JOIN))


def is_number(kind: pa.DataType) -> bool:
    """Say whether a column of this type can be a regressor: a number or yes/no."""
    tests = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_decimal)
    return any(test(kind) for test in tests)


def as_floats(column: pa.ChunkedArray) -> Floats:
    """Return a number or yes/no column as float64, missing as NaN; a view where it is that already."""
    if pa.types.is_boolean(column.type):
        column = pc.cast(column, pa.int8())
    if column.type != pa.float64():
        column = pc.cast(column, pa.float64(), safe=False)
    if column.num_chunks == 1:
        return np.asarray(column.chunk(0).to_numpy(zero_copy_only=False), dtype=np.float64)
    return np.asarray(column.to_numpy(), dtype=np.float64)


def has_missing(column: pa.ChunkedArray) -> bool:
    """Say whether a value is missing, infinite or not a number."""
    if column.null_count:
        return True
    if not pa.types.is_floating(column.type):
        return False
    values = as_floats(column)
    with np.errstate(over="ignore", invalid="ignore"):
        # A finite sum takes one pass and no memory; only an infinite one leaves the question open.
        return not (np.isfinite(values.sum()) or np.isfinite(values).all())


def is_missing(column: pa.ChunkedArray) -> Flags:
    """Return which values are missing, infinite or not a number."""
    if pa.types.is_floating(column.type):
        return ~np.isfinite(as_floats(column))
    return np.asarray(column.is_null().to_numpy(), dtype=np.bool_)


def encode(table: pa.Table, effect: str) -> Codes:
    """Return an effect as integers, its levels in order of first appearance column by column.

    Parameters
    ----------
    table : pyarrow Table
        With the effect's columns, free of missing values.
    effect : str
        A column, or columns joined by ``^``.
    """
    codes, levels = np.zeros(table.num_rows, dtype=np.int64), 1
    for part in parts_of(effect):
        more = dictionary(table.column(part))
        size = levels * len(more.dictionary)
        joint = codes * len(more.dictionary) + more.indices.to_numpy().astype(np.int64)
        codes, levels, _ = compact(joint, size)
    return Codes(effect, codes, levels)


def dictionary(column: pa.ChunkedArray) -> pa.DictionaryArray:
    """Return a column as one array of indices and the values they stand for."""
    joined = column.dictionary_encode().unify_dictionaries().combine_chunks()
    return joined.chunk(0) if isinstance(joined, pa.ChunkedArray) else joined


def as_texts(values: pa.Array) -> pa.Array:
    """Spell values out, a whole number alike whether it is stored as an integer or as a float."""
    if pa.types.is_floating(values.type):
        floats = values.to_pylist()
        return pa.array(
            [str(int(value)) if value.is_integer() else repr(value) for value in floats], pa.string()
        )
    return pc.cast(values, pa.string())
