"""Rows less a share of their firm's mean: random effects as least squares."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from clusterpanel.models.arrays import ArrayBlock, Flags, Floats, Integers, ModelSource
from clusterpanel.models.panel_models.changed_source import ChangedSource
from clusterpanel.models.panel_models.columns import PanelColumns, firm_means, pieces
from clusterpanel.models.panel_models.firm_moments import FirmMoments

Shares = Callable[[Integers], Floats]


@dataclass(frozen=True)
class Terms:
    """The columns of a quasi-demeaned regression, outcome first.

    Attributes
    ----------
    names : tuple of str
        Of all terms but the outcome.
    columns : integer array, shape (terms,)
        The place of each among the panel's columns.
    averaged : bool array, shape (terms,)
        Whether the term is the column's firm mean.
    """

    names: tuple[str, ...]
    columns: Integers
    averaged: Flags

    def only(self, places: Integers) -> "Terms":
        """Return some of the terms, the outcome (place 0) among them."""
        names = tuple(self.names[place - 1] for place in places[1:])
        return Terms(names, self.columns[places], self.averaged[places])


@dataclass(frozen=True)
class QuasiDemean:
    """The change of a block: each column less a share of its firm mean.

    Attributes
    ----------
    columns : PanelColumns
    terms : Terms
    shares : function
        From firms' numbers of rows to the shares, theta.
    """

    columns: PanelColumns
    terms: Terms
    shares: Shares

    def __call__(self, block: ArrayBlock) -> ArrayBlock:
        """Return the quasi-demeaned block, without effects."""
        values = np.empty((len(self.terms.columns), block.rows))
        for piece in pieces(block):
            first = piece.first_row - block.first_row
            values[:, first : first + piece.rows] = self._of_piece(piece)
        return block._replace(values=values, effects=np.empty((block.rows, 0), dtype=np.int32))

    def _of_piece(self, piece: ArrayBlock) -> Floats:
        values = self.columns.of(piece)
        means, years = firm_means(values, piece.starts)
        shares = self.shares(years)
        demeaned = values[self.terms.columns]
        averaged = self.terms.averaged
        demeaned[averaged] = np.repeat(means[self.terms.columns[averaged]], years, axis=1)
        demeaned -= np.repeat(means[self.terms.columns] * shares, years, axis=1)
        return demeaned


def quasi_demeaned_moments(moments: FirmMoments, shares: Shares) -> Floats:
    """Return the cross-products of quasi-demeaned columns; shape (columns, columns)."""
    return moments.within + moments.weighted_between((1 - shares(moments.years)) ** 2)


def quasi_demeaned_source(
    source: ModelSource, columns: PanelColumns, terms: Terms, shares: Shares
) -> ChangedSource:
    """Return the sample as quasi-demeaned rows."""
    return ChangedSource(
        source=source,
        change=QuasiDemean(columns, terms, shares),
        names=terms.names,
        rows=source.rows,
        firm_levels=source.firm_levels,
        effect_names=(),
        effect_levels=(),
        group_levels=source.group_levels,
    )
