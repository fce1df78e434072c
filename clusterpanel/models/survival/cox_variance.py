"""Variances of survival models from sums of scores, by R's rule: no small-sample factor."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from clusterpanel.errors import SpecError
from clusterpanel.models.arrays import Floats
from clusterpanel.models.vcov.counts import SampleCounts, check_groups
from clusterpanel.models.vcov.covariance import Covariance
from clusterpanel.models.vcov.positive import nearest_positive
from clusterpanel.models.vcov.sums import ScoreSums, subsets_of_ways
from clusterpanel.models.vcov.ungrouped import iid
from clusterpanel.models.vcov.words import NOT_GROUPED, listed
from clusterpanel.spec.vcov import GroupedVcov, Vcov

FACTOR = "without small-sample factor, as R's survival package"


def survival_variance(vcov: Vcov, sums: ScoreSums, counts: SampleCounts) -> Covariance:
    """Return iid, HC1 (by firm) or CRV1 errors in one to three ways.

    Parameters
    ----------
    vcov : Vcov
        As a design's spec has it.
    sums : ScoreSums
    counts : SampleCounts

    Raises
    ------
    SpecError
        Another variance, or fewer sums of scores than its ways and their intersections need.
    NotIdentifiedError
        A way has fewer than two groups.
    """
    if vcov == "iid":
        return iid(replace(sums, is_adjusted=False), counts)
    if vcov == "HC1":
        matrix = sums.bread @ sums.meat @ sums.bread
        return Covariance(matrix, np.inf, f"robust by firm, {FACTOR}, normal", no_influence=NOT_GROUPED)
    if isinstance(vcov, GroupedVcov):
        return _grouped(sums, vcov.ways)
    raise SpecError(
        "a survival model came with a variance that is no function of its scores' sums",
        hint='Choose vcov = "iid", "HC1", { CRV1 = ... } or { block_bootstrap = ... }.',
    )


def _grouped(sums: ScoreSums, ways: Sequence[str]) -> Covariance:
    """Return errors grouped by columns: the ways less their pairs plus all three."""
    subsets = subsets_of_ways(len(ways))
    if len(sums.groups) != len(subsets):
        raise SpecError(
            f"errors grouped by {listed(list(ways))} need {len(subsets)} sums of scores; "
            f"{len(sums.groups)} came"
        )
    sizes = [len(group) for group in sums.groups]
    for size, way in zip(sizes, ways, strict=False):
        check_groups(size, way)
    influences = [scores @ sums.bread for scores in sums.groups]
    groups = listed([str(size) for size in sizes[: len(ways)]])
    facts = {"groups": dict(zip(ways, sizes, strict=False))}
    rule = f"grouped by {listed(list(ways))} (CRV1), {FACTOR}, G = {groups}, normal"
    if len(ways) == 1:
        matrix = influences[0].T @ influences[0]
        return Covariance(matrix, np.inf, rule, facts=facts, influence=influences[0])
    matrix = np.zeros_like(sums.bread)
    for places, influence in zip(subsets, influences, strict=True):
        matrix += (influence.T @ influence) * (1 if len(places) % 2 else -1)
    matrix, repaired = nearest_positive(matrix, sums.bread)
    return Covariance(
        matrix,
        np.inf,
        rule,
        facts={**facts, "negative_eigenvalues": repaired},
        no_influence=f"errors are grouped {len(ways)} ways, of which no one unit's influence is a sum",
    )


def wald_test(coefficients: Floats, covariance: Floats) -> float:
    """Return the chi-squared statistic that all coefficients are 0, with as many degrees of freedom."""
    scale = 1 / np.sqrt(np.diag(covariance))
    standard = coefficients * scale
    return float(standard @ np.linalg.solve(covariance * np.outer(scale, scale), standard))
