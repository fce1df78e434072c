"""Random effects: generalised least squares with an error of the firm's and one of the row's.

The coefficients are least squares of rows less a share theta of their firm's mean, with theta from the
variance components (Fuller and Battese 1973, Journal of the American Statistical Association 68). One pass
adds up the firm moments, from which components and coefficients follow; one more gives the scores that
variances are made of.
"""

from dataclasses import replace

from clusterpanel.errors import SpecError
from clusterpanel.models.arrays import Integers, ModelSource
from clusterpanel.models.fit import Fit
from clusterpanel.models.panel_models.columns import panel_columns
from clusterpanel.models.panel_models.components import Components, estimate_components
from clusterpanel.models.panel_models.firm_moments import FirmMoments, firm_moments
from clusterpanel.models.panel_models.quasi_demean import quasi_demeaned_moments, quasi_demeaned_source
from clusterpanel.models.panel_models.solution import PanelSolution
from clusterpanel.models.panel_models.terms import PanelModel, panel_model, shown_terms
from clusterpanel.models.panel_models.variation import explained_shares
from clusterpanel.models.vcov.from_rows import RowPlaces
from clusterpanel.spec.design import ComponentRule
from clusterpanel.spec.vcov import Vcov


def fit_random_effects(
    source: ModelSource,
    vcov: Vcov = "iid",
    *,
    components: ComponentRule | Components = "swamy_arora",
    places: RowPlaces | None = None,
    times: Integers | None = None,
    threads: int = 1,
) -> Fit:
    """Fit one-way random effects of the firm.

    Parameters
    ----------
    source : ModelSource
        Without firm effects and weights. Other effects enter as dummies, 200 levels at most.
    components : str or Components
        A rule for the variance components (`clusterpanel.models.panel_models.components`), or their values.
    vcov : Vcov
        As a design's spec has it; iid is the variance of generalised least squares, others allow for wrong
        components.
    places : RowPlaces or None
        Where each row stands, for variances that need the rows; None: sums over ``source``'s groups suffice.
    times : integer array, shape (groups,), or None
        The years of the first way, for Driscoll-Kraay errors.
    threads : int

    Raises
    ------
    SpecError
        The sample has weights, firm effects or too many dummies, or the rule is not defined for it.
    NotIdentifiedError
        The exposure is collinear, or there are too few firms or rows.
    """
    solution = solve_random_effects(source, components, threads)
    return solution.fit(solution.covariance(vcov, places=places, times=times, threads=threads))


def fit_correlated_random_effects(
    source: ModelSource,
    vcov: Vcov = "iid",
    *,
    components: ComponentRule | Components = "swamy_arora",
    places: RowPlaces | None = None,
    times: Integers | None = None,
    threads: int = 1,
) -> Fit:
    """Fit random effects with the firm means of everything that varies within firms as further regressors.

    The coefficients of what varies are those of the within estimate, whatever the firms' numbers of years;
    those of the means say how far firms that differ in a regressor differ otherwise (Mundlak 1978,
    Econometrica 46; for unbalanced panels Wooldridge 2019, Journal of Econometrics 211). The means of
    dummies enter too, unseen.

    Parameters and errors are those of `fit_random_effects`; `amemiya` and `nerlove` are refused, because they
    take the firm's variance from residuals that the means would explain.
    """
    solution = solve_correlated_random_effects(source, components, threads)
    return solution.fit(solution.covariance(vcov, places=places, times=times, threads=threads))


def solve_random_effects(
    source: ModelSource, components: ComponentRule | Components = "swamy_arora", threads: int = 1
) -> PanelSolution:
    """Return `fit_random_effects` before its variance."""
    columns = panel_columns(source, "random_effects", threads)
    model = panel_model(columns, firm_moments(source, columns, threads), source.effect_names)
    return solve_random_model(source, model, components)


def solve_correlated_random_effects(
    source: ModelSource, components: ComponentRule | Components = "swamy_arora", threads: int = 1
) -> PanelSolution:
    """Return `fit_correlated_random_effects` before its variance."""
    if components in ("amemiya", "nerlove"):
        raise SpecError(
            f"components = {components} is not defined for correlated_random_effects",
            hint="Choose swamy_arora, swamy_arora_harmonic or wallace_hussain.",
        )
    columns = panel_columns(source, "correlated_random_effects", threads)
    moments = firm_moments(source, columns, threads)
    model = panel_model(columns, moments, source.effect_names, has_means=True)
    return solve_random_model(source, model, components)


def solve_random_model(
    source: ModelSource, model: PanelModel, components: ComponentRule | Components
) -> PanelSolution:
    """Solve a random-effects model whose terms are known."""
    if not isinstance(components, Components):
        components = estimate_components(model.moments, components, model.constant)
    gram = quasi_demeaned_moments(model.moments, components.theta)
    solution = PanelSolution(
        source=quasi_demeaned_source(source, model.columns, model.terms, components.theta),
        gram=gram,
        shown=shown_terms(model),
        collinear=model.collinear,
    )
    shares = explained_shares(model.moments, solution.coefficients, model.constant)
    return replace(solution, facts={**shares, **component_facts(components, model.moments)})


def component_facts(components: Components, moments: FirmMoments) -> dict[str, object]:
    """Return the components and the shares of the means that they take off, over firms."""
    theta = components.theta(moments.years)
    residual, firm = components.sigma2_residual, components.sigma2_firm
    return {
        "sigma2_residual": residual,
        "sigma2_firm": firm,
        "share_firm": firm / (firm + residual),
        "theta": float(theta @ moments.firms_by_years / moments.firms),
        "theta_min": float(theta.min()),
        "theta_max": float(theta.max()),
        "components": components.rule,
        "is_sigma2_firm_floored": components.is_floored,
    }
