"""Factors of a block-diagonal matrix of many small blocks and few large ones."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import sparse

from clusterpanel.models.arrays import Floats, Integers, Levels
from clusterpanel.models.schur.entries import entries_of
from clusterpanel.models.schur.triangle import RANK_TOLERANCE, PivotedFactor, pivoted_factor

# Beyond this size BLAS is faster than a loop over the block.
LARGEST_SMALL = 128


class BlockArrays(NamedTuple):
    """The factors of small blocks.

    Attributes
    ----------
    order : integer array, shape (levels of small blocks,)
        Their levels, block after block, in the order of the pivots.
    starts, offsets : integer arrays, shape (small blocks + 1,)
        Where each block starts in `order` and in `factors`.
    ranks : integer array, shape (small blocks,)
    factors : float array
    """

    order: Integers
    starts: Integers
    offsets: Integers
    ranks: Integers
    factors: Floats


@dataclass(frozen=True)
class BlockFactors:
    """The factored diagonal blocks of a matrix.

    Attributes
    ----------
    small : BlockArrays
    large : tuple
        Of each large block the levels and the factor.
    """

    small: BlockArrays
    large: tuple[tuple[Integers, PivotedFactor], ...]

    @property
    def dependent(self) -> Integers:
        """The levels, ascending, that depend on others of their block; their solutions are 0."""
        order, starts, _, ranks, _ = self.small
        sizes = np.diff(starts)
        place = np.arange(len(order)) - np.repeat(starts[:-1], sizes)
        small = order[place >= np.repeat(ranks, sizes)]
        return np.sort(np.concatenate([small, *(levels[factor.dependent] for levels, factor in self.large)]))

    def solve(self, right: Floats) -> Floats:
        """Return the solution of every block; shape (levels, columns)."""
        from clusterpanel.models.schur.kernels import solve_blocks

        solution = np.empty_like(right, order="C")
        solve_blocks(self.small, right, solution)
        for levels, factor in self.large:
            solution[levels] = factor.solve(right[levels])
        return solution


def factor_diagonal_blocks(matrix: sparse.csr_array, block: Levels, lift: Floats) -> BlockFactors:
    """Factor the diagonal blocks of a positive semi-definite matrix; entries between blocks are not read.

    Parameters
    ----------
    matrix : csr_array, shape (levels, levels)
        Both triangles, diagonal 1 or 0.
    block : integer array, shape (levels,)
        The block of each level, the blocks counted on from 0 without gaps.
    lift : float array, shape (levels,)
        Its outer product is added to each block.
    """
    from clusterpanel.models.schur.kernels import factor_blocks

    sizes = np.bincount(block)
    small = _empty_blocks(block, sizes)
    factor_blocks(entries_of(matrix), lift, RANK_TOLERANCE, small)
    large = []
    for number in np.flatnonzero(sizes > LARGEST_SMALL):
        levels = np.flatnonzero(block == number)
        inner = matrix[levels][:, levels].toarray() + np.outer(lift[levels], lift[levels])
        large.append((levels, pivoted_factor(inner)))
    return BlockFactors(small, tuple(large))


def _empty_blocks(block: Levels, sizes: Integers) -> BlockArrays:
    """Return the arrays of the small blocks, not yet factored."""
    by_block = np.argsort(block, kind="stable")
    order = by_block[sizes[block[by_block]] <= LARGEST_SMALL]
    small = sizes[sizes <= LARGEST_SMALL]
    starts, offsets = np.cumsum([0, *small]), np.cumsum([0, *(small**2)])
    return BlockArrays(order, starts, offsets, np.empty_like(small), np.empty(offsets[-1]))
