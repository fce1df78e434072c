"""The compiled loops that take each firm's effect and slopes out of the columns of a block."""

from typing import NamedTuple

import numpy as np

from clusterpanel.models.arrays import ArrayBlock, Floats, Integers
from clusterpanel.models.kernels import compiled
from clusterpanel.models.kernels_moves import pick, spare_of

Three = tuple[Floats, Floats, Floats]

# A firm's variable that keeps less than this share of its sum of squares is a sum of the ones before.
BASIS_TOLERANCE = 1e-10


class FirmRows(NamedTuple):
    """One firm's rows within a block.

    Attributes
    ----------
    first, last : int
        Its rows are ``first`` to ``last - 1``.
    rank : int
        The number of columns of its basis.
    basis : float array, shape (1 + variables, longest firm)
        Orthonormal under the weights; the first `rank` rows and ``last - first`` columns count.
    """

    first: int
    last: int
    rank: int
    basis: Floats


@compiled
def longest(starts: Integers) -> int:
    """Return the largest number of rows of a firm."""
    most = 0
    for firm in range(len(starts) - 1):
        most = max(most, starts[firm + 1] - starts[firm])
    return most


@compiled
def weight_of(weights: Floats, row: int) -> float:
    """Return a row's weight, 1 where there are none."""
    return weights[row] if len(weights) else 1.0


@compiled
def shares_of(weights: Floats, starts: Integers) -> Floats:
    """Return one over each firm's weight."""
    shares = np.empty(len(starts) - 1)
    for firm in range(len(shares)):
        total = float(starts[firm + 1] - starts[firm])
        if len(weights):
            total = 0.0
            for row in range(starts[firm], starts[firm + 1]):
                total += weights[row]
        shares[firm] = 1.0 / total
    return shares


@compiled
def write_less_means(values: Floats, weights: Floats, starts: Integers, left: Floats) -> None:
    """Write the columns, shape (columns, rows), less each firm's (weighted) mean; `left` may be `values`."""
    shares, spare = shares_of(weights, starts), spare_of(values)
    for column in range(0, len(values), 3):
        columns = values[column], pick(values, column + 1, spare), pick(values, column + 2, spare)
        written = left[column], pick(left, column + 1, spare), pick(left, column + 2, spare)
        if len(weights):
            write_less_weighted_means(columns, weights, starts, shares, written)
        elif column + 1 == len(values):
            write_less_mean(columns[0], starts, shares, written[0])
        else:
            write_less_three_means(columns, starts, shares, written)


@compiled
def write_less_mean(column: Floats, starts: Integers, shares: Floats, left: Floats) -> None:
    """Write one column less each firm's mean."""
    for firm in range(len(shares)):
        first, last = starts[firm], starts[firm + 1]
        total = 0.0
        for row in range(first, last):
            total += column[row]
        total *= shares[firm]
        for row in range(first, last):
            left[row] = column[row] - total


@compiled
def write_less_three_means(columns: Three, starts: Integers, shares: Floats, left: Three) -> None:
    """Write three columns less each firm's means: three sums at a time keep the processor busy."""
    one, two, three = columns
    left_one, left_two, left_three = left
    for firm in range(len(shares)):
        first, last, share = starts[firm], starts[firm + 1], shares[firm]
        total_one, total_two, total_three = 0.0, 0.0, 0.0
        for row in range(first, last):
            total_one += one[row]
            total_two += two[row]
            total_three += three[row]
        total_one *= share
        total_two *= share
        total_three *= share
        for row in range(first, last):
            left_one[row] = one[row] - total_one
            left_two[row] = two[row] - total_two
            left_three[row] = three[row] - total_three


@compiled
def write_less_weighted_means(
    columns: Three, weights: Floats, starts: Integers, shares: Floats, left: Three
) -> None:
    """Write three columns less each firm's weighted means."""
    one, two, three = columns
    left_one, left_two, left_three = left
    for firm in range(len(shares)):
        first, last, share = starts[firm], starts[firm + 1], shares[firm]
        total_one, total_two, total_three = 0.0, 0.0, 0.0
        for row in range(first, last):
            total_one += weights[row] * one[row]
            total_two += weights[row] * two[row]
            total_three += weights[row] * three[row]
        total_one *= share
        total_two *= share
        total_three *= share
        for row in range(first, last):
            left_one[row] = one[row] - total_one
            left_two[row] = two[row] - total_two
            left_three[row] = three[row] - total_three


@compiled
def take_out_slopes(block: ArrayBlock, absorbs_firm: bool, values: Floats) -> None:
    """Subtract what each firm's effect and its slopes on variables explain of the columns."""
    weights, starts = block.weights, block.starts
    basis = np.empty((block.basis.shape[1] + 1, longest(starts)))
    for firm in range(len(starts) - 1):
        rows = firm_rows(block, starts[firm], starts[firm + 1], absorbs_firm, basis)
        if rows.rank == rows.last - rows.first:
            values[:, rows.first : rows.last] = 0.0
            continue
        for place in range(rows.rank):
            direction = basis[place]
            for column in range(len(values)):
                loading = 0.0
                for row in range(rows.first, rows.last):
                    loading += weight_of(weights, row) * direction[row - rows.first] * values[column, row]
                for row in range(rows.first, rows.last):
                    values[column, row] -= loading * direction[row - rows.first]


@compiled
def firm_rows(block: ArrayBlock, first: int, last: int, absorbs_firm: bool, basis: Floats) -> FirmRows:
    """Write an orthonormal basis of what a firm's own effect and slopes span.

    Gram and Schmidt's method in the product weighted by the rows' weights, each variable taken twice, since
    once leaves too much of the ones before where they are close. A variable that is a sum of the ones before
    it within the firm adds nothing.

    Parameters
    ----------
    block : ArrayBlock
    first, last : int
        The firm's rows.
    absorbs_firm : bool
    basis : shape (1 + variables, longest firm)
        Written.
    """
    weights, slopes = block.weights, block.basis
    rank, years = 0, last - first
    for kind in range(0 if absorbs_firm else 1, slopes.shape[1] + 1):
        if rank == years:
            break
        own = basis[rank]
        for year in range(years):
            own[year] = 1.0 if kind == 0 else slopes[first + year, kind - 1]
        before = product(own, own, weights, first, years)
        for _ in range(2):
            for earlier in range(rank):
                loading = product(basis[earlier], own, weights, first, years)
                for year in range(years):
                    own[year] -= loading * basis[earlier, year]
        left = product(own, own, weights, first, years)
        if left <= BASIS_TOLERANCE * before or left <= 0.0:
            continue
        for year in range(years):
            own[year] /= np.sqrt(left)
        rank += 1
    return FirmRows(first, last, rank, basis)


@compiled
def product(one: Floats, other: Floats, weights: Floats, first: int, years: int) -> float:
    """Return the weighted product of two of a firm's variables."""
    total = 0.0
    for year in range(years):
        total += weight_of(weights, first + year) * one[year] * other[year]
    return total
