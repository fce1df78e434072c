"""Covariances from bread and scores, and the influence of each group that reproduces them."""

from typing import Literal

import numpy as np

from clusterpanel.models.arrays import Floats
from clusterpanel.models.small_sample import SmallSample

VcovKind = Literal["iid", "HC1", "CRV1"]


def influence_of_groups(bread: Floats, scores: Floats, counts: SmallSample) -> Floats:
    """Return how far each group moves each coefficient, the small-sample factor included.

    The outer product of its columns is the grouped covariance: Liang and Zeger (1986, Biometrika 73).

    Parameters
    ----------
    bread : float array, shape (regressors, regressors)
        Inverse of the information or cross-products.
    scores : float array, shape (groups, regressors)
        Each group's sum of scores.
    counts : SmallSample

    Returns
    -------
    float array, shape (groups, regressors)
    """
    influence: Floats = np.sqrt(counts.factor) * (scores @ bread)
    return influence


def row_covariance(bread: Floats, meat: Floats, counts: SmallSample) -> Floats:
    """Return the heteroskedasticity-robust covariance HC1 (White 1980, Econometrica 48)."""
    sandwich: Floats = counts.factor * (bread @ meat @ bread)
    return sandwich


def rule_in_words(kind: VcovKind, column: str, counts: SmallSample, distribution: str) -> str:
    """Return the variance's rule as the report prints it."""
    if kind == "iid":
        return f"homoskedastic, residual variance over n - K, {_counts(counts)}, {distribution}"
    if kind == "HC1":
        return f"HC1, times n/(n - K), {_counts(counts)}, {distribution}"
    return (
        f"grouped by {column} (CRV1), times G/(G - 1) * (n - 1)/(n - K), G = {counts.groups}, "
        f"{_counts(counts)}, {distribution}"
    )


def _counts(counts: SmallSample) -> str:
    nested = f", {' and '.join(counts.nested)} nested and counted once" if counts.nested else ""
    return f"n = {counts.rows}, K = {counts.parameters}{nested}"
