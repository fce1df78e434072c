"""The shares of rows in sectors, and what shocks to the sectors make of them."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import linalg, sparse

from clusterpanel.errors import DataError, Fault, NotIdentifiedError
from clusterpanel.models.arrays import Floats, Integers

RANK_TOLERANCE = 1e-12
# Scaled normal equations lose half the digits; each round of refinement wins most of them back.
REFINEMENTS = 3
SHOWN_SECTORS = 10


@dataclass(frozen=True)
class Shares:
    """How much of each row's activity is in each sector.

    Attributes
    ----------
    matrix : sparse array, shape (rows, sectors)
        Not negative; rows may sum to less than one.
    sectors : tuple of str
    groups : integer array, shape (sectors,), or None
        Sectors with the same number have shocks that may be related, 0 to groups - 1; None: all are
        independent.
    """

    matrix: sparse.csr_array
    sectors: tuple[str, ...]
    groups: Integers | None = None

    @classmethod
    def of(
        cls,
        matrix: "Floats | sparse.csr_array[np.float64]",
        sectors: tuple[str, ...] | None = None,
        groups: Integers | None = None,
    ) -> "Shares":
        """Return checked shares from a dense or sparse matrix.

        Raises
        ------
        DataError
            Shares are missing, infinite or negative, or names or groups are not one for each sector.
        """
        rows = sparse.csr_array(matrix)
        names = tuple(str(place) for place in range(rows.shape[1])) if sectors is None else tuple(sectors)
        faults = []
        if not np.isfinite(rows.data).all() or (rows.data < 0).any():
            faults.append(Fault("shares", "", "a negative or missing share", "shares of at least 0"))
        if len(names) != rows.shape[1]:
            faults.append(Fault("shares", "sectors", f"{len(names)} names", f"{rows.shape[1]}, one a column"))
        if groups is not None and len(groups) != rows.shape[1]:
            faults.append(
                Fault("shares", "groups", f"{len(groups)} groups", f"{rows.shape[1]}, one a sector")
            )
        if faults:
            raise DataError("the shares cannot be used", faults=faults)
        return cls(rows, names, groups)

    @cached_property
    def sums(self) -> Floats:
        """The sum of each row's shares; shape (rows,)."""
        return np.asarray(self.matrix.sum(axis=1), dtype=np.float64)

    @property
    def are_complete(self) -> bool:
        """Whether every row's shares sum to one."""
        return bool(np.allclose(self.sums, 1.0, rtol=0, atol=1e-8))

    def spread(self, shocks: Floats) -> Floats:
        """Return the shift-share variable: each row's shocks, weighted by its shares."""
        variable: Floats = self.matrix @ shocks
        return variable

    def collect(self, rows: Floats) -> Floats:
        """Return for each sector the rows' values, weighted by their shares in it; along the first axis."""
        collected: Floats = self.matrix.T @ rows
        return collected

    def add_up(self, sectors: Floats) -> Floats:
        """Return the sums of the sectors' values over groups of related shocks."""
        if self.groups is None:
            return sectors
        added: Floats = np.bincount(self.groups, weights=sectors).astype(np.float64)
        return added

    def with_rest(self) -> "Shares":
        """Return the shares with a last sector that holds what is missing to one."""
        rest = sparse.csr_array((1 - self.sums)[:, None])
        matrix = sparse.csr_array(sparse.hstack([self.matrix, rest]))
        return Shares(matrix, (*self.sectors, "no sector"), None)


def recover_shocks(shares: Shares, variable: Floats, weights: Floats | None) -> Floats:
    """Return the shocks whose shift-share variable is nearest to a given one, by least squares on the shares.

    Of a shift-share variable less what controls and effects explain of it, these are the shocks less what
    can be explained of them: Adao, Kolesar and Morales (2019, Quarterly Journal of Economics 134).

    Parameters
    ----------
    shares : Shares
    variable, weights : float array, shape (rows,)

    Raises
    ------
    NotIdentifiedError
        Shares of some sectors are linear combinations of others', or there are more sectors than rows.
    """
    matrix = shares.matrix
    weighted = matrix if weights is None else sparse.csr_array(matrix.multiply(weights[:, None]))
    gram = (matrix.T @ weighted).toarray()
    factor, scale = _factor(gram, shares.sectors, matrix.shape[0])
    shocks = np.zeros(len(scale))
    for _ in range(REFINEMENTS):
        gap = weighted.T @ (variable - matrix @ shocks)
        shocks = shocks + scale * linalg.cho_solve((factor, True), scale * gap)
    return shocks


def _factor(gram: Floats, sectors: tuple[str, ...], rows: int) -> tuple[Floats, Floats]:
    diagonal = np.diag(gram)
    empty = [name for name, size in zip(sectors, diagonal, strict=True) if size <= 0]
    if empty:
        raise NotIdentifiedError(
            f"no row has a share in {_some(empty)}", hint="Leave out the sectors without activity."
        )
    scale = 1 / np.sqrt(diagonal)
    scaled = gram * np.outer(scale, scale)
    _, pivots, rank, _ = linalg.lapack.dpstrf(scaled, lower=1, tol=RANK_TOLERANCE)
    if rank < len(scale):
        names = [sectors[place] for place in pivots[rank:] - 1]
        raise NotIdentifiedError(
            f"the shares of {len(sectors)} sectors in {rows} rows are collinear: those of {_some(names)} are "
            "linear combinations of others'",
            hint="Aggregate these sectors; errors by shock need shares that tell the sectors apart.",
        )
    lower: Floats = np.asarray(np.linalg.cholesky(scaled), dtype=np.float64)
    return lower, scale


def _some(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN_SECTORS} more" if len(names) > SHOWN_SECTORS else ""
    return ", ".join(names[:SHOWN_SECTORS]) + more
