"""Absorb effects exactly: firms inside each block, all others by their Schur complement.

With M the projection off what the firms explain, W the weights, D the dummies of the other effects and Z the
outcomes and regressors, the blocks add up Z'WMZ, D'WMZ and D'WMD. Solving with D'WMD, which also tells which
levels are collinear, gives the slopes of Z on D; no pass over the data is iterated. This is the partitioned
regression of Frisch and Waugh (1933, Econometrica 1) with the block-diagonal firm part eliminated first.
"""

from dataclasses import dataclass, replace

import numpy as np

from clusterpanel.engine.local import run_fold
from clusterpanel.errors import SpecError
from clusterpanel.models.absorbed import Absorbed, AbsorbedSample, take_out_effects
from clusterpanel.models.arrays import ArrayBlock, Floats, Levels, ModelArrays, ModelSource
from clusterpanel.models.moments import CrossMoments, add_moments
from clusterpanel.models.within import left_of_block

__all__ = [
    "CONSTANT",
    "MOST_LEVELS",
    "AbsorbFold",
    "Absorbed",
    "AbsorbedSample",
    "SampleMoments",
    "absorb",
    "absorb_sample",
    "check_levels",
    "left_rows",
    "take_out_effects",
]

MOST_LEVELS = 20_000
CONSTANT = "constant"


@dataclass
class SampleMoments:
    """The cross-moments of some rows, and their sums about a fixed point.

    Attributes
    ----------
    cross : CrossMoments
    weight : float
    sums, squares : float array, shape (columns,)
        Weighted sums of the columns less the point, and of their squares.
    """

    cross: CrossMoments
    weight: float
    sums: Floats
    squares: Floats


@dataclass(frozen=True)
class AbsorbFold:
    """The fold of the moments of outcomes and regressors.

    Attributes
    ----------
    absorbs_firm : bool
    effect_levels : tuple of int
        The number of levels of each effect but the firm's.
    point : float array, shape (columns,)
        Near the columns' means, for the digits it saves.
    takes_point_off : bool
        Whether the moments are of the columns less the point: what is absorbed makes up for it.
    factors : tuple of tuples of int32 arrays
        The factors of each effect, as `Codes` has them.
    """

    absorbs_firm: bool
    effect_levels: tuple[int, ...]
    point: Floats
    takes_point_off: bool = True
    factors: tuple[tuple[Levels, ...], ...] = ()

    def step(self, block: ArrayBlock) -> SampleMoments:
        """Return one block's moments."""
        from clusterpanel.models import kernels_moments

        columns = len(block.values)
        moments = CrossMoments.zeros(columns, sum(self.effect_levels))
        values = block.values - self.point[:, None] if self.takes_point_off else block.values
        add_moments(block, values, block.weights, self.absorbs_firm, moments)
        weight = float(block.weights.sum()) if len(block.weights) else float(block.rows)
        sums, squares = np.zeros(columns), np.zeros(columns)
        kernels_moments.add_totals(block.values, block.weights, self.point, sums, squares)
        return SampleMoments(moments, weight, sums, squares)

    def merge(self, left: SampleMoments, right: SampleMoments) -> SampleMoments:
        """Return the sum, in the memory of `left`."""
        left.cross.add(right.cross)
        left.weight += right.weight
        left.sums += right.sums
        left.squares += right.squares
        return left

    def solve(self, moments: SampleMoments) -> AbsorbedSample:
        """Take the effects out of the moments."""
        means = self.point + moments.sums / moments.weight
        totals = moments.squares - moments.sums**2 / moments.weight
        # The rounding error of a mean must not pass for variation.
        totals[totals <= 1e-24 * moments.weight * means**2] = 0.0
        absorbed = take_out_effects(moments.cross, self.effect_levels, self.factors, np.sqrt(totals))
        return AbsorbedSample(absorbed, means, totals)


def absorb(source: ModelSource, threads: int = 1) -> Absorbed:
    """Take firms and effects out of all columns in one pass.

    Parameters
    ----------
    source : ModelSource
    threads : int
        Changes the time it takes, never the numbers.

    Raises
    ------
    SpecError
        The effects have too many levels.
    """
    return absorb_sample(source, threads).absorbed


def absorb_sample(source: ModelSource, threads: int = 1) -> AbsorbedSample:
    """Take firms and effects out of all columns, and sum the columns up, in the same pass.

    Raises
    ------
    SpecError
        The effects have too many levels.
    """
    check_levels(source)
    point = _point_near_means(source)
    has_constant = source.names[-1:] == (CONSTANT,)
    # A firm's effect takes the point off by itself.
    takes_point_off = has_constant or (source.has_plain_effects and not source.absorbs_firm)
    fold = AbsorbFold(
        source.absorbs_firm, source.effect_levels, point, takes_point_off, source.effect_factors
    )
    sample = run_fold(fold, source.blocks(), threads)
    if takes_point_off and not has_constant:
        return sample._replace(absorbed=replace(sample.absorbed, point=point))
    return sample


def _point_near_means(source: ModelSource) -> Floats:
    """Return the columns' means over the first block, exact for those that are the same in every row."""
    values = next(source.blocks()).values
    point = np.where(values.min(axis=1) == values.max(axis=1), values[:, 0], values.mean(axis=1))
    if source.names[-1:] == (CONSTANT,):
        point[-1] = 0.0
    return point


def check_levels(source: ModelSource) -> None:
    """Refuse more effects than their Schur complement has room for.

    Raises
    ------
    SpecError
        More than `MOST_LEVELS` levels besides the firm's.
    """
    levels = sum(source.effect_levels)
    if levels > MOST_LEVELS:
        sizes = ", ".join(
            f"{name} {count:,}" for name, count in zip(source.effect_names, source.effect_levels, strict=True)
        )
        raise SpecError(
            f"the effects have {levels:,} levels ({sizes}); allowed: {MOST_LEVELS:,} besides the firm's",
            hint="Absorb coarser effects, such as a broader industry or region with year.",
        )


def left_rows(arrays: ModelArrays, absorbed: Absorbed) -> Floats:
    """Return what firms and effects leave of each column, row by row, in memory.

    Parameters
    ----------
    arrays : ModelArrays
    absorbed : Absorbed
        Of the same arrays.

    Returns
    -------
    float array, shape (columns, rows)
        Orthogonal, under the weights, to every dummy, load and firm slope. Where nothing is absorbed these
        are the columns themselves.
    """
    left = np.empty((len(arrays.columns), arrays.rows))
    for block in arrays.blocks():
        rows = slice(block.first_row, block.first_row + block.rows)
        left[:, rows] = left_of_block(
            block,
            block.values - absorbed.point[:, None],
            block.weights,
            arrays.absorbs_firm,
            absorbed.slopes,
        )
    return left
