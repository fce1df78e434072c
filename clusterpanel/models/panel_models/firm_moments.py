"""What every panel model here is made of: cross-products within firms, and of firm means by number of years.

With m_i the mean of firm i's columns and T_i its number of rows, the fold adds up the cross-products of the
deviations from m_i, and for each T the sum of T m_i m_i' over the firms with T rows. Pooled, within,
between and quasi-demeaned cross-products, and the traces that variance components need, are sums of these.
"""

from dataclasses import dataclass

import numpy as np

from clusterpanel.engine.local import run_fold
from clusterpanel.models.arrays import ArrayBlock, Flags, Floats, Integers, ModelSource
from clusterpanel.models.panel_models.columns import PanelColumns, firm_means, pieces


@dataclass(frozen=True)
class FirmMoments:
    """Moments of some firms; the outcome is the first column.

    Attributes
    ----------
    within : float array, shape (columns, columns)
        Cross-products of the deviations from firm means.
    years : integer array, shape (sizes,)
        The numbers of rows that firms have, ascending.
    firms_by_years : integer array, shape (sizes,)
        How many firms have so many rows.
    between_by_years : float array, shape (sizes, columns, columns)
        Cross-products of these firms' means, times the number of rows.
    """

    within: Floats
    years: Integers
    firms_by_years: Integers
    between_by_years: Floats

    @property
    def firms(self) -> int:
        """The number of firms."""
        return int(self.firms_by_years.sum())

    @property
    def rows(self) -> int:
        """The number of rows."""
        return int(self.firms_by_years @ self.years)

    @property
    def is_balanced(self) -> bool:
        """Whether every firm has the same number of rows."""
        return len(self.years) == 1

    @property
    def between(self) -> Floats:
        """Cross-products of firm means, each firm's counted once a row."""
        return self.weighted_between(np.ones(len(self.years)))

    @property
    def pooled(self) -> Floats:
        """Cross-products of the rows as they are."""
        return self.within + self.between

    def weighted_between(self, weights: Floats) -> Floats:
        """Return cross-products of firm means, with a weight for each number of years."""
        total: Floats = np.tensordot(weights, self.between_by_years, axes=1)
        return total

    def select(self, columns: Integers, averaged: Flags | None = None) -> "FirmMoments":
        """Return the moments of some columns, or of their firm means where `averaged` says so."""
        varies = np.ones(len(columns)) if averaged is None else (~averaged).astype(np.float64)
        square = np.ix_(columns, columns)
        return FirmMoments(
            self.within[square] * np.outer(varies, varies),
            self.years,
            self.firms_by_years,
            self.between_by_years[:, square[0], square[1]],
        )


@dataclass(frozen=True)
class FirmMomentFold:
    """The fold of the firm moments.

    Attributes
    ----------
    columns : PanelColumns
    """

    columns: PanelColumns

    def step(self, block: ArrayBlock) -> FirmMoments:
        """Return a block's moments."""
        moments = None
        for piece in pieces(block):
            part = self._of_piece(piece)
            moments = part if moments is None else self.merge(moments, part)
        return moments if moments is not None else self._of_piece(block)

    def merge(self, left: FirmMoments, right: FirmMoments) -> FirmMoments:
        """Add two blocks' moments."""
        years = np.union1d(left.years, right.years)
        firms = np.zeros(len(years), dtype=np.int64)
        between = np.zeros((len(years), *left.within.shape))
        for side in (left, right):
            places = np.searchsorted(years, side.years)
            firms[places] += side.firms_by_years
            between[places] += side.between_by_years
        return FirmMoments(left.within + right.within, years, firms, between)

    def solve(self, moments: FirmMoments) -> FirmMoments:
        """Return the moments of all firms."""
        return moments

    def _of_piece(self, piece: ArrayBlock) -> FirmMoments:
        values = self.columns.of(piece)
        means, rows = firm_means(values, piece.starts)
        years, firms = np.unique(rows, return_counts=True)
        between = np.empty((len(years), len(values), len(values)))
        for place, count in enumerate(years):
            part = means[:, rows == count]
            between[place] = count * (part @ part.T)
        values -= np.repeat(means, rows, axis=1)
        return FirmMoments(values @ values.T, years, firms, between)


def firm_moments(source: ModelSource, columns: PanelColumns, threads: int = 1) -> FirmMoments:
    """Return the moments of all firms of a sample, in one pass."""
    return run_fold(FirmMomentFold(columns), source.blocks(), threads)
