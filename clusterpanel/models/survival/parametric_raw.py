"""From a climb's top to what a fit tells: parameters on the raw regressors, scores, how well it fits."""

from typing import Any

import numpy as np

from clusterpanel.models.arrays import Floats, ModelSource
from clusterpanel.models.projection import symmetric_inverse
from clusterpanel.models.scores import join_groups
from clusterpanel.models.survival.parametric_climb import LikelihoodSums
from clusterpanel.models.vcov.sums import ScoreSums


def on_raw_regressors(
    source: ModelSource, centre: Floats, point: Floats, here: LikelihoodSums, *, constants: int = 1
) -> tuple[Floats, ScoreSums]:
    """Return the parameters and their sums of scores as if nothing had been taken off the regressors.

    Parameters
    ----------
    source : ModelSource
    centre : float array, shape (regressors,)
    point : float array, shape (parameters,)
    here : LikelihoodSums
        At the point, scores by group among them.
    constants : int
        How many parameters after the coefficients are constants, one of which is in each row's index.
    """
    back = np.eye(len(point))
    back[len(centre) : len(centre) + constants, : len(centre)] = -centre
    forth = np.linalg.inv(back)
    pairs = zip(here.parts, source.group_levels, strict=True)
    sums = ScoreSums(
        bread=back @ symmetric_inverse(here.information) @ back.T,
        squares=None,
        meat=forth.T @ here.meat @ forth,
        groups=tuple(join_groups(parts, levels) @ forth for parts, levels in pairs),
        is_probability=source.weight_kind == "probability",
        is_adjusted=False,
    )
    return back @ point, sums


def fit_facts(loss: float, null_loss: float, parameters: int) -> dict[str, Any]:
    """Return how well a model fits: the log-likelihoods, their ratio, and Akaike's criterion."""
    return {
        "loglik": -loss,
        "loglik_null": -null_loss,
        "pseudo_r2": 1 - loss / null_loss if null_loss else float("nan"),
        "aic": 2 * (loss + parameters),
    }


def rows_of(source: ModelSource) -> int:
    """Return the number of rows; of frequency weights, their sum."""
    return round(source.total_weight) if source.weight_kind == "frequency" else source.rows
