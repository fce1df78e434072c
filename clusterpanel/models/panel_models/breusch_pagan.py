"""Are there firm or year effects at all? Lagrange multipliers of pooled residuals.

With e the pooled residuals, A = (sum over firms of the squared sums of e) / e'e - 1 is 0 in expectation if
errors of a firm are unrelated (Breusch and Pagan 1980, Review of Economic Studies 47); for firms seen in
different numbers of years the statistic is that of Baltagi and Li (1990, Econometric Reviews 9).
`breusch_pagan` squares it, `honda` (1985, Review of Economic Studies 52) keeps its sign, since a variance
is never negative.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from clusterpanel.engine.local import run_fold
from clusterpanel.errors import SpecError
from clusterpanel.models.arrays import ArrayBlock, Floats, Integers, ModelSource
from clusterpanel.models.panel_models.columns import PanelColumns, panel_columns
from clusterpanel.models.panel_models.firm_moments import FirmMoments, firm_moments
from clusterpanel.models.panel_models.panel_test import PanelTest, chi2_test, normal_test
from clusterpanel.models.panel_models.rank import scaled_inverse
from clusterpanel.models.panel_models.terms import panel_model

TestedEffects = Literal["firm", "year", "both"]


def breusch_pagan(source: ModelSource, effects: TestedEffects = "firm", threads: int = 1) -> PanelTest:
    """Test for firm effects, year effects, or either, against both signs.

    Parameters
    ----------
    source : ModelSource
        As for random effects; for year effects its only effect is the year, which does not enter the
        regression.
    effects : "firm", "year" or "both"
    threads : int

    Raises
    ------
    SpecError
        Year effects are asked for and the sample does not tell the year.
    """
    multipliers = _multipliers(source, effects, threads)
    statistic = float(np.sum(np.square(multipliers)))
    return chi2_test("Breusch-Pagan", _null(effects), statistic, len(multipliers), RULE)


def honda(source: ModelSource, effects: TestedEffects = "firm", threads: int = 1) -> PanelTest:
    """Test for firm effects, year effects, or either, against positive variances.

    Arguments are those of `breusch_pagan`.
    """
    multipliers = _multipliers(source, effects, threads)
    statistic = float(np.sum(multipliers)) / np.sqrt(len(multipliers))
    return normal_test("Honda", _null(effects), statistic, RULE, is_two_sided=False)


RULE = "Lagrange multiplier of pooled residuals, unbalanced as Baltagi and Li (1990)"


def _null(effects: TestedEffects) -> str:
    return f"the variance of {'firm and year' if effects == 'both' else effects} effects is 0"


def _multipliers(source: ModelSource, effects: TestedEffects, threads: int) -> list[float]:
    if effects != "firm" and len(source.effect_names) != 1:
        raise SpecError(
            f"a test of year effects came with the effects {', '.join(source.effect_names) or 'none'}; "
            "allowed: the year alone"
        )
    columns = panel_columns(source, "the Breusch-Pagan test", threads, has_dummies=effects == "firm")
    model = panel_model(columns, firm_moments(source, columns, threads), source.effect_names)
    contrast = _pooled_contrast(model.moments)
    squares = float(contrast @ model.moments.pooled @ contrast)
    found = []
    if effects != "year":
        by_firm = model.moments.weighted_between(model.moments.years.astype(np.float64))
        pairs = float(model.moments.firms_by_years @ model.moments.years**2)
        found.append(_multiplier(float(contrast @ by_firm @ contrast) / squares, pairs, source.rows))
    if effects != "firm":
        fold = YearSumFold(columns, model.terms.columns, source.effect_levels[0])
        sums = run_fold(fold, source.blocks(), threads)
        by_year = contrast @ sums.values
        pairs = float(sums.rows @ sums.rows)
        found.append(_multiplier(float(by_year @ by_year) / squares, pairs, source.rows))
    return found


def _multiplier(ratio: float, pairs: float, rows: int) -> float:
    return rows / float(np.sqrt(2 * (pairs - rows))) * (ratio - 1)


def _pooled_contrast(moments: FirmMoments) -> Floats:
    pooled = moments.pooled
    slopes = scaled_inverse(pooled[1:, 1:]) @ pooled[1:, 0]
    return np.concatenate([[1.0], -slopes])


@dataclass
class YearSums:
    """Each year's sums of the columns, shape (columns, years), and its rows."""

    values: Floats
    rows: Integers


@dataclass(frozen=True)
class YearSumFold:
    """The fold of the year sums.

    Attributes
    ----------
    columns : PanelColumns
    kept : integer array
        The columns that are summed.
    years : int
    """

    columns: PanelColumns
    kept: Integers
    years: int

    def step(self, block: ArrayBlock) -> YearSums:
        """Return a block's sums."""
        levels = block.effects[:, 0]
        values = self.columns.of(block)[self.kept]
        sums: Floats = np.stack([np.bincount(levels, column, self.years) for column in values])
        return YearSums(sums, np.bincount(levels, minlength=self.years))

    def merge(self, left: YearSums, right: YearSums) -> YearSums:
        """Add two blocks' sums."""
        return YearSums(left.values + right.values, left.rows + right.rows)

    def solve(self, moments: YearSums) -> YearSums:
        """Return the sums of all blocks."""
        return moments
