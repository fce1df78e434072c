"""Moments under weights that differ within firms, as reweighted least squares has them in every pass.

The table of pairs that unweighted moments use counts firms of one history once; under such weights no two
firms are alike. Up to some thousand levels a dense Schur complement takes each pair in two instructions.
"""

from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np

from clusterpanel.models.arrays import ArrayBlock, Floats
from clusterpanel.models.moments import DENSE_LEVELS, CrossMoments, add_moments
from clusterpanel.models.within import without_firms

# Blocks whose moments are added up in place: adding Schur complements costs more than a small block does.
BLOCKS_PER_BATCH = 8


class DenseMoments(CrossMoments):
    """Cross-moments whose Schur complement is dense where it has room; see `CrossMoments`."""

    def __init__(self, gram: Floats, cross: Floats) -> None:
        super().__init__(gram, cross)
        self.dense: Floats | None = None

    @classmethod
    def zeros(cls, columns: int, levels: int) -> "DenseMoments":
        """Return moments of no rows."""
        return cls(np.zeros((columns, columns)), np.zeros((levels, columns)))

    def add(self, other: CrossMoments) -> "DenseMoments":
        """Add other rows' moments to these."""
        super().add(other)
        if isinstance(other, DenseMoments) and other.dense is not None:
            self.dense = (
                other.dense if self.dense is None else np.add(self.dense, other.dense, out=self.dense)
            )
        return self

    @property
    def schur(self) -> Floats:
        """The upper triangle of D'WMD, shape (levels, levels); handed out, not copied."""
        return super().schur if self.dense is None else self.dense


def add_weighted(
    block: ArrayBlock, values: Floats, weights: Floats, absorbs_firm: bool, moments: DenseMoments
) -> None:
    """Add a block's moments of any columns under weights that differ within firms; see `add_moments`."""
    from clusterpanel.models import dense_kernels, kernels_moments

    levels = len(moments.cross)
    if not 0 < levels <= DENSE_LEVELS or len(block.loads) or block.basis.shape[1]:
        add_moments(block, values, weights, absorbs_firm, moments)
        return
    block = block._replace(weights=weights)
    within = without_firms(block, values, absorbs_firm)
    kernels_moments.add_gram(within, weights, moments.gram)
    dense_kernels.add_level_products(
        block.effects, block.starts, weights, within, absorbs_firm, moments.cross
    )
    if moments.dense is None:
        moments.dense = np.zeros((levels, levels))
    dense_kernels.add_dense_pairs(block.effects, block.starts, weights, absorbs_firm, moments.dense)


def in_batches(blocks: Iterable[ArrayBlock]) -> Iterator[tuple[ArrayBlock, ...]]:
    """Yield the blocks some at a time."""
    there = iter(blocks)
    while batch := tuple(islice(there, BLOCKS_PER_BATCH)):
        yield batch
