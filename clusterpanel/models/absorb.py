"""Absorb effects exactly: firms inside each block, all others by their Schur complement.

With M the projection off the firms, D the dummies of the other effects and Z the outcome and regressors,
the blocks add up Z'MZ, D'MZ and D'MD. A pivoted Cholesky of D'MD then finds which levels are collinear and
gives the slopes of Z on D; no pass over the data is iterated. This is the partitioned regression of Frisch
and Waugh (1933, Econometrica 1) with the block-diagonal firm part eliminated first.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack, solve_triangular

from clusterpanel.errors import SpecError
from clusterpanel.models.arrays import ArrayBlock, Floats, ModelArrays
from clusterpanel.models.moments import CrossMoments

MOST_LEVELS = 10_000
RANK_TOLERANCE = 1e-10
# A level whose dummy is this small beside the largest is rounding left by the firms.
EMPTY_TOLERANCE = 1e-13


@dataclass(frozen=True)
class Absorbed:
    """What the effects explain and what they leave.

    Attributes
    ----------
    slopes : float array, shape (levels, columns)
        Coefficients of each column on the effects; 0 for the levels that are collinear.
    within : float array, shape (columns,)
        Sums of squares before the effects (after the firms).
    explained : float array, shape (columns,)
        The part of them the effects explain.
    rest : float array, shape (columns, columns)
        Cross-products of what the effects leave.
    rank : int
        The number of levels that are not collinear.
    """

    slopes: Floats
    within: Floats
    explained: Floats
    rest: Floats
    rank: int


@dataclass(frozen=True)
class AbsorbFold:
    """The fold of the moments of outcome and regressors.

    Attributes
    ----------
    absorbs_firm : bool
    levels : int
        Of all effects but the firm's.
    centre : float array, shape (columns,)
        Taken off the values first where no firm effect does so, for the digits it saves.
    """

    absorbs_firm: bool
    levels: int
    centre: Floats

    def step(self, block: ArrayBlock) -> CrossMoments:
        """Return one block's moments."""
        from clusterpanel.models import kernels

        moments = CrossMoments.zeros(block.values.shape[1], self.levels)
        if self.absorbs_firm:
            kernels.add_firm_moments(block, moments)
        else:
            values = block.values - self.centre
            kernels.add_row_moments(values, block.effects, np.ones(len(values)), moments)
        return moments

    def merge(self, left: CrossMoments, right: CrossMoments) -> CrossMoments:
        """Return the sum, in the memory of `left`."""
        return left.add(right)

    def solve(self, moments: CrossMoments) -> Absorbed:
        """Take the effects out of the moments."""
        return take_out_effects(moments)


def check_levels(arrays: ModelArrays) -> None:
    """Refuse more effects than their Schur complement has room for.

    Raises
    ------
    SpecError
        More than `MOST_LEVELS` levels besides the firm's.
    """
    if arrays.levels > MOST_LEVELS:
        sizes = ", ".join(f"{effect.name} {effect.levels:,}" for effect in arrays.effects)
        raise SpecError(
            f"the effects have {arrays.levels:,} levels ({sizes}); "
            f"allowed: {MOST_LEVELS:,} besides the firm's",
            hint="Absorb coarser effects, such as a broader industry or region with year.",
        )


def take_out_effects(moments: CrossMoments) -> Absorbed:
    """Return what the effects explain and what they leave; the Schur complement's memory is reused."""
    gram = np.triu(moments.gram) + np.triu(moments.gram, 1).T
    slopes, rank = _slopes(moments.schur, moments.cross)
    fitted = moments.cross.T @ slopes
    rest = gram - (fitted + fitted.T) / 2
    return Absorbed(slopes, np.diag(gram).copy(), np.diag(fitted).copy(), rest, rank)


def _slopes(schur: Floats, cross: Floats) -> tuple[Floats, int]:
    """Solve the singular system of the effects with the collinear levels' slopes at 0."""
    slopes = np.zeros_like(cross)
    diagonal = np.diag(schur)
    present = diagonal > EMPTY_TOLERANCE * diagonal.max(initial=0.0)
    if not present.any():
        return slopes, 0
    scale = np.where(present, 1 / np.sqrt(np.where(present, diagonal, 1.0)), 0.0)
    schur *= scale[:, None]
    schur *= scale[None, :]
    # The transpose of the upper triangle in row order is the lower one in column order: no copy.
    factor, pivots, rank, _ = lapack.dpstrf(schur.T, lower=1, tol=RANK_TOLERANCE, overwrite_a=1)
    kept = pivots[:rank] - 1
    lower = factor[:rank, :rank]
    half = solve_triangular(lower, (cross * scale[:, None])[kept], lower=True, check_finite=False)
    whole = solve_triangular(lower, half, lower=True, trans="T", check_finite=False)
    slopes[kept] = whole * scale[kept, None]
    return slopes, int(rank)
