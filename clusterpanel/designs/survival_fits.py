"""Fit a survival design's sample with its estimator and its variance."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from clusterpanel.designs.request import Request, bootstrapped
from clusterpanel.errors import NotIdentifiedError
from clusterpanel.models.arrays import Floats, ModelSource
from clusterpanel.models.competing_logit import fit_competing_logit
from clusterpanel.models.fit import Fit
from clusterpanel.models.likelihood_fit import LikelihoodFit
from clusterpanel.models.survival.concordance import concordance
from clusterpanel.models.survival.cox import CoxFit, fit_cox
from clusterpanel.models.survival.cox_variance import survival_variance, wald_test
from clusterpanel.models.survival.fine_gray import fit_fine_gray
from clusterpanel.models.survival.frailty import FrailtyFit, fit_gamma_frailty, frailty_variance
from clusterpanel.models.survival.parametric import fit_parametric
from clusterpanel.models.survival.parametric_families import ParametricName
from clusterpanel.models.survival.piecewise_exponential import fit_piecewise_exponential
from clusterpanel.models.survival.proportional_hazards import proportional_hazards_test
from clusterpanel.models.vcov.covariance import Covariance
from clusterpanel.models.vcov.from_sums import from_sums
from clusterpanel.spec.vcov import BlockBootstrapVcov

# Sums that weights enter; the sample tells plain ones.
WEIGHTED = ("events", "time_at_risk", "events_by_cause")
CENSORED, STAYS = "and are censored there", "whose firms stay among those at risk"
# The concordance ranks all rows; for a sample of more it takes longer than the fit and is told when asked.
MOST_RANKED = 200_000
# The test of proportional hazards takes a pass of three information matrices.
MOST_TESTED = 2_000_000

Refit = Callable[[ModelSource], LikelihoodFit]


def cause_number(request: Request) -> int | None:
    """Return the number of the cause of interest; None where every event is one."""
    episodes, cause = request.sample.plan.episodes, request.design.cause_of_interest
    if episodes is None or cause is None:
        return None
    return episodes.causes.index(cause) + 1


def fit_cox_request(request: Request) -> CoxFit:
    """Return the Cox regression a design asks for."""
    source, ties = request.sample.source, request.design.ties or "efron"
    return fit_cox(source, ties, request.threads, cause=cause_number(request))


def fit_frailty_request(request: Request) -> FrailtyFit:
    """Return the Cox regression with a frailty that a design asks for."""
    source, ties = request.sample.source, request.design.ties or "efron"
    return fit_gamma_frailty(source, 0, ties, request.threads, cause=cause_number(request))


def _cox(request: Request) -> Fit:
    if request.design.frailty is not None:
        shared = fit_frailty_request(request)
        fit = _told(shared.likelihood, frailty_variance(request.design.vcov, shared))
        return _with_other_causes(fit, CENSORED)
    number, ties = cause_number(request), request.design.ties or "efron"
    cox = fit_cox_request(request)
    fit = _with_variance(request, cox.likelihood, lambda drawn: fit_cox(drawn, ties, cause=number).likelihood)
    fit = _with_facts(fit, {**_ranks(cox), **_proportionality(cox, request.threads)})
    return _with_other_causes(fit, CENSORED)


def _with_other_causes(fit: Fit, what: str) -> Fit:
    """Return a fit that tells how many rows end by causes that are not explained."""
    others = int(fit.facts.get("other_events", 0))
    note = f"{others:,} rows end by other causes, {what}."
    return replace(fit, notes=(*fit.notes, note)) if others else fit


def _ranks(cox: CoxFit) -> Mapping[str, float]:
    """Return the concordance and its error, by firm; nothing for a sample of many rows."""
    if cox.source.rows > MOST_RANKED:
        return {}
    found = concordance(cox, way=0 if cox.source.group_names else None)
    return {"concordance": found.concordance, "concordance_std_error": found.std_error}


def _proportionality(cox: CoxFit, threads: int) -> Mapping[str, Mapping[str, float]]:
    """Return the test that all hazard ratios are the same at all times; nothing where it cannot be had."""
    if cox.source.rows > MOST_TESTED:
        return {}
    try:
        table = proportional_hazards_test(cox, threads=threads)
    except NotIdentifiedError:
        return {}
    facts = table.iloc[-1][["statistic", "degrees_of_freedom", "p_value"]]
    return {"proportional_hazards": {str(name): float(value) for name, value in facts.items()}}


def _fine_gray(request: Request) -> Fit:
    number, ties = cause_number(request) or 1, request.design.ties or "efron"
    first = fit_fine_gray(request.sample.source, number, ties, request.threads)
    fit = _with_variance(request, first, lambda drawn: fit_fine_gray(drawn, number, ties))
    return _with_other_causes(fit, STAYS)


def _parametric(family: ParametricName) -> Callable[[Request], Fit]:
    def fit(request: Request) -> Fit:
        fitted = _counted_by_sample(fit_parametric(request.sample.source, family, request.threads))
        return _with_variance(request, fitted, lambda drawn: fit_parametric(drawn, family))

    return fit


def _piecewise_exponential(request: Request) -> Fit:
    cuts = request.design.cuts
    fitted = _counted_by_sample(fit_piecewise_exponential(request.sample.source, cuts, request.threads))
    return _with_variance(request, fitted, lambda drawn: fit_piecewise_exponential(drawn, cuts))


def _competing_logit(request: Request) -> Fit:
    episodes = request.sample.plan.episodes
    causes = () if episodes is None else episodes.causes
    fitted = _counted_by_sample(fit_competing_logit(request.sample.source, causes, request.threads))
    return _with_variance(request, fitted, lambda drawn: fit_competing_logit(drawn, causes))


def _counted_by_sample(fitted: LikelihoodFit) -> LikelihoodFit:
    return replace(fitted, facts={name: fact for name, fact in fitted.facts.items() if name not in WEIGHTED})


def _with_variance(request: Request, fitted: LikelihoodFit, refit: Refit) -> Fit:
    vcov = request.design.vcov
    if isinstance(vcov, BlockBootstrapVcov):

        def again(drawn: ModelSource) -> tuple[tuple[str, ...], Floats]:
            found = refit(drawn)
            return found.names, found.coefficients

        first = _told(fitted, survival_variance("HC1", fitted.sums, fitted.counts))
        return _tested(bootstrapped(request, first, again))
    if vcov == "HC1" and request.design.estimator == "competing_logit":
        # Of a yearly model the unit is the row.
        return _told(fitted, from_sums(vcov, fitted.sums, fitted.counts))
    return _tested(_told(fitted, survival_variance(vcov, fitted.sums, fitted.counts)))


def _told(fitted: LikelihoodFit, variance: Covariance) -> Fit:
    return Fit(fitted.names, fitted.coefficients, variance, fitted.collinear, fitted.facts, fitted.notes)


def _tested(fit: Fit) -> Fit:
    """Return a fit whose Wald test is of its own variance, where that has full rank."""
    if "wald_chi2" not in fit.facts:
        return fit
    size = len(fit.coefficients)
    is_whole = np.linalg.matrix_rank(fit.covariance, hermitian=True) == size
    wald = wald_test(fit.coefficients, fit.covariance) if is_whole else None
    return _with_facts(fit, {"wald_chi2": wald, "tested": size})


def _with_facts(fit: Fit, more: Mapping[str, Any]) -> Fit:
    return replace(fit, facts={**fit.facts, **more})


SURVIVAL_FITS: Mapping[str, Callable[[Request], Fit]] = {
    "cox": _cox,
    "fine_gray": _fine_gray,
    "exponential": _parametric("exponential"),
    "weibull": _parametric("weibull"),
    "gompertz": _parametric("gompertz"),
    "log_logistic": _parametric("log_logistic"),
    "log_normal": _parametric("log_normal"),
    "piecewise_exponential": _piecewise_exponential,
    "competing_logit": _competing_logit,
}
