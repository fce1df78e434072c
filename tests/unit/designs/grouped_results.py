"""Least squares by hand with grouped errors, and the same again from resampled outcomes."""

import numpy as np
import pandas as pd

from clusterpanel.models.fit import coefficient_table
from clusterpanel.models.result import Result

NAMES = ("x", "constant")


def simulated(
    rng: np.random.Generator, groups: int, outcomes: int, rows_each: int = 4, effect: float = 0.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return group codes, regressors and outcomes whose errors share shocks; x moves only the first."""
    codes = np.repeat(np.arange(groups), rows_each)
    x = np.column_stack([rng.normal(size=len(codes)), np.ones(len(codes))])
    shared = rng.normal(size=(groups, 1))[codes]
    y = shared + rng.normal(size=(groups, outcomes))[codes] + rng.normal(size=(len(codes), outcomes))
    y[:, 0] += effect * x[:, 0]
    return codes, x, y


def fitted(codes: np.ndarray, x: np.ndarray, y: np.ndarray, label: str) -> Result:
    """Return one outcome's fit; groups are labelled g0, g1 and so on."""
    groups, rows = int(codes.max()) + 1, len(y)
    bread = np.linalg.inv(x.T @ x)
    coefficients = bread @ x.T @ y
    sums = np.zeros((groups, x.shape[1]))
    np.add.at(sums, codes, x * (y - x @ coefficients)[:, np.newaxis])
    factor = groups / (groups - 1) * (rows - 1) / (rows - x.shape[1])
    influence = np.sqrt(factor) * sums @ bread
    covariance = influence.T @ influence
    labels = [f"g{number}" for number in range(groups)]
    return Result(
        label,
        coefficient_table(NAMES, coefficients, np.sqrt(np.diag(covariance)), groups - 1),
        pd.DataFrame(influence, index=labels, columns=list(NAMES)),
        {"degrees_of_freedom": groups - 1},
        {"exposure": "x", "grouped_by": "firm_id"},
        pd.DataFrame(covariance, index=list(NAMES), columns=list(NAMES)),
    )


def fitted_all(codes: np.ndarray, x: np.ndarray, y: np.ndarray) -> list[Result]:
    """Return the fits of all outcomes."""
    return [fitted(codes, x, column, f"y{number}") for number, column in enumerate(y.T)]


def refitted_statistics(
    codes: np.ndarray, x: np.ndarray, y: np.ndarray, draws: int, rng: np.random.Generator
) -> np.ndarray:
    """Return t statistics of x in wild bootstrap samples, each fitted anew; shape (draws, outcomes)."""
    coefficients = np.linalg.lstsq(x, y, rcond=None)[0]
    residuals = y - x @ coefficients
    statistics = np.empty((draws, y.shape[1]))
    for draw in range(draws):
        signs = rng.choice([-1.0, 1.0], int(codes.max()) + 1)[codes]
        again = fitted_all(codes, x, x @ coefficients + residuals * signs[:, np.newaxis])
        rows = [result.term("x") for result in again]
        statistics[draw] = [
            (row["estimate"] - first) / row["std_error"]
            for row, first in zip(rows, coefficients[0], strict=True)
        ]
    return statistics
