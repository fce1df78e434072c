"""Are errors of a firm related over its years? Wooldridge's tests.

`within_autocorrelation`: residuals of a within fit are negatively related even if errors are not, by -1/(T
- 1); the regression of each on the one before, grouped by firm, is tested for that slope (Wooldridge 2010,
section 10.5.4; R plm's ``pwartest``). `unobserved_effects`: products of pooled residuals of a firm sum to 0
in expectation if nothing ties its years together (section 10.4.4; ``pwtest``).
"""

from dataclasses import dataclass

import numpy as np

from clusterpanel.engine.local import run_fold
from clusterpanel.errors import NotIdentifiedError, SpecError
from clusterpanel.models.arrays import ArrayBlock, Floats, Integers, ModelSource
from clusterpanel.models.panel_models.columns import PanelColumns, firm_means, panel_columns, pieces
from clusterpanel.models.panel_models.firm_moments import firm_moments
from clusterpanel.models.panel_models.panel_test import PanelTest, f_test, normal_test
from clusterpanel.models.panel_models.rank import scaled_inverse
from clusterpanel.models.panel_models.terms import panel_model
from clusterpanel.models.panel_models.within_fit import within_fit


def within_autocorrelation(source: ModelSource, threads: int = 1) -> PanelTest:
    """Test whether errors are unrelated over time, by the residuals of a within fit.

    Parameters
    ----------
    source : ModelSource
        As for random effects; balanced, because the null's slope depends on the number of years.
    threads : int

    Raises
    ------
    SpecError
        Firms have different numbers of rows.
    NotIdentifiedError
        Firms have two rows only, whose residuals mirror each other.
    """
    columns = panel_columns(source, "the test of autocorrelation", threads)
    model = panel_model(columns, firm_moments(source, columns, threads), source.effect_names)
    if not model.moments.is_balanced:
        raise SpecError("the test of autocorrelation needs firms with the same number of years")
    years = int(model.moments.years[0])
    if years < 3:
        raise NotIdentifiedError("residuals of two years mirror each other: three years are needed")
    varying, slopes, _ = within_fit(model.moments)
    fold = LagFold(columns, model.terms.columns[varying], slopes)
    sums = run_fold(fold, source.blocks(), threads)
    slope, variance = _slope_and_variance(sums)
    null = -1 / (years - 1)
    rows = source.rows - source.firm_levels
    statistic = (slope - null) ** 2 / variance
    rule = (
        f"within residual on the one before, grouped by {source.firm_name}, "
        f"slope {slope:.4g} against {null:.4g}"
    )
    return f_test("Wooldridge", "errors are unrelated over time", statistic, (1, rows - 2), rule)


def unobserved_effects(source: ModelSource, threads: int = 1) -> PanelTest:
    """Test whether a firm's errors are unrelated to each other, by the residuals of a pooled fit."""
    columns = panel_columns(source, "the test of unobserved effects", threads)
    model = panel_model(columns, firm_moments(source, columns, threads), source.effect_names)
    pooled = model.moments.pooled
    slopes = scaled_inverse(pooled[1:, 1:]) @ pooled[1:, 0]
    fold = PairFold(columns, model.terms.columns[1:], slopes)
    total, squares = run_fold(fold, source.blocks(), threads)
    null = "errors of a firm are unrelated"
    return normal_test(
        "Wooldridge", null, total / squares**0.5, "sums of products of pooled residuals", is_two_sided=True
    )


@dataclass(frozen=True)
class LagFold:
    """The fold of each firm's sums for the regression of residuals on those before.

    Attributes
    ----------
    columns : PanelColumns
    places : integer array
        The columns with slopes.
    slopes : float array
    """

    columns: PanelColumns
    places: Integers
    slopes: Floats

    def step(self, block: ArrayBlock) -> Floats:
        """Return sum and cross-products over firms of (pairs, lag, now, lag^2, lag * now); shape (6, 5)."""
        parts = [self._of_piece(piece) for piece in pieces(block)]
        total: Floats = np.sum(parts, axis=0)
        return total

    def merge(self, left: Floats, right: Floats) -> Floats:
        """Add two blocks' sums."""
        return left + right

    def solve(self, moments: Floats) -> Floats:
        """Return the sums of all firms."""
        return moments

    def _of_piece(self, piece: ArrayBlock) -> Floats:
        values = self.columns.of(piece)
        means, years = firm_means(values, piece.starts)
        values -= np.repeat(means, years, axis=1)
        now = values[0] - self.slopes @ values[self.places]
        lag = np.roll(now, 1)
        has_lag = np.ones(len(now))
        has_lag[piece.starts[:-1]] = 0.0
        items = np.stack([has_lag, lag * has_lag, now * has_lag, lag**2 * has_lag, lag * now * has_lag])
        by_firm = np.add.reduceat(items, piece.starts[:-1], axis=1)
        return np.vstack([by_firm.sum(axis=1), by_firm @ by_firm.T])


def _slope_and_variance(sums: Floats) -> tuple[float, float]:
    """Return the slope of the residual on its lag, and its variance grouped by firm (factor 1)."""
    pairs, lag, now, squares, product = sums[0]
    bread = np.linalg.inv(np.array([[pairs, lag], [lag, squares]]))
    level, slope = bread @ np.array([now, product])
    # A firm's scores are now - level - slope lag, alone and times the lag: linear in its sums.
    scores = np.array([[-level, -slope, 1.0, 0.0, 0.0], [0.0, -level, 0.0, -slope, 1.0]])
    covariance = bread @ scores @ sums[1:] @ scores.T @ bread
    return float(slope), float(covariance[1, 1])


@dataclass(frozen=True)
class PairFold:
    """The fold of the sums of products of a firm's residuals, and of their squares.

    Attributes
    ----------
    columns : PanelColumns
    places : integer array
        The columns with slopes.
    slopes : float array
    """

    columns: PanelColumns
    places: Integers
    slopes: Floats

    def step(self, block: ArrayBlock) -> tuple[float, float]:
        """Return the sum over firms of the products, and of their squares."""
        total, squares = 0.0, 0.0
        for piece in pieces(block):
            values = self.columns.of(piece)
            errors = values[0] - self.slopes @ values[self.places]
            sums = np.add.reduceat(np.stack([errors, errors**2]), piece.starts[:-1], axis=1)
            products = (sums[0] ** 2 - sums[1]) / 2
            total, squares = total + float(products.sum()), squares + float(products @ products)
        return total, squares

    def merge(self, left: tuple[float, float], right: tuple[float, float]) -> tuple[float, float]:
        """Add two blocks' sums."""
        return left[0] + right[0], left[1] + right[1]

    def solve(self, moments: tuple[float, float]) -> tuple[float, float]:
        """Return the sums of all firms."""
        return moments
