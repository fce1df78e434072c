"""Cox regression with a gamma frailty that the firms of a region, or the rows of a firm, share.

The hazard of group j is multiplied by a frailty of mean 1 and variance theta. Given theta, the marginal
likelihood is a penalised partial likelihood (Therneau, Grambsch and Pankratz 2003, JCGS 12), climbed exactly
in all frailties together; theta is where the derivative of the marginal likelihood is 0, which follows from
the frailties at the top. R: ``coxph(... + frailty(g, distribution = "gamma", sparse = FALSE))``.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import brentq
from scipy.special import chdtrc

from clusterpanel.errors import NotConvergedError, SpecError
from clusterpanel.models.arrays import Floats, ModelSource
from clusterpanel.models.likelihood_fit import LikelihoodFit, ratio_of
from clusterpanel.models.projection import symmetric_inverse
from clusterpanel.models.survival.cox import fit_cox
from clusterpanel.models.survival.cox_ties import Ties
from clusterpanel.models.survival.frailty_climb import PenalisedClimb
from clusterpanel.models.survival.frailty_passes import FrailtyPasses, FrailtyRows
from clusterpanel.models.vcov.covariance import Covariance
from clusterpanel.models.vcov.ungrouped import iid
from clusterpanel.spec.vcov import Vcov

# A variance below this tells nothing apart from none; one above, that the groups' hazards are not comparable.
LEAST_THETA, MOST_THETA = 1e-5, 400.0
# Each group's part of each risk set is held: 160 MB.
MOST_PARTS = 20_000_000


@dataclass(frozen=True)
class FrailtyFit:
    """A fitted Cox regression with shared gamma frailty.

    Attributes
    ----------
    likelihood : LikelihoodFit
        Coefficients; facts: theta, loglik (marginal), loglik_without_frailty, frailty_chi2, frailty_p_value,
        kendall_tau.
    frailties : float array, shape (groups,)
        Each group's frailty given the data, of mean about 1.
    theta : float
        The frailty's variance; 0 where the data tell of none.
    """

    likelihood: LikelihoodFit
    frailties: Floats
    theta: float


def fit_gamma_frailty(
    source: ModelSource, way: int = 0, ties: Ties = "efron", threads: int = 1, *, cause: int | None = None
) -> FrailtyFit:
    """Fit a Cox regression whose groups share a gamma frailty, by maximum marginal likelihood.

    Parameters
    ----------
    source : ModelSource
        As `cox.fit_cox` takes it.
    way : int
        Which of the source's groups share a frailty.
    ties : "efron" or "breslow"
    threads : int
        Changes the time it takes, never the numbers.
    cause : int or None
        As `cox.fit_cox` has it.

    Returns
    -------
    FrailtyFit
        The test of variance 0, on the border of what it may be, halves the chi-squared's tail (Self and Liang
        1987, JASA 82).

    Raises
    ------
    SpecError
        There is no such way, or groups times event times are too many to hold.
    NotConvergedError
        The variance runs off, or the penalised likelihood still rises.
    DataError, NotIdentifiedError
        As `cox.fit_cox`.
    """
    if way >= len(source.group_levels):
        raise SpecError(f"a shared frailty came without groups to share it: way {way} is not there")
    cox = fit_cox(source, ties, threads, cause=cause)
    groups, cells = source.group_levels[way], cox.rows.cells.size
    if groups * cells > MOST_PARTS:
        raise SpecError(
            f"a frailty of {groups:,} levels of {source.group_names[way]} at {cells:,} event times came; "
            f"allowed: {MOST_PARTS:,} pairs",
            hint="Count time in years, share the frailty by coarser groups, or take fewer strata.",
        )
    rows = FrailtyRows(cox.rows, np.zeros(groups), way)
    passes = FrailtyPasses(cox.source, rows, ties, threads)
    climb = PenalisedClimb(passes, passes.events(), cox.likelihood.coefficients, np.zeros(groups))
    null = float(cox.likelihood.facts["loglik"])
    if climb.slope(np.log(LEAST_THETA)) <= 0:
        return _fit(cox.likelihood, source.group_names[way], np.ones(groups), 0.0, null)
    theta = _best(climb)
    here = climb.top(theta)
    rest, _ = climb.renewed(here, theta).reduced()
    likelihood = replace(
        cox.likelihood,
        coefficients=climb.coefficients,
        sums=replace(cox.likelihood.sums, bread=symmetric_inverse(rest)),
        facts={**cox.likelihood.facts, "iterations": climb.steps},
    )
    fit = _fit(likelihood, source.group_names[way], np.exp(climb.effects), theta, null)
    return _told(fit, climb.marginal(here, theta), null)


def frailty_variance(vcov: Vcov, fit: FrailtyFit) -> Covariance:
    """Return the inverse of the information with frailties taken out, the only variance there is.

    Raises
    ------
    SpecError
        Another variance was asked for.
    """
    if vcov != "iid":
        raise SpecError(
            "a shared frailty came with robust or grouped errors; allowed: iid, since the frailty is itself "
            "the model of how a group's firms go together",
            hint='Choose vcov = "iid", or cox without frailty and grouped errors.',
        )
    return iid(fit.likelihood.sums, fit.likelihood.counts)


def _best(climb: PenalisedClimb) -> float:
    """Return the variance at which the marginal likelihood is highest.

    Raises
    ------
    NotConvergedError
        It runs off.
    """
    low, high = LEAST_THETA, 0.1
    while climb.slope(np.log(high)) > 0:
        low, high = high, 4 * high
        if high > MOST_THETA:
            raise NotConvergedError(
                f"the frailty's variance runs off beyond {MOST_THETA:g}: most groups have no event",
                hint="Share the frailty by coarser groups.",
            )
    return float(np.exp(brentq(climb.slope, np.log(low), np.log(high), xtol=1e-9, rtol=1e-9)))


def _fit(likelihood: LikelihoodFit, group: str, frailties: Floats, theta: float, null: float) -> FrailtyFit:
    size = len(likelihood.coefficients)
    sums = replace(likelihood.sums, meat=np.full((size, size), np.nan), groups=(), is_adjusted=False)
    notes = likelihood.notes
    if not theta:
        notes = (*notes, f"The data tell of no frailty by {group}: its variance is 0.")
    plain = replace(likelihood, sums=sums, notes=notes)
    return _told(FrailtyFit(plain, frailties, theta), null, null)


def _told(fit: FrailtyFit, marginal: float, null: float) -> FrailtyFit:
    """Return the fit with its facts."""
    chi2 = max(2 * (marginal - null), 0.0)
    kept = {name: value for name, value in fit.likelihood.facts.items() if not name.endswith("_chi2")}
    facts = {
        **kept,
        "loglik": marginal,
        "loglik_without_frailty": null,
        "hazard_ratio": ratio_of(fit.likelihood.coefficients[0]),
        "theta": fit.theta,
        "kendall_tau": fit.theta / (2 + fit.theta),
        "frailty_chi2": chi2,
        "frailty_p_value": float(chdtrc(1, chi2) / 2) if chi2 else 1.0,
    }
    return replace(fit, likelihood=replace(fit.likelihood, facts=facts))
