"""Standardised differences between exposed and other rows, before and after weighting."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from clusterpanel.models.arrays import Flags, Floats


def balance_table(columns: Mapping[str, Floats], is_exposed: Flags, weights: Floats) -> pd.DataFrame:
    """Return how far apart exposed and other rows are, column by column.

    Parameters
    ----------
    columns : mapping of str to float array, shape (rows,)
    is_exposed : bool array, shape (rows,)
    weights : float array, shape (rows,)
        Not negative.

    Returns
    -------
    DataFrame
        column, mean_exposed, mean_others, difference (in standard deviations, before weighting),
        weighted_mean_exposed, weighted_mean_others, weighted_difference. The standard deviation is that of
        both sides pooled before weighting: sqrt of the mean of their variances (Austin 2009, Statistics in
        Medicine 28, eq. 1). Missing for a column that does not vary.
    """
    return pd.DataFrame([_row(name, column, is_exposed, weights) for name, column in columns.items()])


def _row(name: str, column: Floats, is_exposed: Flags, weights: Floats) -> dict[str, object]:
    sides = (is_exposed, ~is_exposed)
    means = [float(column[side].mean()) for side in sides]
    weighted = [float(np.average(column[side], weights=weights[side])) for side in sides]
    spread = float(np.sqrt(np.mean([column[side].var(ddof=1) for side in sides])))
    scale = spread if spread > 0 else np.nan
    return {
        "column": name,
        "mean_exposed": means[0],
        "mean_others": means[1],
        "difference": (means[0] - means[1]) / scale,
        "weighted_mean_exposed": weighted[0],
        "weighted_mean_others": weighted[1],
        "weighted_difference": (weighted[0] - weighted[1]) / scale,
    }
