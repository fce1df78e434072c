"""The normal equations of the iterated effects once the others are eliminated exactly."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from clusterpanel.models.arrays import Floats, Integers
from clusterpanel.models.schur.blocks import BlockFactors, factor_diagonal_blocks
from clusterpanel.models.schur.crossing import Crossing, crossing
from clusterpanel.models.schur.entries import Entries, entries_of
from clusterpanel.models.schur.products import times
from clusterpanel.models.schur.spells import Spells, taken_off
from clusterpanel.models.schur.split import Split

LEVELS_AT_ONCE = 128


@dataclass(frozen=True)
class ReducedSystem:
    """A scaled system [[E, C], [C', D]] with D factored: (E - C D^-1 C') x = b - C D^-1 c.

    Attributes
    ----------
    split : Split
    own : csr_array, shape (iterated, iterated)
        E, both triangles.
    cross : Crossing
        C.
    other : csr_array, shape (eliminated, eliminated)
        D, both triangles.
    factors : BlockFactors
        Of D.
    """

    split: Split
    own: sparse.csr_array
    cross: Crossing
    other: sparse.csr_array
    factors: BlockFactors

    def multiply(self, values: Floats) -> Floats:
        """Return the reduced matrix times values of the iterated levels."""
        product = times(self.own, values)
        if self.cross.eliminated:
            product -= self.cross.times(self.factors.solve(self.cross.transposed_times(values)))
        return product

    def reduce(self, right: Floats) -> Floats:
        """Return the reduced system's right-hand side for one of all levels."""
        reduced = right[self.split.iterated]
        if self.cross.eliminated:
            reduced -= self.cross.times(self.factors.solve(right[self.split.eliminated]))
        return reduced

    def extend(self, values: Floats, right: Floats) -> tuple[Floats, Floats]:
        """Return the solution of all levels and what the eliminated ones leave of theirs."""
        target = right[self.split.eliminated] - self.cross.transposed_times(values)
        inner = self.factors.solve(target)
        solution = np.empty_like(right)
        solution[self.split.iterated], solution[self.split.eliminated] = values, inner
        return solution, target - times(self.other, inner)

    def residual(self, values: Floats, right: Floats) -> Floats:
        """Return what the iterated levels' solution, extended, leaves of the right-hand sides."""
        solution, rest = self.extend(values, right)
        residual = np.empty_like(right)
        residual[self.split.eliminated] = rest
        explained = times(self.own, values) + self.cross.times(solution[self.split.eliminated])
        residual[self.split.iterated] = right[self.split.iterated] - explained
        return residual

    def multiply_all(self, solution: Floats) -> Floats:
        """Return the whole scaled matrix times values of all levels."""
        iterated, eliminated = solution[self.split.iterated], solution[self.split.eliminated]
        product = np.empty_like(solution)
        product[self.split.iterated] = times(self.own, iterated) + self.cross.times(eliminated)
        product[self.split.eliminated] = self.cross.transposed_times(iterated) + times(self.other, eliminated)
        return product

    def dense(self, levels: Integers) -> Floats:
        """Return the reduced matrix of some iterated levels."""
        is_all = len(levels) == self.own.shape[0]
        own: Floats = (self.own if is_all else self.own[levels][:, levels]).toarray()
        if self.cross.eliminated:
            cross = self.cross.of_rows(levels)
            through = self.factors.solve(np.ascontiguousarray(cross.T))
            for first in range(0, len(own), LEVELS_AT_ONCE):
                # The product is symmetric: what is above the diagonal is what is below it.
                last = first + LEVELS_AT_ONCE
                own[first:, first:last] -= cross[first:] @ through[:, first:last]
                own[first:last, last:] = own[last:, first:last].T
        return np.ascontiguousarray(own)


def reduced_system(upper: sparse.csr_array, spells: Spells, scale: Floats, split: Split) -> ReducedSystem:
    """Return the system for a matrix's upper triangle, each level scaled to a diagonal of 1.

    Parameters
    ----------
    upper : csr_array, shape (levels, levels)
    spells : Spells
        To be taken off it.
    scale : float array, shape (levels,)
    split : Split
    """
    kind, place = split.parts
    is_between = kind[spells.level] != kind[spells.other]
    upper = taken_off(upper, spells.where(~is_between))
    between = spells.where(is_between)
    is_turned = kind[between.level] == 1
    level, other = place[between.level], place[between.other]
    rows, columns = np.where(is_turned, other, level), np.where(is_turned, level, other)
    between = Spells(rows, columns, between.years, between.shares)
    own, pairs, apart = _scaled_parts(upper, scale, split)
    cross = crossing(pairs, between, scale[split.iterated], scale[split.eliminated])
    factors = factor_diagonal_blocks(apart, split.block, np.zeros(len(split.block)))
    return ReducedSystem(split, own, cross, apart, factors)


def _scaled_parts(upper: sparse.csr_array, scale: Floats, split: Split) -> tuple[sparse.csr_array, ...]:
    """Return the iterated levels' own part, the part between, and the eliminated levels' own part."""
    from clusterpanel.models.schur.kernels import count_parts, fill_parts

    sizes = (len(split.iterated), len(split.eliminated))
    entries, parts = entries_of(upper), split.parts
    counts = np.zeros((2, 2, max(1, *sizes)), dtype=np.int64)
    count_parts(entries, parts, counts)
    ends = np.cumsum(counts).reshape(counts.shape)
    total = int(counts.sum())
    filled = Entries(entries.indptr, np.empty(total, dtype=np.int32), np.empty(total))
    fill_parts(entries, parts, scale, ends - counts, filled)
    found = []
    for rows, columns in ((0, 0), (0, 1), (1, 1)):
        first = ends[rows, columns, 0] - counts[rows, columns, 0]
        inner = slice(first, ends[rows, columns, -1])
        indptr = np.concatenate([[0], ends[rows, columns, : sizes[rows]] - first])
        shape = (sizes[rows], sizes[columns])
        found.append(sparse.csr_array((filled.data[inner], filled.indices[inner], indptr), shape=shape))
    return tuple(found)
