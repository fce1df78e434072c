"""The folds of the search for separated rows of a Poisson regression."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from clusterpanel.models.absorb import CONSTANT
from clusterpanel.models.arrays import ArrayBlock, Flags, Floats, ModelSource
from clusterpanel.models.moments import CrossMoments, add_moments
from clusterpanel.models.separating_sum import SeparatingRows

# Vectors make sums of the order of 1; one this small is 0.
ZERO_SUM = 1e-8


@dataclass
class OutcomeSums:
    """What the search must know of the outcome and regressors first.

    Attributes
    ----------
    levels : float array, shape (levels,)
        The outcome's sum in each level.
    sums, squares : float array, shape (regressors,)
    rows : int
    """

    levels: Floats
    sums: Floats
    squares: Floats
    rows: int

    def centre(self, source: ModelSource) -> Floats:
        """Return what may be taken off the regressors for the digits it saves: a constant's multiples."""
        centre = self.sums / self.rows
        has_constant = source.absorbs_firm or source.has_plain_effects
        if source.names[-1:] == (CONSTANT,):
            centre[-1], has_constant = 0.0, True
        return centre if has_constant else np.zeros_like(centre)


@dataclass(frozen=True)
class OutcomeFold:
    """The fold of the outcome's sum by level and the regressors' size."""

    levels: int

    def step(self, block: ArrayBlock) -> OutcomeSums:
        """Return one block's sums."""
        outcome, regressors = block.values[0], block.values[1:]
        levels = np.zeros(self.levels)
        for codes in block.effects.T:
            levels += np.bincount(codes, weights=outcome, minlength=self.levels)
        return OutcomeSums(levels, regressors.sum(axis=1), (regressors**2).sum(axis=1), block.rows)

    def merge(self, left: OutcomeSums, right: OutcomeSums) -> OutcomeSums:
        """Return the sum."""
        return OutcomeSums(
            left.levels + right.levels,
            left.sums + right.sums,
            left.squares + right.squares,
            left.rows + right.rows,
        )

    def solve(self, moments: OutcomeSums) -> OutcomeSums:
        """Return the sums as they are."""
        return moments


@dataclass
class PositiveMoments:
    """Moments of the rows whose outcome is not 0.

    Attributes
    ----------
    moments : CrossMoments
        Of regressors and effects, firms taken out if they are absorbed.
    squares : float array, shape (regressors,)
        The regressors' sums of squares before the firms were taken out.
    """

    moments: CrossMoments
    squares: Floats


@dataclass(frozen=True)
class PositiveFold:
    """The fold of the moments of rows whose outcome is not 0."""

    absorbs_firm: bool
    lost: Flags
    centre: Floats
    regressors: int
    levels: int

    def step(self, block: ArrayBlock) -> PositiveMoments:
        """Return one block's moments."""
        block = rows_of_block(block, block.values[0] > 0)
        moments = CrossMoments.zeros(self.regressors, self.levels)
        values = self.centred(block)
        if block.rows:
            add_moments(block, values, np.empty(0), self.absorbs_firm, moments)
        return PositiveMoments(moments, (values**2).sum(axis=1))

    def centred(self, block: ArrayBlock) -> Floats:
        """Return a block's regressors less what is taken off them."""
        values: Floats = block.values[1:] - self.centre[:, None]
        return values

    def merge(self, left: PositiveMoments, right: PositiveMoments) -> PositiveMoments:
        """Return the sum, in the memory of `left`."""
        return PositiveMoments(left.moments.add(right.moments), left.squares + right.squares)

    def solve(self, moments: PositiveMoments) -> PositiveMoments:
        """Return the moments as they are."""
        return moments


@dataclass(frozen=True)
class GatherFold:
    """The fold that writes out the sums which null vectors make of the rows whose outcome is 0.

    Attributes
    ----------
    vectors : sparse matrix, shape (levels + regressors, vectors)
    fold : PositiveFold
        What is taken off the regressors, and which rows are gone already.
    """

    vectors: sparse.csr_array
    fold: PositiveFold

    def step(self, block: ArrayBlock) -> SeparatingRows:
        """Return one block's sums that are not 0, and the largest left where they should be 0."""
        from clusterpanel.models import separation_kernels

        there = slice(block.first_row, block.first_row + block.rows)
        unmet = np.zeros(self.vectors.shape[1])
        rows, places, sums = separation_kernels.write_sums(
            block,
            self.fold.centred(block),
            self.fold.absorbs_firm,
            ~self.fold.lost[there],
            self.vectors.indptr,
            self.vectors.indices,
            self.vectors.data,
            unmet,
            ZERO_SUM,
        )
        return SeparatingRows.from_sums(rows + block.first_row, places, sums, unmet)

    def merge(self, left: SeparatingRows, right: SeparatingRows) -> SeparatingRows:
        """Return both blocks' rows."""
        return left.above(right)

    def solve(self, moments: SeparatingRows) -> SeparatingRows:
        """Return the rows as they are."""
        return moments


def rows_of_block(block: ArrayBlock, keep: Flags) -> ArrayBlock:
    """Return some of a block's rows, and the firms that have any; groups and place in the sample left out."""
    counts = np.add.reduceat(keep, block.starts[:-1], dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(counts[counts > 0])])
    return ArrayBlock(
        values=np.ascontiguousarray(block.values[:, keep]),
        effects=block.effects[keep],
        loads=block.loads[keep] if len(block.loads) else block.loads,
        basis=block.basis[keep],
        weights=block.weights[keep] if len(block.weights) else block.weights,
        offset=block.offset[keep] if len(block.offset) else block.offset,
        starts=starts.astype(np.int64),
        groups=block.groups[keep],
        first_row=block.first_row,
    )
