"""Are errors of different firms related in the same year? Correlations of all pairs of firms.

Pesaran's CD (2004, CESifo working paper 1229) and the Lagrange multiplier of Breusch and Pagan (1980), by
within residuals, over the years that both firms of a pair are seen; R plm's ``pcdtest``. The work grows
with the square of the number of firms.
"""

from dataclasses import dataclass

import numpy as np

from clusterpanel.errors import NotIdentifiedError, SpecError
from clusterpanel.models.arrays import Codes, Floats, ModelArrays
from clusterpanel.models.panel_models.columns import firm_means, panel_columns
from clusterpanel.models.panel_models.firm_moments import firm_moments
from clusterpanel.models.panel_models.panel_test import PanelTest, chi2_test, normal_test
from clusterpanel.models.panel_models.terms import panel_model
from clusterpanel.models.panel_models.within_fit import within_fit

MOST_FIRMS = 10_000
FIRMS_AT_A_TIME = 500
NULL = "errors of different firms are unrelated in a year"


@dataclass(frozen=True)
class PairSums:
    """Sums over pairs of firms: of sqrt(T) r, and of T r^2, with r the correlation over T shared years."""

    signed: float
    squared: float
    pairs: int


def pesaran_cd(arrays: ModelArrays, times: Codes) -> PanelTest:
    """Test by Pesaran's CD, which a few strong relations of both signs can cancel out in.

    Parameters
    ----------
    arrays : ModelArrays
        As for random effects.
    times : Codes
        The year of each row.

    Raises
    ------
    SpecError
        There are more than `MOST_FIRMS` firms.
    NotIdentifiedError
        No two firms are seen together in two years.
    """
    sums = _pair_sums(_wide_residuals(arrays, times))
    statistic = sums.signed / np.sqrt(sums.pairs)
    return normal_test(
        "Pesaran CD", NULL, statistic, "within residuals, all pairs of firms", is_two_sided=True
    )


def pairwise_lm(arrays: ModelArrays, times: Codes) -> PanelTest:
    """Test by the Lagrange multiplier of all pairs, for few firms and many years.

    Arguments are those of `pesaran_cd`.
    """
    sums = _pair_sums(_wide_residuals(arrays, times))
    return chi2_test(
        "Breusch-Pagan pairs", NULL, sums.squared, sums.pairs, "within residuals, all pairs of firms"
    )


def _wide_residuals(arrays: ModelArrays, times: Codes) -> Floats:
    """Return within residuals, one row a firm and one column a year, missing where a firm is not seen."""
    if arrays.firm_levels > MOST_FIRMS:
        raise SpecError(
            f"the sample has {arrays.firm_levels:,} firms; allowed: {MOST_FIRMS:,}, since all pairs are taken"
        )
    columns = panel_columns(arrays, "the test of pairs of firms")
    model = panel_model(columns, firm_moments(arrays, columns), arrays.effect_names)
    varying, slopes, _ = within_fit(model.moments)
    wide = np.full((arrays.firm_levels, times.levels), np.nan)
    for block in arrays.blocks():
        values = columns.of(block)
        means, years = firm_means(values, block.starts)
        values -= np.repeat(means, years, axis=1)
        rows = slice(block.first_row, block.first_row + block.rows)
        residuals = values[0] - slopes @ values[model.terms.columns[varying]]
        wide[arrays.firms.codes[rows], times.codes[rows]] = residuals
    return wide


def _pair_sums(wide: Floats) -> PairSums:
    seen = (~np.isnan(wide)).astype(np.float64)
    values = np.nan_to_num(wide)
    signed, squared, pairs = 0.0, 0.0, 0
    for first in range(0, len(wide), FIRMS_AT_A_TIME):
        some = slice(first, first + FIRMS_AT_A_TIME)
        years, correlations = _correlations(values[some], seen[some], values, seen)
        later = np.arange(len(wide))[None, :] > np.arange(len(wide))[some, None]
        known = later & (years >= 2) & np.isfinite(correlations)
        signed += float((np.sqrt(years[known]) * correlations[known]).sum())
        squared += float((years[known] * correlations[known] ** 2).sum())
        pairs += int(known.sum())
    if pairs == 0:
        raise NotIdentifiedError("no two firms are seen together in two years")
    return PairSums(signed, squared, pairs)


def _correlations(some: Floats, some_seen: Floats, values: Floats, seen: Floats) -> tuple[Floats, Floats]:
    """Return the years that pairs of firms share, and the correlation over these."""
    years = some_seen @ seen.T
    with np.errstate(divide="ignore", invalid="ignore"):
        mean, mean_other = (some @ seen.T) / years, (some_seen @ values.T) / years
        products = some @ values.T - years * mean * mean_other
        squares = (some**2) @ seen.T - years * mean**2
        squares_other = some_seen @ (values**2).T - years * mean_other**2
        correlations: Floats = products / np.sqrt(squares * squares_other)
    return years, correlations
