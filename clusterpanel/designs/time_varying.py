"""Cox regressions whose hazard ratios change at given times."""

from collections.abc import Sequence

from clusterpanel.designs.cox import fit_cox_design
from clusterpanel.designs.draw import MEMORY_GB
from clusterpanel.designs.regression import result_of
from clusterpanel.designs.request import Request
from clusterpanel.designs.survival_fits import cause_number
from clusterpanel.designs.terms import TermPlan
from clusterpanel.models.fit import Fit
from clusterpanel.models.result import Result
from clusterpanel.models.survival.cox import fit_cox
from clusterpanel.models.survival.cox_variance import survival_variance
from clusterpanel.models.survival.time_varying import period_terms, split_at
from clusterpanel.panel.panel import Panel
from clusterpanel.spec.design import DesignSpec


def time_varying_coefficients(
    design: DesignSpec,
    panel: Panel,
    cuts: Sequence[float],
    regressors: Sequence[str] | None = None,
    *,
    threads: int = 1,
    memory_gb: float = MEMORY_GB,
) -> Result:
    """Fit a Cox regression in which some coefficients change at given times.

    Parameters
    ----------
    design : DesignSpec
    panel : Panel
    cuts : sequence of float
        Ascending times; a coefficient for the time up to and including the first, up to the next, and after.
    regressors : sequence of str, optional
        As the coefficients name them; by default those of the exposure.
    threads, memory_gb
        As in `estimate`.

    Returns
    -------
    Result
        Terms such as ``in_cluster:until 5`` and ``in_cluster:after 5``; `wald` tests whether they agree.

    Raises
    ------
    SpecError
        The design is not a Cox regression, or has no such regressor.
    """
    cox = fit_cox_design(design, panel, threads, memory_gb)
    plan = cox.sample.plan.regressors
    own = plan.names[: plan.exposures] if isinstance(plan, TermPlan) else plan.names[:1]
    chosen = tuple(regressors or own)
    terms = [term for name in chosen for term in period_terms(name, cuts)]
    split = split_at(cox.sample.source, cuts, terms, chosen)
    request = Request(design, cox.sample, panel.time)
    found = fit_cox(split, design.ties or "efron", threads, cause=cause_number(request)).likelihood
    variance = survival_variance(design.vcov, found.sums, found.counts)
    fit = Fit(found.names, found.coefficients, variance, found.collinear, found.facts, found.notes)
    return result_of(design, cox.sample, fit, panel.firm)
