"""What every design asks of a panel's columns anew: found once, and kept with a panel that is in memory."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from clusterpanel.designs.codes import SampleCodes
from clusterpanel.designs.digest import column_digest
from clusterpanel.designs.encode import as_texts, has_missing
from clusterpanel.designs.stores import CodeStore
from clusterpanel.engine.firm_blocks import MemoryBlocks
from clusterpanel.models.arrays import Integers
from clusterpanel.models.code_passes import numbers_along_firms

Found = TypeVar("Found")


class KnownCodes(NamedTuple):
    """A column's codes in all rows of a panel, and the values they stand for."""

    codes: SampleCodes
    values: pa.Array


class KnownColumns:
    """Facts of a panel's columns that no design changes.

    They take 1 to 4 bytes a row for each column whose levels are asked for, 8 bytes and its identifier's text
    a firm, and 32 bytes for each column of numbers. A panel's table never changes, so that they hold as long
    as it does.
    """

    def __init__(self, data: MemoryBlocks) -> None:
        self._data = data

    def starts(self) -> Integers:
        """Return the first row of each firm, and the number of rows."""
        return self._data.starts

    def firm_labels(self) -> pa.Array:
        """Return the firms' identifiers as texts, in order."""
        return self._once("labels", self._data.firm, self._labels)

    def is_complete(self, name: str) -> bool:
        """Say whether no value of a column is missing, infinite or not a number."""
        return self._once("is complete", name, lambda column: not has_missing(column))

    def digest(self, name: str) -> bytes:
        """Return the digest of a column over all rows."""
        return self._once("digest", name, column_digest)

    def codes(self, name: str) -> KnownCodes | None:
        """Return a column's codes, or None where it misses values."""
        return self._once("codes", name, self._codes) if self.is_complete(name) else None

    def _codes(self, column: pa.ChunkedArray) -> KnownCodes:
        table = pa.table({"column": column})
        store = CodeStore(table.column_names, table.schema)
        store.add(table, None)
        codes = store.finish("column")
        along = numbers_along_firms(codes.codes, self.starts(), codes.levels)
        return KnownCodes(replace(codes, along=along), store.values("column"))

    def _labels(self, firms: pa.ChunkedArray) -> pa.Array:
        first = firms.take(pa.array(self.starts()[:-1])).combine_chunks()
        joined = first.chunk(0) if isinstance(first, pa.ChunkedArray) else first
        # The type in which a frame's index holds texts.
        return pc.cast(as_texts(joined), pa.large_string())

    def _once(self, what: str, name: str, find: Callable[[pa.ChunkedArray], Found]) -> Found:
        kept: dict[tuple[str, str], Any] = self._data.found
        if (what, name) not in kept:
            kept[what, name] = find(self._data.table.column(name))
        found: Found = kept[what, name]
        return found
