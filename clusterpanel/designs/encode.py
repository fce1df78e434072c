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
    """Return a number or yes/no column as float64, missing as NaN."""
    if pa.types.is_boolean(column.type):
        column = pc.cast(column, pa.int8())
    return np.asarray(pc.cast(column, pa.float64(), safe=False).to_numpy(), dtype=np.float64)


def is_missing(column: pa.ChunkedArray) -> Flags:
    """Return which values are missing, infinite or not a number."""
    missing = np.asarray(column.is_null().to_numpy(), dtype=np.bool_)
    if pa.types.is_floating(column.type):
        missing = missing | ~np.isfinite(as_floats(column))
    return missing


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
        codes = codes * len(more.dictionary) + more.indices.to_numpy().astype(np.int64)
        codes, levels, _ = compact(codes, size)
    return Codes(effect, codes, levels)


def dictionary(column: pa.ChunkedArray) -> pa.DictionaryArray:
    """Return a column as one array of indices and the values they stand for."""
    joined = column.dictionary_encode().unify_dictionaries().combine_chunks()
    return joined.chunk(0) if isinstance(joined, pa.ChunkedArray) else joined


def labels_of(table: pa.Table, codes: Codes) -> list[str]:
    """Return the label of each level of an encoded column, joint ones joined by ``^``."""
    first = np.empty(codes.levels, dtype=np.int64)
    first[codes.codes[::-1]] = np.arange(table.num_rows - 1, -1, -1)
    texts = [_texts(table.column(part).take(pa.array(first))) for part in parts_of(codes.name)]
    return [JOIN.join(levels) for levels in zip(*texts, strict=True)]


def _texts(column: pa.ChunkedArray) -> list[str]:
    """Spell values out, a whole number alike whether it is stored as an integer or as a float."""
    if pa.types.is_floating(column.type):
        return [str(int(value)) if value.is_integer() else repr(value) for value in column.to_pylist()]
    return [str(text) for text in pc.cast(column, pa.string()).to_pylist()]
