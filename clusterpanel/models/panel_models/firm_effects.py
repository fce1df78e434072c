"""Firm effects of a within fit: what they are, and whether there are any."""

import numpy as np

from clusterpanel.errors import NotIdentifiedError
from clusterpanel.models.arrays import Floats, ModelSource
from clusterpanel.models.panel_models.columns import firm_means, panel_columns, pieces
from clusterpanel.models.panel_models.firm_moments import firm_moments
from clusterpanel.models.panel_models.panel_test import PanelTest, f_test
from clusterpanel.models.panel_models.rank import scaled_inverse
from clusterpanel.models.panel_models.terms import panel_model
from clusterpanel.models.panel_models.within_fit import within_fit


def firm_effects(source: ModelSource, threads: int = 1) -> Floats:
    """Return each firm's effect: its mean outcome less the within slopes times its mean regressors.

    Parameters
    ----------
    source : ModelSource
        As for random effects.
    threads : int

    Returns
    -------
    float array, shape (firms,)
        In the order of the firms, in the outcome's unit; regressors that do not vary within firms are in it.
    """
    columns = panel_columns(source, "firm effects", threads)
    model = panel_model(columns, firm_moments(source, columns, threads), source.effect_names)
    varying, slopes, _ = within_fit(model.moments)
    places = model.terms.columns[varying]
    parts = []
    for block in source.blocks():
        for piece in pieces(block):
            means, _ = firm_means(columns.of(piece), piece.starts)
            parts.append(means[0] - slopes @ means[places])
    is_regressor = places < columns.constant
    shift = columns.centre[0] - slopes[is_regressor] @ columns.centre[places[is_regressor]]
    effects: Floats = np.concatenate(parts) + shift
    return effects


def firm_effects_test(source: ModelSource, threads: int = 1) -> PanelTest:
    """Test by F whether all firm effects are equal, against the pooled regression.

    Raises
    ------
    NotIdentifiedError
        There are too few rows, or a single firm.
    """
    columns = panel_columns(source, "the test of firm effects", threads)
    moments = panel_model(columns, firm_moments(source, columns, threads), source.effect_names).moments
    varying, _, within = within_fit(moments)
    pooled = moments.pooled
    squares = float(pooled[0, 0] - pooled[1:, 0] @ scaled_inverse(pooled[1:, 1:]) @ pooled[1:, 0])
    left = moments.rows - moments.firms - len(varying)
    restrictions = moments.rows - (len(pooled) - 1) - left
    if restrictions <= 0:
        raise NotIdentifiedError("the regressors that do not vary within firms leave no firm effects to test")
    statistic = (squares - within) / restrictions / (within / left)
    rule = "squares of pooled less within residuals (Baltagi 2021, equation 2.12)"
    return f_test("F", "all firm effects are equal", statistic, (restrictions, left), rule)
