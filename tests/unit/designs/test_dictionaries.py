"""Values are numbered in their own order, whatever their type and however they come in blocks."""

import datetime as dt
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from clusterpanel.designs.codes import SampleCodes, narrow, together, within_firms
from clusterpanel.designs.dictionaries import WIDEST_RANGE, Dictionary

VALUES: dict[str, tuple[list[Any], pa.DataType]] = {
    "text": (["b", "a", "b", "c", "a", "d"], pa.string()),
    "years": ([2003, 2001, 2003, 2002, 2001, 1999], pa.int32()),
    "far apart": ([5, -WIDEST_RANGE, 5, WIDEST_RANGE, -WIDEST_RANGE, 0], pa.int64()),
    "first near, then far": ([5, 4, 5, WIDEST_RANGE * 2, 4, 3], pa.int64()),
    "unsigned": ([2**64 - 1, 1, 2**64 - 1, 2**63, 1, 0], pa.uint64()),
    "floats": ([0.5, -1.0, 0.5, 3.0, -1.0, 2.0], pa.float64()),
    "dates": ([dt.date(2003, 1, day) for day in (2, 1, 2, 3, 1, 4)], pa.date32()),
    "decimals": (
        [Decimal(number) for number in ("0.5", "1.5", "0.5", "2.5", "1.5", "3.5")],
        pa.decimal128(5, 1),
    ),
}


@pytest.mark.parametrize("values", VALUES)
@pytest.mark.parametrize("cuts", [[0, 6], [0, 1, 2, 3, 4, 5, 6], [0, 3, 6], [0, 2, 2, 6]])
@pytest.mark.parametrize("is_coded", [True, False])
def test_codes_do_not_depend_on_how_values_come(values: str, cuts: list[int], is_coded: bool) -> None:
    array = pa.array(*VALUES[values])
    kind = pa.dictionary(pa.int32(), array.type) if is_coded else array.type
    found = Dictionary(kind)
    codes: list[int] = []
    for first, last in pairwise(cuts):
        piece = array.slice(first, last - first)
        column = pa.chunked_array([piece.dictionary_encode() if is_coded else piece])
        codes += found.codes(column, None).tolist()
    ascending = sorted(set(array.to_pylist()))
    assert found.ranks()[codes].tolist() == [ascending.index(value) for value in array.to_pylist()]
    assert sorted(found.values.to_pylist()) == ascending
    assert found.values.type == array.type


@pytest.mark.parametrize("kind", [pa.string(), pa.int32()])
def test_values_of_rows_that_are_dropped_get_no_number(kind: pa.DataType) -> None:
    found = Dictionary(kind)
    column = pa.chunked_array([pa.array(["9", None, "7", "8"]).cast(kind)])
    assert found.codes(column, np.array([False, False, True, True])).tolist() == [0, 1]
    assert found.values.cast(pa.string()).to_pylist() == ["7", "8"]


def test_unused_categories_get_no_number() -> None:
    column = pa.chunked_array([pa.DictionaryArray.from_arrays([2, 0, 2], ["x", "unused", "z"])])
    found = Dictionary(column.type)
    codes = pa.array(found.codes(column, None))
    assert found.values.take(codes).to_pylist() == ["z", "x", "z"]
    assert found.levels == 2


def coded(values: np.ndarray) -> SampleCodes:
    levels = int(values.max()) + 1
    return SampleCodes("a", narrow(values, levels), levels)


@pytest.mark.parametrize("levels", [3, 300, 70_000])
def test_joined_levels_know_their_factors(levels: int) -> None:
    rng = np.random.default_rng(levels)
    parts = [
        coded(np.unique(rng.integers(0, size, 5000), return_inverse=True)[1]) for size in (levels, 40, levels)
    ]
    both = together("a^b^c", parts)
    assert sorted(np.unique(both.codes)) == list(range(both.levels))
    for part, factor in zip(parts, both.factors, strict=True):
        np.testing.assert_array_equal(factor[both.codes], part.codes)
    some, seen = both.where(rng.random(5000) < 0.1)
    assert some.levels == int(seen.sum()) == len(np.unique(some.codes))
    np.testing.assert_array_equal(some.factors[0], both.factors[0][seen])


def test_firms_joined_with_another_column_are_levels_in_the_order_of_the_firms() -> None:
    starts = np.array([0, 3, 4, 8])
    other = coded(np.array([1, 1, 0, 0, 2, 1, 0, 1]))
    both = within_firms("firm^a", starts, other)
    assert both.levels == 6
    firms = np.array([0, 0, 0, 1, 2, 2, 2, 2])
    labels = firms * 10 + other.codes
    assert len({*zip(both.codes.tolist(), labels.tolist(), strict=True)}) == 6
    assert [set(both.codes[firms == firm].tolist()) for firm in range(3)] == [{0, 1}, {2}, {3, 4, 5}]
