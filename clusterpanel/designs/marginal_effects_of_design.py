"""The average marginal effects of a design: its sample and its errors, effects in percentage points."""

from collections.abc import Sequence
from dataclasses import replace

from clusterpanel.designs.combination import check_design
from clusterpanel.designs.draw import MEMORY_GB, draw_sample
from clusterpanel.designs.fits import fit_design
from clusterpanel.designs.marginal_effect_passes import HAZARDS
from clusterpanel.designs.marginal_effects import average_marginal_effects
from clusterpanel.designs.regression import prepared_sample, result_of
from clusterpanel.designs.request import Request
from clusterpanel.designs.sample_plan import sample_plan
from clusterpanel.designs.survival_sample import draw_survival_sample
from clusterpanel.errors import SpecError
from clusterpanel.models.competing_logit_margins import competing_marginal_effects
from clusterpanel.models.fit import Fit
from clusterpanel.models.result import Result
from clusterpanel.panel.panel import Panel
from clusterpanel.spec.design import DesignSpec

COMPETING = "competing_logit"


def marginal_effects(
    design: DesignSpec,
    panel: Panel,
    names: Sequence[str] | None = None,
    threads: int = 1,
    memory_gb: float = MEMORY_GB,
    *,
    samples_rows: bool = False,
) -> Result:
    """Return the average marginal effects of a logit, cloglog or competing-risks logit design.

    Parameters
    ----------
    design : DesignSpec
    panel : Panel
    names : sequence of str or None
        The regressors whose effects are wanted; None for all but the constant. A competing-risks logit tells
        all of them for each cause.
    threads : int
    memory_gb : float
    samples_rows : bool
        Count in the errors that the rows averaged over are a sample (logit and cloglog only).

    Returns
    -------
    Result
        In percentage points of the yearly hazard, with the design's errors and influence by group.

    Raises
    ------
    SpecError
        The estimator has no hazard, firms' effects are absorbed, or the variance is no function of sums of
        scores.
    DataError, NotIdentifiedError, NotConvergedError
        As `clusterpanel.designs.estimate.estimate`.
    """
    allowed = (*HAZARDS, COMPETING)
    if design.estimator not in allowed:
        raise SpecError(
            f"marginal effects of the design {design.name} came with the estimator {design.estimator}; "
            f"allowed: {', '.join(allowed)}"
        )
    check_design(design, panel)
    if design.estimator == COMPETING:
        sample = prepared_sample(design, draw_survival_sample(design, panel, memory_gb), threads)
        fit = _competing(Request(design=design, sample=sample, time=panel.time, threads=threads))
    else:
        drawn = draw_sample(sample_plan(design, panel), panel, memory_gb)
        sample = prepared_sample(design, drawn, threads)
        fit = average_marginal_effects(
            sample.source,
            "logit" if design.estimator == "logit" else "cloglog",
            design.vcov,
            names,
            threads,
            samples_rows=samples_rows,
        )
    result = result_of(design, sample, fit, panel.firm)
    return replace(result, label=f"{design.name}, percentage points")


def _competing(request: Request) -> Fit:
    episodes = request.sample.plan.episodes
    causes = () if episodes is None else episodes.causes
    fitted = fit_design(request)
    return competing_marginal_effects(request.sample.source, fitted, causes, request.threads)
