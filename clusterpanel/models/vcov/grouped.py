"""Errors grouped one to three ways: CRV1."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from clusterpanel.errors import SpecError
from clusterpanel.models.arrays import Floats
from clusterpanel.models.vcov.counts import SampleCounts, check_groups
from clusterpanel.models.vcov.covariance import Covariance
from clusterpanel.models.vcov.positive import nearest_positive
from clusterpanel.models.vcov.sums import ScoreSums, subsets_of_ways
from clusterpanel.models.vcov.words import count_words, distribution_words, listed

SmallSample = Literal["min", "each"]


def crv1(
    sums: ScoreSums, counts: SampleCounts, ways: Sequence[str], small_sample: SmallSample = "min"
) -> Covariance:
    """Return the covariance with errors grouped by up to three columns.

    One way: Liang and Zeger (1986, Biometrika 73). Several: the ways' matrices less those of their pairs
    plus that of all three (Cameron, Gelbach and Miller 2011, JBES 29), negative eigenvalues set to 0.

    Parameters
    ----------
    sums : ScoreSums
        Its groups in the order of `subsets_of_ways`.
    counts : SampleCounts
    ways : sequence of str
        The columns.
    small_sample : "min" or "each"
        G/(G - 1) of the way with the fewest groups (fixest's default) or of each term its own (Stata's and
        Cameron, Gelbach and Miller's). One way: the same.

    Raises
    ------
    NotIdentifiedError
        A way has fewer than two groups, or there are no more rows than parameters.
    SpecError
        The intersections' sums of scores are not all there.
    """
    subsets = subsets_of_ways(len(ways))
    if len(sums.groups) != len(subsets):
        raise SpecError(
            f"errors grouped by {listed(list(ways))} need {len(subsets)} sums of scores, one each "
            f"intersection; {len(sums.groups)} came"
        )
    sizes = [len(group) for group in sums.groups]
    for size, way in zip(sizes, ways, strict=False):
        check_groups(size, way)
    factor = counts.parameter_factor(is_grouped=True)
    if len(ways) == 1:
        return _one_way(sums, counts, ways[0], factor)
    fewest = min(sizes[: len(ways)])
    matrix = np.zeros_like(sums.bread)
    for places, scores in zip(subsets, sums.groups, strict=True):
        groups = fewest if small_sample == "min" else len(scores)
        # A sign of inclusion and exclusion: pairs are counted twice by the ways themselves.
        sign = 1 if len(places) % 2 else -1
        matrix += sign * group_factor(groups) * factor * _sandwich(sums.bread, scores)
    matrix, repaired = nearest_positive(matrix, sums.bread)
    degrees = counts.group_degrees(fewest)
    return Covariance(
        matrix,
        degrees,
        _several_ways_in_words(ways, sizes, counts, small_sample=small_sample, repaired=repaired),
        facts={"groups": dict(zip(ways, sizes, strict=False)), "negative_eigenvalues": repaired},
        no_influence=f"errors are grouped {len(ways)} ways, of which no one unit's influence is a sum",
    )


def influence_of_groups(bread: Floats, scores: Floats, factor: float) -> Floats:
    """Return how far each group moves each coefficient, the small-sample factor included.

    Parameters
    ----------
    bread : float array, shape (coefficients, coefficients)
    scores : float array, shape (groups, coefficients)
    factor : float
        Of the covariance, which is the outer product of the columns returned.
    """
    influence: Floats = scores @ (np.sqrt(factor) * bread)
    return influence


def group_factor(groups: int) -> float:
    """Return G/(G - 1); of a single group, whose score is 0 at a least-squares solution, 1."""
    return groups / max(groups - 1, 1)


def _one_way(sums: ScoreSums, counts: SampleCounts, way: str, factor: float) -> Covariance:
    scores = sums.groups[0]
    influence = influence_of_groups(sums.bread, scores, group_factor(len(scores)) * factor)
    degrees = counts.group_degrees(len(scores))
    rule = (
        f"grouped by {way} (CRV1), times G/(G - 1) * (n - 1)/(n - K), G = {len(scores)}, "
        f"{count_words(counts, is_grouped=True)}, {distribution_words(degrees)}"
    )
    matrix = influence.T @ influence
    return Covariance(matrix, degrees, rule, facts={"groups": {way: len(scores)}}, influence=influence)


def _sandwich(bread: Floats, scores: Floats) -> Floats:
    moved = scores @ bread
    return np.asarray(moved.T @ moved)


def _several_ways_in_words(
    ways: Sequence[str],
    sizes: Sequence[int],
    counts: SampleCounts,
    *,
    small_sample: SmallSample,
    repaired: int,
) -> str:
    degrees = counts.group_degrees(min(sizes[: len(ways)]))
    groups = listed([str(size) for size in sizes[: len(ways)]])
    which = "of the fewest groups" if small_sample == "min" else "of each term's own groups"
    repair = f", {repaired} negative eigenvalue{'s' if repaired > 1 else ''} set to 0" if repaired else ""
    return (
        f"grouped by {listed(list(ways))} (CRV1, {len(ways)} ways), times G/(G - 1) {which} * "
        f"(n - 1)/(n - K), G = {groups}, {count_words(counts, is_grouped=True)}{repair}, "
        f"{distribution_words(degrees)}"
    )
