"""What a model fitted by maximum likelihood hands back, whatever variance is asked for later."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from clusterpanel.models.arrays import Floats
from clusterpanel.models.collinear import Collinear
from clusterpanel.models.vcov.counts import SampleCounts
from clusterpanel.models.vcov.sums import ScoreSums


@dataclass(frozen=True)
class LikelihoodFit:
    """A fit by maximum likelihood.

    Attributes
    ----------
    names : tuple of str
        The regressors that were kept, the exposure first.
    coefficients : float array, shape (regressors,)
    sums : ScoreSums
        The inverse of the expected information, and sums of scores by group: what iid, HC1 and CRV1 need.
    counts : SampleCounts
        Rows and parameters; tests use the normal distribution.
    collinear : tuple of Collinear
        What was dropped, and why.
    facts : mapping
        loglik, deviance, pseudo_r2, iterations, the exposure's ratio, and how the effects were solved.
    notes : tuple of str
        What a reader must know to read the coefficients.
    """

    names: tuple[str, ...]
    coefficients: Floats
    sums: ScoreSums
    counts: SampleCounts
    collinear: tuple[Collinear, ...]
    facts: Mapping[str, Any]
    notes: tuple[str, ...] = ()


def ratio_of(coefficient: float) -> float:
    """Return the ratio a coefficient stands for, infinite where the regressor's unit makes it so."""
    with np.errstate(over="ignore"):
        return float(np.exp(coefficient))
