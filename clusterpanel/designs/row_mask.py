"""Which rows of a panel's block are in a sample, one bit a row."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from clusterpanel.models.arrays import Flags


@dataclass(frozen=True)
class RowMask:
    """The rows of one block that a sample keeps.

    Attributes
    ----------
    rows, kept : int
    bits : uint8 array, shape (rows / 8,), or None
        None where all rows are kept.
    """

    rows: int
    kept: int
    bits: NDArray[np.uint8] | None

    @classmethod
    def of(cls, keep: Flags | None, rows: int) -> "RowMask":
        """Pack flags; None stands for all rows."""
        if keep is None or keep.all():
            return cls(rows, rows, None)
        return cls(rows, int(keep.sum()), np.packbits(keep))

    @property
    def flags(self) -> Flags:
        """One flag a row."""
        if self.bits is None:
            return np.ones(self.rows, dtype=np.bool_)
        return np.unpackbits(self.bits, count=self.rows).astype(np.bool_)

    def where(self, keep: Flags) -> "RowMask":
        """Return the mask of some of the rows that are kept; `keep` has shape (kept,)."""
        if keep.all():
            return self
        flags = self.flags
        flags[flags] = keep
        return RowMask.of(flags, self.rows)

    def apply(self, table: pa.Table) -> pa.Table:
        """Return a block's rows that are kept."""
        return table if self.bits is None else table.filter(pa.array(self.flags))
