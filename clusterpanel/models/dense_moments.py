"""Moments under weights that differ within firms, as reweighted least squares has them in every pass.

The table of pairs that unweighted moments use counts firms of one history once; under such weights no two
firms are alike. Up to some thousand levels a dense Schur complement takes each pair in two instructions.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from clusterpanel.models.arrays import ArrayBlock, Floats
from clusterpanel.models.moments import DENSE_LEVELS, CrossMoments, add_moments
from clusterpanel.models.within import scratch_like, without_firms

# Blocks whose moments are added up in place: adding Schur complements costs more than a small block does.
BLOCKS_PER_BATCH = 16


class DenseMoments(CrossMoments):
    """Cross-moments whose Schur complement is dense where it has room; see `CrossMoments`."""

    def __init__(self, gram: Floats, cross: Floats) -> None:
        super().__init__(gram, cross)
        self.dense: Floats | None = None
        self.spells: Floats | None = None

    @classmethod
    def zeros(cls, columns: int, levels: int) -> "DenseMoments":
        """Return moments of no rows."""
        return cls(np.zeros((columns, columns)), np.zeros((levels, columns)))

    def add(self, other: CrossMoments) -> "DenseMoments":
        """Add other rows' moments to these."""
        super().add(other)
        if isinstance(other, DenseMoments):
            self.dense = _sum(self.dense, other.dense)
            self.spells = _sum(self.spells, other.spells)
        return self

    @property
    def schur(self) -> Floats:
        """The upper triangle of D'WMD, shape (levels, levels); handed out, not copied."""
        from clusterpanel.models import dense_kernels

        if self.dense is None:
            return super().schur
        if self.spells is not None:
            dense_kernels.write_spells(self.spells, self.dense)
            self.spells = None
        return self.dense


def _sum(mine: Floats | None, others: Floats | None) -> Floats | None:
    if mine is None or others is None:
        return others if mine is None else mine
    return np.add(mine, others, out=mine)


class RowsOfFirms(NamedTuple):
    """A block, and how its firms move between levels, which is the same in every pass.

    Attributes
    ----------
    block : ArrayBlock
    moves : uint8 array, shape (firms, effects)
        As `kernels_moves.moves_of` gives them of the block without weights.
    """

    block: ArrayBlock
    moves: NDArray[np.uint8]


def add_weighted(
    there: RowsOfFirms, values: Floats, weights: Floats, absorbs_firm: bool, moments: DenseMoments
) -> None:
    """Add a block's moments of any columns under weights that differ within firms; see `add_moments`."""
    from clusterpanel.models import dense_kernels, kernels_moments

    block, levels = there.block._replace(weights=weights), len(moments.cross)
    if not 0 < levels <= DENSE_LEVELS or len(block.loads) or block.basis.shape[1]:
        add_moments(block, values, weights, absorbs_firm, moments)
        return
    within = without_firms(block, values, absorbs_firm, scratch_like(values))
    kernels_moments.add_gram(within, weights, moments.gram)
    kernels_moments.add_cross(block, there.moves, within, moments.cross.T)
    if moments.dense is None or moments.spells is None:
        moments.dense = np.zeros((levels, levels))
        moments.spells = np.zeros((levels, dense_kernels.SPELL_ROWS))
    dense_kernels.add_dense_pairs(block, there.moves, absorbs_firm, moments.spells, moments.dense)


def in_batches(blocks: Iterable[ArrayBlock], absorbs_firm: bool) -> Iterator[tuple[RowsOfFirms, ...]]:
    """Yield the blocks some at a time."""
    from clusterpanel.models import kernels_moves

    there = iter(blocks)
    nothing = np.empty(0)
    while batch := tuple(islice(there, BLOCKS_PER_BATCH)):
        plain = (kernels_moves.moves_of(block._replace(weights=nothing), absorbs_firm) for block in batch)
        yield tuple(map(RowsOfFirms, batch, plain))
