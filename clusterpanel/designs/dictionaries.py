"""Number the values of a column block after block, and in their own order once all are known."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from clusterpanel.designs.encode import dictionary
from clusterpanel.models.arrays import Flags, Integers
from clusterpanel.models.arrays import Levels as LevelCodes

# Whole numbers within so wide a range are looked up in an array, wider ones by their values.
WIDEST_RANGE = 1 << 22


class Dictionary:
    """The values of a column that were seen so far, each with its number.

    Numbers are given block by block; only their order at the end does not depend on the blocks' borders.
    """

    def __init__(self, kind: pa.DataType) -> None:
        self._kind: pa.DataType = kind.value_type if pa.types.is_dictionary(kind) else kind
        self._places: dict[object, int] = {}
        # Place of each whole number from `_lowest` on; -1 where it was not seen.
        self._table = np.empty(0, dtype=np.int32)
        self._lowest = 0
        # An unsigned number may be beyond what a signed one holds.
        self._has_table = pa.types.is_integer(kind) and not pa.types.is_uint64(kind)

    @property
    def levels(self) -> int:
        """The number of values."""
        return len(self._places)

    @property
    def values(self) -> pa.Array:
        """The values in the order of their numbers."""
        return pa.array(list(self._places), type=self._kind)

    def ranks(self) -> LevelCodes:
        """Return the place of each number's value among all values ascending; shape (levels,).

        Levels that follow each other, as an industry's years, are what makes a firm's history countable.
        """
        order = pc.array_sort_indices(self.values).to_numpy()
        ranks = np.empty(self.levels, dtype=np.int32)
        ranks[order] = np.arange(self.levels, dtype=np.int32)
        return ranks

    def codes(self, column: pa.ChunkedArray, keep: Flags | None) -> LevelCodes:
        """Return the numbers of the kept rows' values, none of them missing; new ones are numbered.

        Parameters
        ----------
        column : pyarrow ChunkedArray
        keep : bool array, shape (rows,), or None
            None keeps all.
        """
        if not len(column):
            return np.empty(0, dtype=np.int32)
        if self._has_table:
            numbers = _whole_numbers(column)
            numbers = numbers if keep is None else numbers[keep]
            if len(numbers) == 0 or self._makes_room(int(numbers.min()), int(numbers.max())):
                return self._codes_of_numbers(numbers)
        return self._codes_of_values(column, keep)

    def _makes_room(self, low: int, high: int) -> bool:
        """Widen the table so that it reaches these numbers; say whether that is to be had."""
        lowest, highest = self._lowest, self._lowest + len(self._table) - 1
        if lowest <= low and high <= highest:
            return True
        if len(self._table):
            low, high = min(low, lowest), max(high, highest)
        self._has_table = high - low < WIDEST_RANGE
        if self._has_table:
            wider = np.full(high - low + 1, -1, dtype=np.int32)
            if len(self._table):
                wider[lowest - low : highest - low + 1] = self._table
            self._table, self._lowest = wider, low
        return self._has_table

    def _codes_of_numbers(self, numbers: Integers) -> LevelCodes:
        if len(numbers) == 0:
            return np.empty(0, dtype=np.int32)
        places = numbers - self._lowest
        codes = self._table[places]
        if codes.min() < 0:
            new = np.flatnonzero(_seen(places, len(self._table)) & (self._table < 0))
            self._table[new] = np.arange(self.levels, self.levels + len(new), dtype=np.int32)
            self._places.update({int(place) + self._lowest: int(self._table[place]) for place in new})
            codes = self._table[places]
        return codes

    def _codes_of_values(self, column: pa.ChunkedArray, keep: Flags | None) -> LevelCodes:
        encoded = dictionary(column)
        local = encoded.indices.fill_null(0).to_numpy()
        local = local if keep is None else local[keep]
        values = encoded.dictionary.to_pylist()
        table = np.array([self._places.get(value, -1) for value in values], dtype=np.int32)
        new = np.flatnonzero(_seen(local, len(values)) & (table < 0)) if (table < 0).any() else ()
        for place in new:
            table[place] = self._places.setdefault(values[place], self.levels)
        return np.asarray(table[local])


def _whole_numbers(column: pa.ChunkedArray) -> Integers:
    filled = column.fill_null(0) if column.null_count else column
    numbers = np.asarray(filled.to_numpy())
    # Short types would overflow where their lowest is taken off.
    return numbers if numbers.itemsize >= 4 else numbers.astype(np.int64)


def _seen(places: np.ndarray, size: int) -> Flags:
    """Return which places occur."""
    seen = np.zeros(size, dtype=np.bool_)
    seen[places] = True
    return seen
