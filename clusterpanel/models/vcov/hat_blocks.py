"""Each group's block of the projection off the absorbed effects, where effects cross the groups."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.sparse import block_diag, csr_array

from clusterpanel.errors import SpecError
from clusterpanel.models.arrays import Codes, Floats, Integers
from clusterpanel.models.linearised import Linearised
from clusterpanel.models.vcov.hat import EffectHat, hat_of, solve_semidefinite

# Below this, a group's rows are fewer than is worth a matrix of levels.
FEW_ROWS = 300
MOST_ROWS = 3_000
# Eigenvalues of a projection's block this near to 0 or 1 are 0 or 1.
TOLERANCE = 1e-9


@dataclass(frozen=True)
class GroupBlocks:
    """Rows sorted by group, each multiplied by the root of its weight.

    Attributes
    ----------
    hat : EffectHat
        Its rows as in the sample.
    order, starts : integer array
        The rows sorted by group, and the first of each group among these.
    regressors : float array, shape (rows, coefficients)
    residuals : float array, shape (rows,)
    bread : float array, shape (coefficients, coefficients)
    """

    hat: EffectHat
    order: Integers
    starts: Integers
    regressors: Floats
    residuals: Floats
    bread: Floats

    @classmethod
    def of(cls, linearised: Linearised, groups: Codes) -> "GroupBlocks":
        """Sort a regression with absorbed effects by group."""
        hat = hat_of(linearised)
        if hat is None:
            raise SpecError("nothing is absorbed: no effect crosses the groups")
        sizes = np.bincount(groups.codes, minlength=groups.levels)
        return cls(
            hat=hat,
            order=np.argsort(groups.codes, kind="stable"),
            starts=np.concatenate([[0], np.cumsum(sizes)]),
            regressors=linearised.scaled_regressors,
            residuals=linearised.scaled_residuals,
            bread=linearised.bread,
        )

    def moments_off_effects(self) -> tuple[Floats, Floats]:
        """Return ``X'NX`` and ``X'Ne`` of each group, N the pseudo-inverse of its block off the effects."""
        grams, scores = [], []
        for rows in self._groups():
            regressors = self.regressors[rows]
            values = np.column_stack([regressors, self.residuals[rows]])
            is_small = len(rows) <= max(FEW_ROWS, self.hat.levels)
            solved = self._by_rows(rows, values) if is_small else self._by_levels(rows, values)
            grams.append(regressors.T @ solved[:, :-1])
            scores.append(regressors.T @ solved[:, -1])
        return np.stack(grams), np.stack(scores)

    def scores_by_root(self) -> Floats:
        """Return ``X'(I - H)^(-1/2) e`` of each group; shape (groups, coefficients)."""
        largest = int(np.diff(self.starts).max())
        if largest > MOST_ROWS:
            raise SpecError(
                f"CRV2 came with effects that cross the groups and a group of {largest:,} rows; allowed: "
                f"{MOST_ROWS:,}",
                hint="Choose CRV3, or absorb only effects that are nested in the groups.",
            )
        scores = []
        for rows in self._groups():
            regressors = self.regressors[rows]
            block = self._block(rows) - regressors @ self.bread @ regressors.T
            values, vectors = np.linalg.eigh(block)
            is_there = values > TOLERANCE
            roots = np.where(is_there, 1 / np.sqrt(np.where(is_there, values, 1.0)), 0.0)
            scores.append((regressors.T @ vectors * roots) @ (vectors.T @ self.residuals[rows]))
        return np.stack(scores)

    def _groups(self) -> Iterator[Integers]:
        for first, last in zip(self.starts[:-1], self.starts[1:], strict=True):
            yield self.order[first:last]

    def _block(self, rows: Integers) -> Floats:
        """Return the group's block of the projection off the effects."""
        firms, rest = self.hat.firms[rows], self.hat.rest[rows]
        block: Floats = np.eye(len(rows)) - (firms @ firms.T).toarray()
        if rest.nnz:
            levels = np.unique(rest.indices)
            dense = rest[:, levels].toarray()
            block -= dense @ self.hat.inverse[np.ix_(levels, levels)] @ dense.T
        return block

    def _by_rows(self, rows: Integers, values: Floats) -> Floats:
        eigenvalues, vectors = np.linalg.eigh(self._block(rows))
        is_there = eigenvalues > TOLERANCE
        inverse = np.where(is_there, 1 / np.where(is_there, eigenvalues, 1.0), 0.0)
        return np.asarray(vectors @ (inverse[:, None] * (vectors.T @ values)))

    def _by_levels(self, rows: Integers, values: Floats) -> Floats:
        """Solve by the levels of the effects that are left without the group, for groups of many rows."""
        firms = self._firms_without(rows)
        solved = values + firms[0] @ (firms[1] @ (firms[0].T @ values))
        rest = self.hat.rest[rows]
        if not rest.nnz:
            return np.asarray(solved)
        moved = csr_array(rest + firms[0] @ (firms[1] @ (firms[0].T @ rest)))
        left = self.hat.schur - (rest.T @ moved).toarray()
        # What is collinear with the group is so without it; levels that only the group has are gone.
        kept = self.hat.independent
        kept = kept[np.diag(left)[kept] > TOLERANCE * np.diag(self.hat.schur)[kept]]
        slopes = solve_semidefinite(left[np.ix_(kept, kept)], (rest.T @ solved)[kept])
        return np.asarray(solved + moved[:, kept] @ slopes)

    def _firms_without(self, rows: Integers) -> tuple[csr_array, csr_array]:
        """Return Q and C, the pseudo-inverse of the firms' block being ``I + Q C Q'``."""
        codes, basis = self.hat.effects.firms, self.hat.basis[rows]
        width = basis.shape[1]
        if codes is None:
            return csr_array((len(rows), 0)), csr_array((0, 0))
        present, local = np.unique(codes[rows], return_inverse=True)
        products = (basis[:, :, None] * basis[:, None, :]).reshape(len(rows), -1)
        blocks = np.stack([np.bincount(local, column, len(present)) for column in products.T], axis=1)
        values, vectors = np.linalg.eigh(blocks.reshape(-1, width, width))
        is_whole = values > 1 - TOLERANCE
        inverse = np.where(is_whole, -1.0, 1 / np.where(is_whole, 1.0, 1 - values))
        cores = np.einsum("fab,fb,fcb->fac", vectors, inverse, vectors)
        places = local[:, None] * width + np.arange(width)
        shape = (len(rows), len(present) * width)
        spread = csr_array((basis.ravel(), places.ravel(), np.arange(len(rows) + 1) * width), shape=shape)
        return spread, csr_array(block_diag(list(cores), format="csr"))
