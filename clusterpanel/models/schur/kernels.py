"""The compiled loops of the solvers."""

import numpy as np

from clusterpanel.models.arrays import Flags, Floats, Integers, Levels
from clusterpanel.models.kernels import compiled
from clusterpanel.models.schur.blocks import BlockArrays
from clusterpanel.models.schur.entries import Entries
from clusterpanel.models.schur.split import Parts


@compiled
def factor_small(matrix: Floats, tolerance: float, order: Integers) -> int:
    """Factor a small symmetric matrix in place with pivoting, permute `order` likewise, return the rank."""
    levels = len(matrix)
    for level in range(levels):
        best = level
        for later in range(level + 1, levels):
            if matrix[later, later] > matrix[best, best]:
                best = later
        if matrix[best, best] <= tolerance:
            return level
        if best != level:
            swap_levels(matrix, level, best)
            order[level], order[best] = order[best], order[level]
        root = np.sqrt(matrix[level, level])
        for later in range(level, levels):
            matrix[level, later] /= root
        for row in range(level + 1, levels):
            share = matrix[level, row]
            for later in range(level + 1, levels):
                matrix[row, later] -= share * matrix[level, later]
    return levels


@compiled
def swap_levels(matrix: Floats, one: int, other: int) -> None:
    """Swap two levels of a matrix, rows and columns."""
    for level in range(len(matrix)):
        matrix[one, level], matrix[other, level] = matrix[other, level], matrix[one, level]
    for level in range(len(matrix)):
        matrix[level, one], matrix[level, other] = matrix[level, other], matrix[level, one]


@compiled
def solve_small(factor: Floats, rank: int, right: Floats) -> None:
    """Replace the right-hand sides of one factored block by the solution, 0 beyond the rank."""
    columns = right.shape[1]
    for level in range(rank):
        for column in range(columns):
            right[level, column] /= factor[level, level]
        for later in range(level + 1, rank):
            share = factor[level, later]
            for column in range(columns):
                right[later, column] -= share * right[level, column]
    right[rank:] = 0.0
    for level in range(rank - 1, -1, -1):
        for later in range(level + 1, rank):
            share = factor[level, later]
            for column in range(columns):
                right[level, column] -= share * right[later, column]
        for column in range(columns):
            right[level, column] /= factor[level, level]


@compiled
def fill_block(matrix: Entries, levels: Integers, place: Integers, block: Floats) -> None:
    """Write the rows and columns of one block's levels; `place` is each level's place in it, or -1."""
    block[:] = 0.0
    for level in levels:
        for entry in range(matrix.indptr[level], matrix.indptr[level + 1]):
            other = place[matrix.indices[entry]]
            if other >= 0:
                block[place[level], other] = matrix.data[entry]


@compiled
def factor_blocks(matrix: Entries, lift: Floats, tolerance: float, blocks: BlockArrays) -> None:
    """Factor every block plus the outer product of its part of `lift`, levels in the order of the pivots."""
    place = np.full(len(matrix.indptr) - 1, -1, dtype=np.int64)
    for number in range(len(blocks.starts) - 1):
        levels = blocks.order[blocks.starts[number] : blocks.starts[number + 1]]
        size = len(levels)
        place[levels] = np.arange(size)
        block = blocks.factors[blocks.offsets[number] : blocks.offsets[number + 1]].reshape(size, size)
        fill_block(matrix, levels, place, block)
        for row in range(size):
            for column in range(size):
                block[row, column] += lift[levels[row]] * lift[levels[column]]
        place[levels] = -1
        blocks.ranks[number] = factor_small(block, tolerance, levels)


@compiled
def solve_blocks(blocks: BlockArrays, right: Floats, solution: Floats) -> None:
    """Write the solution of every block of a factored block-diagonal matrix."""
    for number in range(len(blocks.starts) - 1):
        levels = blocks.order[blocks.starts[number] : blocks.starts[number + 1]]
        size = len(levels)
        inner = right[levels]
        factor = blocks.factors[blocks.offsets[number] : blocks.offsets[number + 1]].reshape(size, size)
        solve_small(factor, blocks.ranks[number], inner)
        for row in range(size):
            solution[levels[row]] = inner[row]


@compiled
def strongest_links(matrix: Entries, effect: Levels) -> Floats:
    """Return each level's largest link, in size, to another level of its own effect."""
    strongest = np.zeros(len(effect))
    for level in range(len(effect)):
        for entry in range(matrix.indptr[level], matrix.indptr[level + 1]):
            other = matrix.indices[entry]
            if other != level and effect[other] == effect[level]:
                strongest[level] = max(strongest[level], abs(matrix.data[entry]))
    return strongest


@compiled
def root_of(parent: Integers, level: int) -> int:
    """Return the first level of a level's tree, shortening the way for the next time."""
    while parent[level] != level:
        parent[level] = parent[parent[level]]
        level = parent[level]
    return level


@compiled
def number_trees(parent: Integers) -> Levels:
    """Return the trees' numbers, level by level, in the order of their first levels."""
    number = np.empty(len(parent), dtype=np.int32)
    trees = 0
    for level in range(len(parent)):
        if parent[level] == level:
            number[level] = trees
            trees += 1
        else:
            # A parent comes before its children, hence it has its number, which is its root's.
            number[level] = number[parent[level]]
    return number


@compiled
def join_levels(first: Levels, second: Levels, levels: int, most: int) -> Levels:
    """Join levels link by link, in the order of the links, into bundles of at most `most`."""
    parent, size = np.arange(levels), np.ones(levels, dtype=np.int64)
    for link in range(len(first)):
        one, other = root_of(parent, first[link]), root_of(parent, second[link])
        if one != other and size[one] + size[other] <= most:
            parent[max(one, other)] = min(one, other)
            size[min(one, other)] += size[max(one, other)]
    return number_trees(parent)


@compiled
def connected_levels(matrix: Entries, is_member: Flags) -> Levels:
    """Return the connected component of each member among the members, the others being alone."""
    parent = np.arange(len(is_member))
    for level in range(len(is_member)):
        if is_member[level]:
            for other_level in matrix.indices[matrix.indptr[level] : matrix.indptr[level + 1]]:
                if is_member[other_level]:
                    one, other = root_of(parent, level), root_of(parent, other_level)
                    parent[max(one, other)] = min(one, other)
    return number_trees(parent)


@compiled
def count_parts(upper: Entries, parts: Parts, counts: Integers) -> None:
    """Count the entries in each row of the four parts of a symmetric matrix; see `fill_parts`."""
    kind, place = parts.kind, parts.place
    for level in range(len(kind)):
        for other in upper.indices[upper.indptr[level] : upper.indptr[level + 1]]:
            if kind[other] >= kind[level]:
                counts[kind[level], kind[other], place[level]] += 1
            if other != level and kind[level] >= kind[other]:
                counts[kind[other], kind[level], place[other]] += 1


@compiled
def fill_parts(upper: Entries, parts: Parts, scale: Floats, goals: Integers, filled: Entries) -> None:
    """Write the scaled entries of a symmetric matrix into its parts, both triangles of those on the diagonal.

    Part (0, 1) has rows of kind 0 and columns of kind 1. Rows are gone through in ascending order, hence the
    columns in every row of a part ascend too.

    Parameters
    ----------
    goals : integer array, shape (2, 2, rows)
        Where the next entry of each part's row goes; changed.
    filled : Entries
        Of all parts, one after the other; its row pointers are not used.
    """
    kind, place = parts.kind, parts.place
    for level in range(len(kind)):
        for entry in range(upper.indptr[level], upper.indptr[level + 1]):
            other = upper.indices[entry]
            value = upper.data[entry] * scale[level] * scale[other]
            if kind[other] >= kind[level]:
                goal = goals[kind[level], kind[other], place[level]]
                filled.indices[goal], filled.data[goal] = place[other], value
                goals[kind[level], kind[other], place[level]] += 1
            if other != level and kind[level] >= kind[other]:
                goal = goals[kind[other], kind[level], place[other]]
                filled.indices[goal], filled.data[goal] = place[level], value
                goals[kind[other], kind[level], place[other]] += 1


@compiled
def products_of_sums(matrix: Entries, sums: Entries, products: Floats) -> None:
    """Add V'MV for the matrix M of some levels and sums V of them; `products` has shape (sums, sums)."""
    for level in range(len(matrix.indptr) - 1):
        for entry in range(matrix.indptr[level], matrix.indptr[level + 1]):
            other, value = matrix.indices[entry], matrix.data[entry]
            for one in range(sums.indptr[level], sums.indptr[level + 1]):
                share = value * sums.data[one]
                for two in range(sums.indptr[other], sums.indptr[other + 1]):
                    products[sums.indices[one], sums.indices[two]] += share * sums.data[two]
