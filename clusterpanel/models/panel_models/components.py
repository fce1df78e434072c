"""Variance components of one-way random effects: the firm's and the row's, by five published rules.

The rules equate quadratic forms of residuals with what they are expected to be. `swamy_arora`,
`wallace_hussain`, `amemiya` and `nerlove` are those of R plm 2.6-2 (`ercomp`): for panels in which firms
have different numbers of years the unbiased forms of Baltagi and Chang (1994, Journal of Econometrics 62),
which for `swamy_arora` are Stata's ``xtreg, re sa``. `swamy_arora_harmonic` is the default of Stata's
``xtreg, re`` and of linearmodels: the residuals of firm means with the harmonic mean of the numbers of
years. All Swamy-Arora variants agree where panels are balanced.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from clusterpanel.errors import NotIdentifiedError, SpecError
from clusterpanel.models.arrays import Floats, Integers
from clusterpanel.models.panel_models.firm_moments import FirmMoments
from clusterpanel.models.panel_models.rank import independent, scaled_inverse
from clusterpanel.models.panel_models.within_fit import within_fit
from clusterpanel.spec.design import ComponentRule


@dataclass(frozen=True)
class Components:
    """Variances of the two parts of a row's error.

    Attributes
    ----------
    sigma2_residual, sigma2_firm : float
        In squared units of the outcome.
    rule : str
        In words.
    is_floored : bool
        Whether the firm's variance came out negative and was set to 0.
    """

    sigma2_residual: float
    sigma2_firm: float
    rule: str = "given"
    is_floored: bool = False

    def theta(self, years: Integers) -> Floats:
        """Return the share of its mean that is taken off a firm with so many rows.

        Equation (10.77) of Wooldridge (2010): 1 - sqrt(s_e^2 / (s_e^2 + T s_u^2)).
        """
        share: Floats = 1 - np.sqrt(self.sigma2_residual / (self.sigma2_residual + years * self.sigma2_firm))
        return share


@dataclass(frozen=True)
class QuadraticForms:
    """Two sums of squares and what they are expected to be: ``a_residual s_e^2 + a_firm s_u^2`` each.

    Attributes
    ----------
    within, between : float
        The sums of squares.
    within_residual, within_firm, between_residual, between_firm : float
        Their coefficients on the two variances.
    """

    within: float
    between: float
    within_residual: float
    within_firm: float
    between_residual: float
    between_firm: float

    def solve(self) -> tuple[float, float]:
        """Return the residual's and the firm's variance."""
        coefficients = np.array(
            [[self.within_residual, self.within_firm], [self.between_residual, self.between_firm]]
        )
        residual, firm = np.linalg.solve(coefficients, [self.within, self.between])
        return float(residual), float(firm)


def estimate_components(moments: FirmMoments, rule: ComponentRule, constant: int) -> Components:
    """Estimate the variance components.

    Parameters
    ----------
    moments : FirmMoments
        Of the outcome, the regressors and a constant, none of them collinear.
    rule : ComponentRule
    constant : int
        The constant's column.

    Raises
    ------
    NotIdentifiedError
        There are too few firms or rows for the variances.
    SpecError
        The rule is not defined for the sample.
    """
    residual, firm = RULES[rule](moments, constant)
    if residual <= 0:
        raise NotIdentifiedError(
            "the variance of the rows' error is 0: the regressors and firm effects fit every row",
            hint="Use fewer regressors, or more years for each firm.",
        )
    return Components(residual, max(firm, 0.0), IN_WORDS[rule], firm < 0)


def _swamy_arora(moments: FirmMoments, _: int) -> tuple[float, float]:
    return _swamy_arora_forms(moments, np.ones(len(moments.years))).solve()


def _swamy_arora_harmonic(moments: FirmMoments, _: int) -> tuple[float, float]:
    forms = _swamy_arora_forms(moments, 1 / moments.years)
    residual = forms.within / forms.within_residual
    harmonic = moments.firms / float(moments.firms_by_years @ (1 / moments.years))
    return residual, forms.between / forms.between_residual - residual / harmonic


def _swamy_arora_forms(moments: FirmMoments, weights: Floats) -> QuadraticForms:
    """Return within residuals' and (weighted) firm means' forms.

    The expectation of the firms' form is Baltagi and Chang's, and holds for weights of 1.
    """
    varying, _, squares = within_fit(moments)
    between = moments.weighted_between(weights)
    kept = independent(between[1:, 1:], np.diag(between)[1:]) + 1
    inverse = scaled_inverse(between[np.ix_(kept, kept)])
    slopes = inverse @ between[kept, 0]
    spread = moments.weighted_between(weights * moments.years)[np.ix_(kept, kept)]
    left = moments.firms - len(kept)
    if left <= 0:
        raise NotIdentifiedError(
            f"{moments.firms} firms are too few for a regression of firm means on {len(kept)} columns",
            hint="Widen the sample, use fewer regressors, or choose components = amemiya.",
        )
    return QuadraticForms(
        within=squares,
        between=float(between[0, 0] - slopes @ between[kept, 0]),
        within_residual=moments.rows - moments.firms - len(varying),
        within_firm=0.0,
        between_residual=left,
        between_firm=moments.rows - float(np.sum(inverse * spread)),
    )


def _wallace_hussain(moments: FirmMoments, _: int) -> tuple[float, float]:
    regressors = slice(1, None)
    inverse = scaled_inverse(moments.pooled[regressors, regressors])
    contrast = np.concatenate([[1.0], -inverse @ moments.pooled[regressors, 0]])
    within, between = moments.within[regressors, regressors], moments.between[regressors, regressors]
    spread = moments.weighted_between(moments.years.astype(np.float64))[regressors, regressors]
    squares = [float(contrast @ moment @ contrast) for moment in (moments.within, moments.between)]
    rows, firms = moments.rows, moments.firms
    if moments.is_balanced:
        return QuadraticForms(squares[0], squares[1], rows - firms, 0.0, firms, rows).solve()
    hat = inverse @ spread
    return QuadraticForms(
        within=squares[0],
        between=squares[1],
        within_residual=rows - firms - float(np.trace(inverse @ within)),
        within_firm=float(np.trace(inverse @ within @ hat)),
        between_residual=firms - float(np.trace(inverse @ between)),
        between_firm=rows - 2 * float(np.trace(hat)) + float(np.trace(inverse @ between @ hat)),
    ).solve()


def _amemiya(moments: FirmMoments, constant: int) -> tuple[float, float]:
    varying, slopes, squares = within_fit(moments)
    steady = moments.within.shape[0] - 2 - len(varying)
    if steady > 0:
        raise SpecError(
            f"components = amemiya needs regressors that vary within firms; {steady} columns do not",
            hint="Choose components = swamy_arora.",
        )
    contrast = np.zeros(len(moments.within))
    contrast[0], contrast[varying] = 1.0, -slopes
    centred = _about_mean(moments.between, constant)
    between = float(contrast @ centred @ contrast)
    rows, firms = moments.rows, moments.firms
    if moments.is_balanced:
        return QuadraticForms(squares, between, rows - firms, 0.0, firms, rows).solve()
    square = np.ix_(varying, varying)
    extra = float(np.sum(scaled_inverse(moments.within[square]) * centred[square]))
    return QuadraticForms(
        within=squares,
        between=between,
        within_residual=rows - firms - len(varying),
        within_firm=0.0,
        between_residual=firms - 1 + extra,
        between_firm=rows - float(moments.firms_by_years @ moments.years**2) / rows,
    ).solve()


def _nerlove(moments: FirmMoments, constant: int) -> tuple[float, float]:
    if not moments.is_balanced:
        raise SpecError(
            f"components = nerlove needs a balanced panel; firms have {moments.years[0]} to "
            f"{moments.years[-1]} rows",
            hint="Choose components = swamy_arora.",
        )
    varying, slopes, squares = within_fit(moments)
    contrast = np.zeros(len(moments.within))
    contrast[0], contrast[varying] = 1.0, -slopes
    between = float(contrast @ _about_mean(moments.between, constant) @ contrast)
    return squares / moments.rows, between / float(moments.years[0]) / (moments.firms - 1)


def _about_mean(between: Floats, constant: int) -> Floats:
    """Return cross-products of firm means about the mean of all rows."""
    sums = between[constant]
    about: Floats = between - np.outer(sums, sums) / between[constant, constant]
    return about


RULES: dict[ComponentRule, Callable[[FirmMoments, int], tuple[float, float]]] = {
    "swamy_arora": _swamy_arora,
    "swamy_arora_harmonic": _swamy_arora_harmonic,
    "wallace_hussain": _wallace_hussain,
    "amemiya": _amemiya,
    "nerlove": _nerlove,
}
IN_WORDS: dict[ComponentRule, str] = {
    "swamy_arora": "Swamy and Arora (1972), unbalanced as Baltagi and Chang (1994)",
    "swamy_arora_harmonic": "Swamy and Arora (1972), unbalanced with the harmonic mean of years",
    "wallace_hussain": "Wallace and Hussain (1969)",
    "amemiya": "Amemiya (1971)",
    "nerlove": "Nerlove (1971)",
}
