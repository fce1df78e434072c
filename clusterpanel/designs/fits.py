"""Fit a design's sample with its estimator and its variance."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from clusterpanel.designs.instrument_facts import instrument_facts
from clusterpanel.designs.request import Request, bootstrapped
from clusterpanel.designs.survival_fits import SURVIVAL_FITS
from clusterpanel.designs.where_rows_stand import places_of, times_of
from clusterpanel.errors import NotIdentifiedError, SpecError
from clusterpanel.models.arrays import Flags, Floats, ModelArrays, ModelSource
from clusterpanel.models.conditional_logit import fit_conditional_logit
from clusterpanel.models.families import FamilyName
from clusterpanel.models.fit import Fit
from clusterpanel.models.glm import fit_glm, linearise_glm
from clusterpanel.models.instruments.fit import fit_two_stage, two_stage_coefficients
from clusterpanel.models.instruments.two_stage import InstrumentsFit
from clusterpanel.models.likelihood_fit import LikelihoodFit
from clusterpanel.models.ols import fit_ols, solve_least_squares
from clusterpanel.models.panel_models.between import solve_between
from clusterpanel.models.panel_models.first_difference import differences
from clusterpanel.models.panel_models.random_effects import (
    solve_correlated_random_effects,
    solve_random_effects,
)
from clusterpanel.models.panel_models.repeated_firms import repeated_firms
from clusterpanel.models.panel_models.solution import PanelSolution
from clusterpanel.models.vcov.covariance import Covariance
from clusterpanel.models.vcov.from_rows import from_rows
from clusterpanel.models.vcov.from_sums import from_sums
from clusterpanel.spec.vcov import BlockBootstrapVcov, GroupedVcov

# A standard error this small beside its coefficient is rounding.
LEAST_ERROR = 1e-8
TESTS_NOT_DRAWN = "The tests of the instruments have no draws: they take errors grouped by {} (CRV1)."


def fit_design(request: Request) -> Fit:
    """Return the fit a design asks for.

    Raises
    ------
    SpecError
        The variance is not defined for the model, or needs rows in memory.
    NotIdentifiedError
        The sample holds no answer, or its variance comes out negative.
    NotConvergedError
    """
    fit = FITS[request.design.estimator](request)
    _check_error(fit, request.sample.source.names[0])
    return fit


def _check_error(fit: Fit, exposure: str) -> None:
    """Refuse an error that is 0 because its variance came out negative.

    Raises
    ------
    NotIdentifiedError
    """
    place = fit.names.index(exposure) if exposure in fit.names else 0
    if fit.variance.facts.get("negative_eigenvalues") and np.sqrt(fit.covariance[place, place]) <= (
        LEAST_ERROR * abs(fit.coefficients[place])
    ):
        raise NotIdentifiedError(
            f"the variance of {exposure} comes out negative ({fit.rule})",
            hint="Choose another rule: a bartlett kernel, a shorter distance, or fewer ways.",
        )


def _least_squares(request: Request) -> Fit:
    source, threads = request.sample.source, request.threads
    if not isinstance(request.design.vcov, BlockBootstrapVcov):
        return fit_ols(source, threads=threads, sample=request.moments, **request.variance)
    fit = fit_ols(source, "HC1", threads=threads)

    def refit(drawn: ModelSource) -> tuple[tuple[str, ...], Floats]:
        solved = solve_least_squares(drawn)
        return solved.projection.source.names, solved.raw_coefficients(0)

    return bootstrapped(request, fit, refit)


def _likelihood(family: FamilyName) -> Callable[[Request], Fit]:
    def fit(request: Request) -> Fit:
        source, threads, vcov = request.sample.source, request.threads, request.design.vcov
        fitted = fit_glm(source, family, threads)
        if isinstance(vcov, BlockBootstrapVcov):
            first = _with_sums(request, fitted, "HC1")
            return bootstrapped(request, first, lambda drawn: _estimates(fit_glm(drawn, family)))
        places = places_of(request.sample, vcov, request.time)
        if places is None:
            return _with_sums(request, fitted, vcov)
        rows = linearise_glm(request.sample.arrays(f"this variance of {family}"), family, threads)
        variance = from_rows(vcov, rows, fitted.counts, places)
        return Fit(fitted.names, fitted.coefficients, variance, fitted.collinear, fitted.facts, fitted.notes)

    return fit


def _estimates(fitted: LikelihoodFit) -> tuple[tuple[str, ...], Floats]:
    return fitted.names, fitted.coefficients


def _with_sums(request: Request, fitted: LikelihoodFit, vcov: Any) -> Fit:
    sums = replace(fitted.sums, times=times_of(request.sample, vcov))
    variance = from_sums(vcov, sums, fitted.counts)
    return Fit(fitted.names, fitted.coefficients, variance, fitted.collinear, fitted.facts, fitted.notes)


def _conditional_logit(request: Request) -> Fit:
    fitted = fit_conditional_logit(request.sample.source, request.threads)
    if isinstance(request.design.vcov, BlockBootstrapVcov):
        first = _with_sums(request, fitted, "HC1")
        return bootstrapped(request, first, lambda drawn: _estimates(fit_conditional_logit(drawn)))
    return _with_sums(request, fitted, request.design.vcov)


def _instruments(request: Request) -> Fit:
    parts, vcov = (request.endogenous, request.instruments), request.design.vcov
    if not isinstance(vcov, BlockBootstrapVcov):
        return _with_tests(
            fit_two_stage(request.sample.source, *parts, threads=request.threads, **request.variance)
        )
    # The tests have no draws: they take errors that are related as the draws take them to be.
    grouped = GroupedVcov(CRV1=vcov.block_bootstrap)
    fit = _with_tests(fit_two_stage(request.sample.source, *parts, grouped, threads=request.threads))
    drawn = bootstrapped(request, fit, lambda drawn: two_stage_coefficients(drawn, *parts))
    return replace(drawn, notes=(*fit.notes, TESTS_NOT_DRAWN.format(vcov.block_bootstrap)))


def _with_tests(fitted: InstrumentsFit) -> Fit:
    facts = {**fitted.fit.facts, **instrument_facts(fitted)}
    return replace(fitted.fit, facts=facts, notes=(*fitted.fit.notes, *fitted.notes))


def _panel_model(solve: Callable[[Request, ModelSource], PanelSolution]) -> Callable[[Request], Fit]:
    def fit(request: Request) -> Fit:
        def refit(drawn: ModelSource) -> tuple[tuple[str, ...], Floats]:
            solution = solve(replace(request, threads=1), _repeated(drawn))
            return solution.shown.names, solution.shown_coefficients

        solution = solve(request, request.sample.source)
        if isinstance(request.design.vcov, BlockBootstrapVcov):
            first = solution.fit(solution.covariance("HC1", threads=request.threads))
            return bootstrapped(request, first, refit)
        return solution.fit(solution.covariance(threads=request.threads, **request.variance))

    return fit


def _random_effects(request: Request, source: ModelSource) -> PanelSolution:
    is_plain = request.design.estimator == "random_effects"
    solve = solve_random_effects if is_plain else solve_correlated_random_effects
    return solve(source, request.design.components or "swamy_arora", request.threads)


def _repeated(drawn: ModelSource) -> ModelArrays:
    """Return a drawn sample with as many firms as were drawn, since firm means take no weights."""
    if not isinstance(drawn, ModelArrays):
        raise SpecError("the block bootstrap needs all rows in memory")
    return repeated_firms(drawn)


def _first_difference(request: Request) -> Fit:
    vcov, gaps = request.design.vcov, request.design.gaps or "dropped"
    changes = differences(request.sample.source, request.time, gaps)
    is_drawn = isinstance(vcov, BlockBootstrapVcov)
    fit = fit_ols(changes.sample, "HC1" if is_drawn else vcov, threads=request.threads)
    if is_drawn:

        def refit(drawn: ModelSource) -> tuple[tuple[str, ...], Floats]:
            solved = solve_least_squares(differences(_repeated(drawn), request.time, gaps).sample)
            return solved.projection.source.names, solved.raw_coefficients(0)

        fit = bootstrapped(request, fit, refit)
    facts = {**fit.facts, "n": changes.sample.rows, "firms": changes.sample.firm_levels}
    return replace(fit, facts=facts, variance=_of_all_groups(fit.variance, changes.groups_seen))


def _of_all_groups(variance: Covariance, seen: tuple[Flags, ...]) -> Covariance:
    """Return a variance whose influence has a row for each group of the levels; those without change: 0."""
    if variance.influence is None or seen[0].all():
        return variance
    influence = np.zeros((len(seen[0]), variance.influence.shape[1]))
    influence[seen[0]] = variance.influence
    return replace(variance, influence=influence)


FITS: Mapping[str, Callable[[Request], Fit]] = {
    "ols": _least_squares,
    "poisson": _likelihood("poisson"),
    "logit": _likelihood("logit"),
    "cloglog": _likelihood("cloglog"),
    "conditional_logit": _conditional_logit,
    "iv": _instruments,
    "random_effects": _panel_model(_random_effects),
    "correlated_random_effects": _panel_model(_random_effects),
    "between": _panel_model(lambda request, source: solve_between(source, request.threads)),
    "first_difference": _first_difference,
    **SURVIVAL_FITS,
}
