"""Refit a design on firms, or other groups, drawn with replacement."""

from collections import deque
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from clusterpanel.engine.progress import watched
from clusterpanel.errors import NotIdentifiedError
from clusterpanel.models.arrays import Codes, Floats, ModelArrays, ModelSource
from clusterpanel.models.vcov.block_bootstrap import block_bootstrap
from clusterpanel.models.vcov.covariance import Covariance
from clusterpanel.spec.vcov import BlockBootstrapVcov

Refit = Callable[[ModelSource], tuple[tuple[str, ...], Floats]]


def bootstrap_variance(
    arrays: ModelArrays, names: tuple[str, ...], refit: Refit, vcov: BlockBootstrapVcov
) -> Covariance:
    """Return the covariance of the estimates of drawn groups.

    Parameters
    ----------
    arrays : ModelArrays
        The groups that are drawn come first among its groups.
    names : tuple of str
        The regressors of the fit; a draw in which another set is kept has no estimate.
    refit : function
        Takes a sample, returns the names and the coefficients.
    vcov : BlockBootstrapVcov
    """
    groups = arrays.groups[0]
    told = watched(range(vcov.draws), f"draws of {groups.name}, refitted", vcov.draws, lambda _: 1)

    def once(drawn: Floats) -> Floats:
        next(told)
        kept, coefficients = refit(drawn_sample(arrays, groups, drawn))
        if kept != names:
            raise NotIdentifiedError("a draw drops other regressors than the sample does")
        return coefficients

    try:
        return block_bootstrap(once, groups.levels, vcov.draws, vcov.seed, groups.name)
    finally:
        # Whoever is told hears that it is over, also where it stops short.
        deque(told, maxlen=0)


def drawn_sample(arrays: ModelArrays, groups: Codes, drawn: Floats) -> ModelArrays:
    """Return the rows of the groups that were drawn, weighted by how often each was."""
    times = drawn[groups.codes]
    keep = times > 0
    weights = times if arrays.weights is None else times * arrays.weights
    kept = replace(arrays, weights=weights, weight_kind="frequency", groups=()).where(keep)
    return replace(kept, weights=np.ascontiguousarray(kept.weights))
