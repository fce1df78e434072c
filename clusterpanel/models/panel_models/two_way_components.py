"""Two-way variance components: the firm's, the year's and the row's, for balanced panels.

The rules are those of R plm 2.6-2's ``ercomp(effect = "twoways")``: squares of residuals, of their firm means
and of their year means are equated with what they are expected to be.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from clusterpanel.errors import NotIdentifiedError
from clusterpanel.models.arrays import Floats
from clusterpanel.models.panel_models.firm_moments import FirmMoments
from clusterpanel.models.panel_models.rank import independent, scaled_inverse

TwoWayRule = Literal["swamy_arora", "wallace_hussain", "amemiya", "nerlove"]


@dataclass(frozen=True)
class TwoWayMoments:
    """Cross-products of a balanced panel's columns about their means, split three ways.

    Attributes
    ----------
    within, between_firms, between_years : float array, shape (columns, columns)
        Of what is left by both means, of firm means and of year means, each row counted; the outcome
        first, no constant.
    firms, years : int
    """

    within: Floats
    between_firms: Floats
    between_years: Floats
    firms: int
    years: int

    @property
    def rows(self) -> int:
        """The number of rows."""
        return self.firms * self.years


@dataclass(frozen=True)
class TwoWayComponents:
    """Variances of the row's, the firm's and the year's error.

    Attributes
    ----------
    sigma2_residual, sigma2_firm, sigma2_year : float
    """

    sigma2_residual: float
    sigma2_firm: float
    sigma2_year: float

    def left(self, firms: int, years: int) -> tuple[float, float, float]:
        """Return the shares that stay of firm means, of year means, and of the mean of all."""
        firm = years * self.sigma2_firm / self.sigma2_residual
        year = firms * self.sigma2_year / self.sigma2_residual
        return (1 + firm) ** -0.5, (1 + year) ** -0.5, (1 + firm + year) ** -0.5


def two_way_moments(moments: FirmMoments, year_means: Floats, constant: int) -> TwoWayMoments:
    """Split cross-products about the mean into those within, between firms and between years.

    Parameters
    ----------
    moments : FirmMoments
        The outcome first.
    year_means : float array, shape (columns, years)
    constant : int
        The constant's column, which is left out.
    """
    columns = np.delete(np.arange(len(moments.within)), constant)
    square = np.ix_(columns, columns)
    means = year_means[columns]
    years = moments.firms * (means @ means.T)
    return TwoWayMoments(
        moments.within[square] - years,
        moments.between[square],
        years,
        moments.firms,
        means.shape[1],
    )


def two_way_components(moments: TwoWayMoments, rule: TwoWayRule) -> TwoWayComponents:
    """Estimate the three variances; negative ones are set to 0.

    Raises
    ------
    NotIdentifiedError
        There are too few firms, years or rows.
    """
    residual, firm, year = RULES[rule](moments)
    if residual <= 0:
        raise NotIdentifiedError(
            "the variance of the rows' error is 0: firms, years and regressors fit every row"
        )
    return TwoWayComponents(residual, max(firm, 0.0), max(year, 0.0))


def _swamy_arora(moments: TwoWayMoments) -> tuple[float, float, float]:
    firms, years = moments.firms, moments.years
    within = _regress(moments.within, moments)
    residual = within.squares / _left((firms - 1) * (years - 1) - within.rank, "rows")
    by_firm = _regress(moments.between_firms, moments)
    by_year = _regress(moments.between_years, moments)
    firm = by_firm.squares / _left(firms - 1 - by_firm.rank, "firms")
    year = by_year.squares / _left(years - 1 - by_year.rank, "years")
    return residual, (firm - residual) / years, (year - residual) / firms


def _wallace_hussain(moments: TwoWayMoments) -> tuple[float, float, float]:
    pooled = moments.within + moments.between_firms + moments.between_years
    return _of_residuals(moments, _regress(pooled, moments).slopes)


def _amemiya(moments: TwoWayMoments) -> tuple[float, float, float]:
    return _of_residuals(moments, _regress(moments.within, moments).slopes)


def _of_residuals(moments: TwoWayMoments, slopes: Floats) -> tuple[float, float, float]:
    """Equate the squares of residuals and of their means with what they are expected to be."""
    firms, years = moments.firms, moments.years
    residual = _form(moments.within, slopes) / _left((firms - 1) * (years - 1), "rows")
    firm = (_form(moments.between_firms, slopes) / firms - residual) / years
    year = (_form(moments.between_years, slopes) / years - residual) / firms
    return residual, firm, year


def _nerlove(moments: TwoWayMoments) -> tuple[float, float, float]:
    slopes, squares, _ = _regress(moments.within, moments)
    firm = _form(moments.between_firms, slopes) / moments.years / (moments.firms - 1)
    year = _form(moments.between_years, slopes) / moments.firms / (moments.years - 1)
    return squares / moments.rows, firm, year


RULES: dict[TwoWayRule, Callable[[TwoWayMoments], tuple[float, float, float]]] = {
    "swamy_arora": _swamy_arora,
    "wallace_hussain": _wallace_hussain,
    "amemiya": _amemiya,
    "nerlove": _nerlove,
}


class Regression(NamedTuple):
    """Slopes, 0 where collinear, the squares they leave, and how many are not collinear."""

    slopes: Floats
    squares: float
    rank: int


def _regress(gram: Floats, moments: TwoWayMoments) -> Regression:
    """Regress the outcome on the other columns."""
    totals = np.diag(moments.within + moments.between_firms + moments.between_years)[1:]
    kept = independent(gram[1:, 1:], totals) + 1
    slopes = np.zeros(len(gram) - 1)
    if len(kept):
        slopes[kept - 1] = scaled_inverse(gram[np.ix_(kept, kept)]) @ gram[kept, 0]
    return Regression(slopes, _form(gram, slopes), len(kept))


def _form(gram: Floats, slopes: Floats) -> float:
    contrast = np.concatenate([[1.0], -slopes])
    return float(contrast @ gram @ contrast)


def _left(degrees: int, what: str) -> int:
    if degrees <= 0:
        raise NotIdentifiedError(f"there are too few {what} for the variance components of two-way effects")
    return degrees
