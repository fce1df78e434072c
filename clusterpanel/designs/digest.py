"""The sha256 of a sample, the same whatever the borders of the blocks it was read in."""

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa

from clusterpanel.designs.codes import SampleCodes
from clusterpanel.designs.encode import as_floats, is_number
from clusterpanel.models.arrays import Flags, Integers


class ColumnDigests:
    """Digests of panel columns that come block by block, one for each, so that borders leave no trace."""

    def __init__(self, names: Sequence[str]) -> None:
        self._digests = {name: hashlib.sha256() for name in names}

    def add(self, table: pa.Table) -> None:
        """Go on with a block's columns, all rows of them."""
        for name, digest in self._digests.items():
            digest.update(_bytes_of(table.column(name)))

    def finish(self) -> list[bytes]:
        """Return the digest of each column."""
        return [digest.digest() for digest in self._digests.values()]


class RowsSetAside:
    """The digest of the rows that a sample leaves out, by their places in the panel."""

    def __init__(self) -> None:
        self._digest, self._rows = hashlib.sha256(), 0

    def add(self, keep: Flags | None, rows: int) -> None:
        """Go on with a block's flags; None keeps all."""
        if keep is not None:
            self._digest.update((np.flatnonzero(~keep) + self._rows).data)
        self._rows += rows

    def finish(self) -> bytes:
        """Return the digest."""
        return self._digest.digest()


def column_digest(column: pa.ChunkedArray) -> bytes:
    """Return the digest of a whole column."""
    return hashlib.sha256(_bytes_of(column)).digest()


def sample_digest(
    names: object, columns: Iterable[bytes], starts: Integers, codes: Iterable[SampleCodes | None]
) -> str:
    """Return the digest of names, columns, firms and codes; no label of a firm is in it."""
    digest = hashlib.sha256(repr(names).encode())
    for column in columns:
        digest.update(column)
    for array in (
        starts.astype(np.int64, copy=False),
        *(kind.codes for kind in codes if kind is not None),
    ):
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def thinned_digest(digest: str, keep: Flags) -> str:
    """Return the digest of some rows of a sample."""
    thinned = hashlib.sha256(digest.encode())
    thinned.update(np.packbits(keep).data)
    return thinned.hexdigest()


def _bytes_of(column: pa.ChunkedArray) -> memoryview:
    if is_number(column.type):
        return np.ascontiguousarray(as_floats(column)).data
    return memoryview("".join(f"{value!r}\n" for value in column.to_pylist()).encode())
