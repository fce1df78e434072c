"""The moments every regression here is made of, which add up over firms."""

from typing import Any

import numpy as np
from scipy import sparse

from clusterpanel.models.arrays import ArrayBlock, Floats
from clusterpanel.models.lanes import WIDTH, is_plain, out_of_lanes, parts_of
from clusterpanel.models.within import scratch_like, without_firms

# Up to here the Schur complement is written dense.
DENSE_LEVELS = 2_000
FIRST_PLACES = 16_384


class CrossMoments:
    """Moments of the values and the effects' dummies, firms taken out if they are absorbed.

    Attributes
    ----------
    gram : float array, shape (columns, columns)
        Upper triangle of Z'WMZ.
    cross : float array, shape (levels, columns), Fortran order
        D'WMZ.
    pairs : Table of `kernels_pairs`, or None
        D'WMD as a table by pair of levels, see there; None before anything was added.
    """

    def __init__(self, gram: Floats, cross: Floats, pairs: Any = None) -> None:
        self.gram, self.cross, self.pairs = gram, np.asfortranarray(cross), pairs

    @classmethod
    def zeros(cls, columns: int, levels: int) -> "CrossMoments":
        """Return moments of no rows."""
        # In Fortran order each column's sums lie side by side.
        return cls(np.zeros((columns, columns)), np.zeros((columns, levels)).T)

    def add(self, other: "CrossMoments") -> "CrossMoments":
        """Add other rows' moments to these."""
        from clusterpanel.models import kernels_pairs

        self.gram += other.gram
        self.cross += other.cross
        if self.pairs is None:
            self.pairs = other.pairs
        elif other.pairs is not None:
            self.pairs = kernels_pairs.joined(self.pairs, other.pairs)
        return self

    @property
    def schur(self) -> Floats:
        """The upper triangle of D'WMD, shape (levels, levels), written out anew."""
        from clusterpanel.models import kernels_expand

        matrix = np.zeros((len(self.cross), len(self.cross)))
        if self.pairs is not None:
            kernels_expand.write_dense(self.pairs, matrix)
        return matrix

    def matrix(self) -> Floats | sparse.csr_array:
        """Return the upper triangle of D'WMD: dense up to `DENSE_LEVELS` levels, else sparse."""
        from clusterpanel.models import kernels_expand, kernels_pairs

        levels = len(self.cross)
        if levels <= DENSE_LEVELS:
            return self.schur
        table = kernels_pairs.empty_table(2) if self.pairs is None else self.pairs
        keys = np.sort(table.keys[table.keys != kernels_pairs.EMPTY])
        tiles = kernels_expand.write_tiles(table, keys, levels)
        starts, columns, numbers = kernels_expand.write_rows(tiles)
        return sparse.csr_array((numbers, columns, starts), shape=(levels, levels))


def add_moments(
    block: ArrayBlock, values: Floats, weights: Floats, absorbs_firm: bool, moments: CrossMoments
) -> None:
    """Add a block's moments of any columns under any weights, the firm taken out inside the firm.

    A pass of iteratively reweighted least squares gives its working outcome and weights here, the regressors
    as they are.

    Parameters
    ----------
    block : ArrayBlock
        Its effects, loads, firm slopes and borders of firms are used; its own values and weights are not.
    values : float array, shape (columns, rows)
        Whatever is regressed and regressed on, outcomes first; left as it is.
    weights : float array, shape (rows,)
        Positive; shape (0,) where every row counts alike.
    absorbs_firm : bool
        Whether each firm has an effect of its own; firm slopes are taken out in any case.
    moments : CrossMoments
        Of as many columns and levels; added to.
    """
    from clusterpanel.models import kernels_firm_pairs, kernels_moves, kernels_pairs

    block, levels = block._replace(values=values, weights=weights), len(moments.cross)
    moves = kernels_moves.moves_of(block, absorbs_firm)
    if is_plain(block, absorbs_firm):
        _add_plain(block, moves, moments)
    else:
        _add_any(block, moves, absorbs_firm, moments)
    if not levels:
        return
    if moments.pairs is None:
        moments.pairs = kernels_pairs.empty_table(FIRST_PLACES)
    moments.pairs = kernels_firm_pairs.add_firm_pairs(block, moves, absorbs_firm, levels, moments.pairs)


def _add_plain(block: ArrayBlock, moves: Any, moments: CrossMoments) -> None:
    from clusterpanel.models import kernels_plain

    columns, levels = len(block.values), len(moments.cross)
    parts = parts_of(columns)
    products, sums = np.zeros((parts, parts, WIDTH, WIDTH)), np.zeros((parts, levels, WIDTH))
    kernels_plain.add_plain_moments(block, moves, products, sums)
    wide = products.transpose(0, 2, 1, 3).reshape(parts * WIDTH, parts * WIDTH)
    moments.gram += np.triu(wide[:columns, :columns])
    moments.cross += out_of_lanes(sums, columns)


def _add_any(block: ArrayBlock, moves: Any, absorbs_firm: bool, moments: CrossMoments) -> None:
    from clusterpanel.models import kernels_moments

    within = without_firms(block, block.values, absorbs_firm, scratch_like(block.values))
    kernels_moments.add_gram(within, block.weights, moments.gram)
    if len(moments.cross):
        kernels_moments.add_cross(block, moves, within, moments.cross.T)
