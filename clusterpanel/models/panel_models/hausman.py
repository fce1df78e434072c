"""Do firm effects go together with the regressors? The tests of Hausman and Mundlak.

Under the null the random-effects estimate is consistent, and so is the within estimate; under the
alternative only the latter is. The classic form (Hausman 1978, Econometrica 46) needs random effects to be
efficient. The robust form adds the regressors' firm means to the quasi-demeaned regression and tests their
coefficients with any variance (Arellano 1993, Journal of Econometrics 59; Wooldridge 2010, section 10.7.3).
Adding deviations from firm means instead, as the auxiliary regression of R plm does, spans the same space
and gives the same statistic.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from clusterpanel.errors import NotIdentifiedError, SpecError
from clusterpanel.models.absorb import CONSTANT
from clusterpanel.models.arrays import Floats, Integers, ModelArrays, ModelSource
from clusterpanel.models.fit import Fit
from clusterpanel.models.linearised import Linearised
from clusterpanel.models.panel_models.columns import panel_columns
from clusterpanel.models.panel_models.components import Components, estimate_components
from clusterpanel.models.panel_models.firm_moments import firm_moments
from clusterpanel.models.panel_models.panel_test import PanelTest, chi2_test, quadratic_form
from clusterpanel.models.panel_models.random_effects import solve_random_model
from clusterpanel.models.panel_models.solution import PanelSolution
from clusterpanel.models.panel_models.terms import MEAN_PREFIX, panel_model
from clusterpanel.models.vcov.from_rows import RowPlaces
from clusterpanel.spec.design import ComponentRule
from clusterpanel.spec.vcov import Vcov

NOT_DEFINITE = (
    "The difference of the variances is not positive definite in this sample, so that the statistic is no "
    "sum of squares: take the robust form of the test."
)
NULL = "firm effects are unrelated to the regressors"


def hausman(fixed: Fit, random: Fit) -> PanelTest:
    """Test the difference of two fits' shared coefficients by the difference of their variances.

    Parameters
    ----------
    fixed, random : Fit
        Within and random effects, both with the iid variance, under which random effects are efficient.

    Raises
    ------
    SpecError
        The fits share no regressor.
    NotIdentifiedError
        The difference of the variances is singular, or the statistic negative.

    Notes
    -----
    In small samples the difference of the variances may not be positive definite: the test then says so in
    `doubt`, and its number is that of R plm and Stata.
    """
    names = shared_terms(fixed.names, random.names)
    one, other = ([fit.names.index(name) for name in names] for fit in (fixed, random))
    return hausman_of(
        fixed.coefficients[one] - random.coefficients[other],
        fixed.covariance[np.ix_(one, one)] - random.covariance[np.ix_(other, other)],
        "classic: variance of within less variance of random effects (Hausman 1978)",
    )


def hausman_of(difference: Floats, covariance: Floats, rule: str) -> PanelTest:
    """Test a difference of coefficients, given its covariance.

    Raises
    ------
    NotIdentifiedError
        The covariance is singular, or so far from positive that the statistic is negative.
    """
    form = quadratic_form(difference, covariance)
    if form.value < 0:
        raise NotIdentifiedError(
            "the difference of the variances is not positive, and the statistic negative: the classic test "
            "is not defined in this sample",
            hint="Take the robust form of the test.",
        )
    test = chi2_test("Hausman", NULL, form.value, len(difference), rule)
    return test if form.is_definite else replace(test, doubt=NOT_DEFINITE)


def shared_terms(fixed: Sequence[str], random: Sequence[str]) -> list[str]:
    """Return the regressors of both fits, without a constant.

    Raises
    ------
    SpecError
        There are none.
    """
    names = [name for name in fixed if name in random and name != CONSTANT]
    if not names:
        raise SpecError("the fits share no regressor", hint="Fit both on the same outcome and regressors.")
    return names


def hausman_robust(
    source: ModelSource,
    vcov: Vcov = "iid",
    *,
    components: ComponentRule | Components = "swamy_arora",
    places: RowPlaces | None = None,
    times: Integers | None = None,
    threads: int = 1,
) -> PanelTest:
    """Test the coefficients of firm means in the quasi-demeaned regression, with any variance.

    Parameters
    ----------
    source : ModelSource
        As for `fit_random_effects`.
    components : str or Components
        Those of the random-effects model without the means.
    vcov : Vcov
        Usually grouped by firm.
    places : RowPlaces or None
    times : integer array, shape (groups,), or None
    threads : int

    Raises
    ------
    SpecError, NotIdentifiedError
        As `fit_random_effects`, or nothing varies within firms.
    """
    solution = auxiliary_solution(source, components, threads)
    covariance = solution.covariance(vcov, places=places, times=times, threads=threads)
    return _means_are_zero(solution.fit(covariance), f"robust, by firm means; {covariance.rule}")


def hausman_firm_variances(
    source: ModelArrays, components: ComponentRule | Components = "swamy_arora"
) -> PanelTest:
    """Test the coefficients of firm means, with errors whose variance is each firm's own and HC3 residuals.

    R plm's ``phtest(method = "aux", vcov = function(x) vcovHC(x, method = "white2", type = "HC3"))``.
    Errors of one firm are taken as unrelated over time: `hausman_robust` grouped by firm is the safer
    choice.
    """
    solution = auxiliary_solution(source, components)
    matrix = _white2(solution.linearised(), np.diff(source.starts))
    counts = solution.counts
    covariance = replace(solution.covariance("iid"), matrix=matrix, rule=f"white2, HC3, n = {counts.rows}")
    return _means_are_zero(
        solution.fit(covariance), "robust, by firm means; variances of firms (white2), HC3"
    )


def mundlak_test(correlated: Fit) -> PanelTest:
    """Test the coefficients of firm means in a fit of correlated random effects, with the fit's variance."""
    return _means_are_zero(correlated, f"Mundlak (1978), by firm means; {correlated.rule}")


def auxiliary_solution(
    source: ModelSource, components: ComponentRule | Components = "swamy_arora", threads: int = 1
) -> PanelSolution:
    """Return the quasi-demeaned regression with firm means, its shares those of random effects without."""
    columns = panel_columns(source, "the Hausman test", threads)
    moments = firm_moments(source, columns, threads)
    plain = panel_model(columns, moments, source.effect_names)
    if not isinstance(components, Components):
        components = estimate_components(plain.moments, components, plain.constant)
    model = panel_model(columns, moments, source.effect_names, has_means=True)
    return solve_random_model(source, model, components)


def _means_are_zero(fit: Fit, rule: str) -> PanelTest:
    means = [place for place, name in enumerate(fit.names) if name.startswith(MEAN_PREFIX)]
    if not means:
        raise NotIdentifiedError(
            "no regressor has a firm mean of its own: none varies within firms and between"
        )
    form = quadratic_form(fit.coefficients[means], fit.covariance[np.ix_(means, means)])
    return chi2_test("Hausman", NULL, form.value, len(means), rule)


def _white2(linearised: Linearised, years: np.ndarray) -> Floats:
    rows, bread = linearised.regressors, linearised.bread
    leverage = np.einsum("ij,jk,ik->i", rows, bread, rows)
    squares = (linearised.residuals / (1 - leverage)) ** 2
    firms = np.repeat(np.arange(len(years)), years)
    variances = np.bincount(firms, squares) / years
    meat = (rows * variances[firms][:, None]).T @ rows
    sandwich: Floats = bread @ meat @ bread
    return sandwich
