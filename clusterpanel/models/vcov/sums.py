"""The sums of scores that the folded variances need, and their making from rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from clusterpanel.models.arrays import Codes, Floats, Integers, Levels
from clusterpanel.models.linearised import Linearised


@dataclass(frozen=True)
class ScoreSums:
    """The sums over a sample.

    Attributes
    ----------
    bread : float array, shape (coefficients, coefficients)
        Inverse of the regressors' weighted cross-products, or of the information.
    squares : float or None
        The residuals' weighted sum of squares; None where the model says that the errors' variance is 1.
    meat : float array, shape (coefficients, coefficients)
        Sum of the rows' outer products of scores; a row that stands for f equal ones counts its score's
        outer product divided by f.
    groups : tuple of float arrays, each of shape (groups, coefficients)
        Each group's sum of scores, the ways and then their intersections in the order of `subsets_of_ways`.
    times : integer array, shape (groups,), or None
        The time of each group of the first way, where the errors are related in time.
    is_probability : bool
        The weights are inverse probabilities.
    is_adjusted : bool
        Whether the small-sample rule holds for the inverse information too, where `squares` is None.
    """

    bread: Floats
    squares: float | None
    meat: Floats
    groups: tuple[Floats, ...] = ()
    times: Integers | None = None
    is_probability: bool = False
    is_adjusted: bool = True


def subsets_of_ways(ways: int) -> list[tuple[int, ...]]:
    """Return the ways by themselves, then their intersections: for three 0, 1, 2, 01, 02, 12, 012."""
    return [places for size in range(1, ways + 1) for places in combinations(range(ways), size)]


def intersected(ways: Sequence[Codes]) -> tuple[Codes, ...]:
    """Return the ways and their intersections as codes of their own, in the order of `subsets_of_ways`."""
    return tuple(_intersection([ways[place] for place in places]) for places in subsets_of_ways(len(ways)))


def _intersection(ways: Sequence[Codes]) -> Codes:
    codes, levels = ways[0].codes.astype(np.int64), ways[0].levels
    for way in ways[1:]:
        pairs, joined = np.unique(codes * way.levels + way.codes, return_inverse=True)
        codes, levels = joined.astype(np.int64), len(pairs)
    return Codes("^".join(way.name for way in ways), codes.astype(np.int32), levels)


def sum_by_code(values: Floats, codes: Levels | Integers, levels: int) -> Floats:
    """Return each level's sum of each column; shape (levels, columns)."""
    columns = [np.bincount(codes, weights=column, minlength=levels) for column in values.T]
    return np.ascontiguousarray(np.stack(columns, axis=1)) if columns else np.empty((levels, 0))


def sums_of_rows(
    linearised: Linearised, groups: Sequence[Codes] = (), times: Integers | None = None
) -> ScoreSums:
    """Return a regression's sums of scores by the groups given."""
    scores = linearised.scores
    copies = linearised.frequencies
    return ScoreSums(
        bread=linearised.bread,
        squares=None if linearised.has_known_dispersion else linearised.squares,
        meat=scores.T @ (scores if copies is None else scores / copies[:, None]),
        groups=tuple(sum_by_code(scores, group.codes, group.levels) for group in groups),
        times=times,
        is_probability=linearised.is_probability,
    )
