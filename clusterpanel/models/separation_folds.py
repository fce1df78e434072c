"""The folds of the search for separated rows of a Poisson regression."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from clusterpanel.models.absorb import CONSTANT
from clusterpanel.models.arrays import ArrayBlock, Flags, Floats, ModelSource
from clusterpanel.models.dense_moments import DenseMoments, RowsOfFirms, add_weighted
from clusterpanel.models.separating_sum import SeparatingRows

# Vectors make sums of the order of 1; one this small is 0.
ZERO_SUM = 1e-8
# A weight that is lost beside any other: a row of it takes part in nothing, a firm of such rows has means.
VANISHING = 1e-300
LEAST = 1e-200


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

    def step(self, batch: Sequence[RowsOfFirms]) -> OutcomeSums:
        """Return some blocks' sums."""
        regressors = len(batch[0].block.values) - 1
        found = OutcomeSums(np.zeros(self.levels), np.zeros(regressors), np.zeros(regressors), 0)
        for block, _ in batch:
            for codes in block.effects.T:
                found.levels += np.bincount(codes, weights=block.values[0], minlength=self.levels)
            found.sums += block.values[1:].sum(axis=1)
            found.squares += np.einsum("cr,cr->c", block.values[1:], block.values[1:])
            found.rows += block.rows
        return found

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
    moments : DenseMoments
        Of regressors and effects, firms taken out if they are absorbed.
    squares : float array, shape (regressors,)
        The regressors' sums of squares before the firms were taken out.
    """

    moments: DenseMoments
    squares: Floats


@dataclass(frozen=True)
class PositiveFold:
    """The fold of the moments of rows whose outcome is not 0."""

    absorbs_firm: bool
    lost: Flags
    centre: Floats
    regressors: int
    levels: int

    def step(self, batch: Sequence[RowsOfFirms]) -> PositiveMoments:
        """Return some blocks' moments."""
        found = PositiveMoments(DenseMoments.zeros(self.regressors, self.levels), np.zeros(self.regressors))
        for there in batch:
            values = self.centred(there.block)
            weights = np.where(there.block.values[0] > 0, 1.0, VANISHING)
            add_weighted(there, values, weights, self.absorbs_firm, found.moments)
            found.squares += np.einsum("cr,cr,r->c", values, values, weights)
        return found

    def centred(self, block: ArrayBlock) -> Floats:
        """Return a block's regressors less what is taken off them."""
        values: Floats = block.values[1:] - self.centre[:, None]
        return values

    def merge(self, left: PositiveMoments, right: PositiveMoments) -> PositiveMoments:
        """Return the sum, in the memory of `left`."""
        return PositiveMoments(left.moments.add(right.moments), left.squares + right.squares)

    def solve(self, moments: PositiveMoments) -> PositiveMoments:
        """Return the moments without what vanishing weights alone left in them."""
        found = moments.moments
        table = () if found.pairs is None else (found.pairs.sums,)
        for numbers in (found.gram, found.cross, found.dense, found.spells, *table):
            if numbers is not None:
                numbers[np.abs(numbers) < LEAST] = 0.0
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
