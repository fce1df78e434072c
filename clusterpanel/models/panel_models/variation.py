"""How much of the outcome's variation a panel model explains: within firms, between them, and overall."""

import numpy as np

from clusterpanel.models.arrays import Floats
from clusterpanel.models.panel_models.firm_moments import FirmMoments


def explained_shares(moments: FirmMoments, slopes: Floats, constant: int) -> dict[str, float]:
    """Return squared correlations of outcome and fit, as Stata's ``xtreg`` reports them.

    Parameters
    ----------
    moments : FirmMoments
        The outcome first.
    slopes : float array, shape (terms,)
        Of all columns after the outcome.
    constant : int
        The constant's column.

    Returns
    -------
    dict
        r2 (of all rows), r2_within (of deviations from firm means) and r2_between (of firm means, each
        firm's once); not a number where nothing varies.
    """
    means = moments.weighted_between(1 / moments.years)
    grams = {
        "r2": _about_mean(moments.pooled, constant),
        "r2_within": moments.within,
        "r2_between": _about_mean(means, constant),
    }
    return {name: _squared_correlation(gram, slopes) for name, gram in grams.items()}


def _about_mean(gram: Floats, constant: int) -> Floats:
    about: Floats = gram - np.outer(gram[constant], gram[constant]) / gram[constant, constant]
    return about


def _squared_correlation(gram: Floats, slopes: Floats) -> float:
    joint = float(slopes @ gram[1:, 0])
    product = float(slopes @ gram[1:, 1:] @ slopes) * float(gram[0, 0])
    return joint**2 / product if product > 0 else float("nan")
