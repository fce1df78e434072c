"""What tied events weigh: Efron's and Breslow's approximations, as a few sums per cell."""

from typing import Literal, NamedTuple

import numpy as np

from clusterpanel.models.arrays import Floats
from clusterpanel.models.survival.risk_cells import CellSums

Ties = Literal["efron", "breslow"]


class TieTerms(NamedTuple):
    """Sums over the d events of each cell; each array of shape (cells,).

    The k-th event, k = 0 to d - 1, has the denominator ``s0 - f d0`` with f = k/d by Efron (1977, JASA 72)
    and 0 by Breslow (1974, Biometrics 30), and every event weighs the mean weight of those in the cell, as in
    R's survival package.

    Attributes
    ----------
    a0, a1 : float array
        Sum of weight over denominator, and of f times it: `a0` is the increment of the baseline hazard.
    b0, b1, b2 : float array
        Sum of weight over the denominator's square, of f times it, and of f squared times it.
    loss : float
        Sum of weight times the denominator's logarithm over all cells.
    """

    a0: Floats
    a1: Floats
    b0: Floats
    b1: Floats
    b2: Floats
    loss: float

    def mean_part(self, sums: CellSums) -> Floats:
        """Return the part of the information that the risk sets' means take off, shape (p, p)."""
        mixed = (sums.s1 * self.b1[:, None]).T @ sums.d1
        own = (sums.s1 * self.b0[:, None]).T @ sums.s1
        failing = (sums.d1 * self.b2[:, None]).T @ sums.d1
        part: Floats = own - mixed - mixed.T + failing
        return part

    def score(self, sums: CellSums) -> Floats:
        """Return the derivative of the log partial likelihood, shape (p,)."""
        score: Floats = sums.event_values.sum(axis=0) - self.a0 @ sums.s1 + self.a1 @ sums.d1
        return score


def tie_terms(sums: CellSums, ties: Ties) -> TieTerms:
    """Return the sums over tied events."""
    from clusterpanel.models.survival import cox_cell_kernels

    terms = np.zeros((5, len(sums.events)))
    loss = cox_cell_kernels.write_tie_terms(
        sums.s0, sums.d0, sums.events, sums.event_weights, ties == "efron", terms
    )
    return TieTerms(terms[0], terms[1], terms[2], terms[3], terms[4], loss)


class CellWeights(NamedTuple):
    """What a row at risk, with risk score 1, weighs in the information; each of shape (cells,).

    Attributes
    ----------
    own : float array
        In one cell.
    until, before : float array
        In the stratum's cells up to this one, and up to the one before it.
    failing : float array
        What a row that fails in the cell weighs less.
    """

    own: Floats
    until: Floats
    before: Floats
    failing: Floats


class CellMeans(NamedTuple):
    """What a risk set's means take off a row's score; each of shape (cells, regressors).

    Attributes
    ----------
    own, until, before : float array
        As `CellWeights`, of the means.
    failing : float array
        What a row that fails in the cell has less of it.
    at_event : float array
        The mean that a row that fails is compared with.
    """

    own: Floats
    until: Floats
    before: Floats
    failing: Floats
    at_event: Floats
