"""What every design asks of a panel's columns anew: found once, and kept with a panel that is in memory."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import pyarrow as pa

from clusterpanel.designs.codes import SampleCodes
from clusterpanel.designs.digest import column_digest
from clusterpanel.designs.encode import has_missing
from clusterpanel.designs.stores import CodeStore
from clusterpanel.engine.firm_blocks import MemoryBlocks
from clusterpanel.models.arrays import Integers

Found = TypeVar("Found")


class KnownCodes(NamedTuple):
    """A column's codes in all rows of a panel, and the values they stand for."""

    codes: SampleCodes
    values: pa.Array


class KnownColumns:
    """Facts of a panel's columns that no design changes.

    They take 1 to 4 bytes a row for each column whose levels are asked for, 8 bytes a firm, and 32 bytes for
    each column of numbers. A panel's table never changes, so that they hold as long as it does.
    """

    def __init__(self, data: MemoryBlocks) -> None:
        self._data = data

    def starts(self) -> Integers:
        """Return the first row of each firm, and the number of rows."""
        return self._data.starts

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
        return KnownCodes(store.finish("column"), store.values("column"))

    def _once(self, what: str, name: str, find: Callable[[pa.ChunkedArray], Found]) -> Found:
        kept: dict[tuple[str, str], Any] = self._data.found
        if (what, name) not in kept:
            kept[what, name] = find(self._data.table.column(name))
        found: Found = kept[what, name]
        return found
