"""The sha256 of a sample, the same whatever the borders of the blocks it was read in."""

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np

from clusterpanel.designs.codes import SampleCodes
from clusterpanel.models.arrays import Flags, Floats, Integers


class ColumnDigests:
    """Digests of columns that come block by block: one for each, so that borders leave no trace."""

    def __init__(self, columns: int) -> None:
        self._digests = [hashlib.sha256() for _ in range(columns)]

    def add(self, columns: Sequence[Floats]) -> None:
        """Go on with a block's columns."""
        for digest, column in zip(self._digests, columns, strict=True):
            digest.update(np.ascontiguousarray(column).data)

    def finish(self, names: object, starts: Integers, codes: Iterable[SampleCodes | None]) -> str:
        """Return the digest of names, columns, firms and codes; no label of a firm is in it."""
        digest = hashlib.sha256(repr(names).encode())
        for column in self._digests:
            digest.update(column.digest())
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
