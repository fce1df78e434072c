"""The largest set of rows that a sum of null vectors lifts above 0 while it leaves no row below."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from clusterpanel.errors import NotConvergedError
from clusterpanel.models.arrays import Floats, Integers, Levels

# A vector that makes more than this of a row in which it should be 0 is no null vector, only nearly one.
MOST_UNMET = 1e-7


@dataclass
class SeparatingRows:
    """What null vectors make of the rows whose outcome is 0.

    Attributes
    ----------
    rows : integer array
        The rows in which some vector is not 0.
    sums : sparse matrix, shape (those rows, vectors)
    unmet : float array, shape (vectors,)
        The largest each vector makes of a row in which it should be 0.
    """

    rows: Integers
    sums: sparse.csr_array
    unmet: Floats

    @classmethod
    def from_sums(cls, rows: Integers, vectors: Levels, sums: Floats, unmet: Floats) -> "SeparatingRows":
        """Order sums that came as row, vector and number."""
        there, places = np.unique(rows, return_inverse=True)
        matrix = sparse.coo_array((sums, (places, vectors)), shape=(len(there), len(unmet)))
        return cls(there, sparse.csr_array(matrix), unmet)

    def above(self, other: "SeparatingRows") -> "SeparatingRows":
        """Return these rows and further ones."""
        sums = sparse.csr_array(sparse.vstack([self.sums, other.sums]))
        return SeparatingRows(
            np.concatenate([self.rows, other.rows]), sums, np.maximum(self.unmet, other.unmet)
        )


def separating_sum(found: SeparatingRows) -> tuple[Floats, Floats]:
    """Return the sum that lifts the most rows, and what it takes of each vector.

    The linear program of Correia, Guimaraes and Zylkin (2021, section 4): with z the sum, as many rows as can
    be have ``z >= 1``; no row has ``z < 0``. A cone has no largest element, so that every row which any such
    sum lifts is at 1 or above in one of them: their sum.

    Returns
    -------
    float array, shape (rows found,)
        0 or at least 1.
    float array, shape (vectors,)

    Raises
    ------
    NotConvergedError
        The solver of the linear program stopped short.
    """
    sums = sparse.csr_array(found.sums * (found.unmet <= MOST_UNMET))
    sums.eliminate_zeros()
    z, loading = np.zeros(len(found.rows)), np.zeros(sums.shape[1])
    for rows, vectors in _parts(sums):
        part = sums[rows][:, vectors]
        loading[vectors] = _lift_one(part) if len(vectors) == 1 else _lift(part)
        z[rows] = part @ loading[vectors]
    z[np.abs(z) < 0.5] = 0.0
    return z, loading


def _parts(sums: sparse.csr_array) -> list[tuple[Integers, Integers]]:
    """Split rows and vectors into sets that have nothing to do with each other."""
    rows = len(sums.indptr) - 1
    entries = sums.tocoo()
    shape = (rows + sums.shape[1],) * 2
    links = sparse.coo_array((np.ones(sums.nnz), (entries.row, entries.col + rows)), shape=shape)
    count, labels = sparse.csgraph.connected_components(links, directed=False)
    part = labels.astype(np.int64)
    row_sets = _places(part[:rows], count)
    vector_sets = _places(part[rows:], count)
    pairs = zip(row_sets, vector_sets, strict=True)
    return [(there, those) for there, those in pairs if len(there) and len(those)]


def _places(part: Integers, count: int) -> list[Integers]:
    order = np.argsort(part, kind="stable")
    return np.split(order, np.searchsorted(part[order], np.arange(1, count)))


def _lift_one(part: sparse.csr_array) -> Floats:
    """Return how much to take of a vector that is alone: none if it has rows on both sides."""
    values = part.data
    if values.min() < 0 < values.max():
        return np.zeros(1)
    return np.array([np.sign(values[0]) / np.abs(values).min()])


def _lift(part: sparse.csr_array) -> Floats:
    """Solve the linear program of one part."""
    scaled = sparse.csr_array(sparse.diags_array(1 / abs(part).max(axis=1).toarray()) @ part)
    rows, vectors = scaled.shape
    identity = sparse.eye_array(rows)
    answer = linprog(
        np.concatenate([np.zeros(vectors), -np.ones(rows)]),
        A_ub=sparse.hstack([-scaled, identity], format="csr"),
        b_ub=np.zeros(rows),
        bounds=[(None, None)] * vectors + [(0.0, 1.0)] * rows,
        method="highs",
    )
    if not answer.success or answer.x is None:
        raise NotConvergedError(
            f"the search for separated rows stopped short: {answer.message}",
            hint="Absorb fewer effects, or leave out regressors that vary only where the outcome is 0.",
        )
    lifted: Floats = np.asarray(answer.x[:vectors], dtype=np.float64)
    least = float(np.min(abs(part @ lifted), where=answer.x[vectors:] > 0.5, initial=np.inf))
    return lifted / least if np.isfinite(least) else np.zeros(vectors)
