"""Estimate designs by regression: draw the sample, fit, and tell what was found on what."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from clusterpanel.designs.changes import with_changes_counted
from clusterpanel.designs.combination import check_design, effects_of
from clusterpanel.designs.draw import MEMORY_GB, draw_sample
from clusterpanel.designs.facts import check_variation, few_switchers, sample_facts
from clusterpanel.designs.fits import fit_design
from clusterpanel.designs.fitted_perfectly import without_one_sided_levels, without_separated
from clusterpanel.designs.provenance import provenance_of
from clusterpanel.designs.request import Request
from clusterpanel.designs.sample import Sample
from clusterpanel.designs.sample_plan import levels_in, sample_plan
from clusterpanel.designs.survival_fits import SURVIVAL_FITS
from clusterpanel.designs.survival_sample import check_survival, draw_survival_sample, survival_glance
from clusterpanel.designs.terms import plan_terms
from clusterpanel.designs.yes_no import check_yes_no
from clusterpanel.errors import Fault, SpecError
from clusterpanel.models.fit import Fit
from clusterpanel.models.result import Result
from clusterpanel.panel.panel import Panel
from clusterpanel.spec.design import DesignSpec
from clusterpanel.spec.estimators import estimator_of

HIGH_HAZARD = 0.2
ONE_SIDED = ("logit", "cloglog", "conditional_logit")


def estimate_regression(
    design: DesignSpec, panel: Panel, threads: int = 1, memory_gb: float = MEMORY_GB
) -> Result:
    """Estimate one design on a sample of its own."""
    check_design(design, panel)
    sample = prepared_sample(design, _drawn(design, panel, memory_gb), threads)
    if design.estimator == "first_difference":
        sample = with_changes_counted(sample, panel.time, design.gaps or "dropped")
    request = Request(
        design=design,
        sample=sample,
        time=panel.time,
        endogenous=_columns_of(design.instrumented, design, panel),
        instruments=_columns_of(design.instruments, design, panel),
        threads=threads,
    )
    return result_of(design, sample, fit_design(request), panel.firm)


def _drawn(design: DesignSpec, panel: Panel, memory_gb: float) -> Sample:
    if design.estimator in SURVIVAL_FITS:
        return draw_survival_sample(design, panel, memory_gb)
    return draw_sample(sample_plan(design, panel), panel, memory_gb)


def prepared_sample(design: DesignSpec, sample: Sample, threads: int = 1) -> Sample:
    """Return a sample without rows that are fitted perfectly, once it is known to hold an answer.

    Raises
    ------
    NotIdentifiedError
        The sample holds no answer.
    SpecError
        The outcome is not one for the estimator.
    """
    if design.estimator in SURVIVAL_FITS:
        check_survival(sample)
        return sample
    if estimator_of(design).is_yes_no:
        check_yes_no(design, (block.values[0] for block in sample.source.blocks()))
    if design.estimator in ONE_SIDED:
        sample = without_one_sided_levels(sample)
    if design.estimator == "poisson":
        check_not_negative(design, sample)
        sample = without_separated(sample, threads)
    is_grouped = not isinstance(design.vcov, str) and bool(design.vcov.ways)
    check_variation(sample, is_grouped)
    note = few_switchers(sample, is_grouped)
    return sample.noted(*filter(None, (note, _high_hazard(design, sample))))


def check_not_negative(design: DesignSpec, sample: Sample) -> None:
    """Refuse an outcome that is below 0 somewhere.

    Raises
    ------
    SpecError
    """
    if sample.facts.lowest[0] < 0:
        fault = Fault(design.name, "outcome", f"{design.outcome} below 0", "numbers from 0 on")
        raise SpecError("poisson needs an outcome that is nowhere negative", faults=[fault])


def _high_hazard(design: DesignSpec, sample: Sample) -> str:
    hazard = float(sample.facts.means[0])
    if design.estimator != "cloglog" or hazard <= HIGH_HAZARD:
        return ""
    return (
        f"The yearly hazard is {hazard:.0%}: above {HIGH_HAZARD:.0%} many exits share a year, and the hazard "
        "ratio rests on hazards that stay proportional within it."
    )


def _columns_of(terms: tuple[str, ...], design: DesignSpec, panel: Panel) -> tuple[str, ...]:
    if not terms:
        return ()
    return plan_terms(terms, lambda column: levels_in(column, design, panel), design.name).names


def result_of(design: DesignSpec, sample: Sample, fit: Fit, firm: str) -> Result:
    """Return a fit with what it rests on."""
    influence = _influence(sample, fit)
    groups = fit.variance.facts.get("groups")
    provenance = provenance_of(
        design,
        sample,
        rule=fit.rule,
        digest=sample.digest,
        effects=effects_of(design, firm),
        notes=[*(f"{item.name} was dropped: {item.reason}." for item in fit.collinear), *fit.notes],
    )
    return Result(
        label=design.name,
        estimate=fit.table(),
        influence=influence,
        glance={
            **(sample_facts(sample) if sample.plan.episodes is None else survival_glance(sample)),
            "groups": next(iter(groups.values())) if groups and len(groups) == 1 else groups,
            "degrees_of_freedom": None if np.isinf(fit.degrees_of_freedom) else fit.degrees_of_freedom,
            **_events(design, sample),
            **fit.facts,
            **{name: value for name, value in fit.variance.facts.items() if name != "groups"},
        },
        provenance={
            **provenance,
            "grouped_by": None if influence is None else sample.source.group_names[0],
            "no_influence": _no_influence(fit, influence),
        },
        covariance=pd.DataFrame(fit.covariance, index=list(fit.names), columns=list(fit.names)),
    )


def _events(design: DesignSpec, sample: Sample) -> Mapping[str, Any]:
    if not estimator_of(design).is_yes_no or sample.plan.episodes is not None:
        return {}
    return {"events": round(float(sample.facts.means[0]) * sample.rows)}


def _influence(sample: Sample, fit: Fit) -> pd.DataFrame | None:
    labels = sample.labels(0) if fit.influence is not None else None
    if fit.influence is None or labels is None or len(labels) != len(fit.influence):
        return None
    return pd.DataFrame(fit.influence, index=labels, columns=list(fit.names))


def _no_influence(fit: Fit, influence: pd.DataFrame | None) -> str:
    if fit.influence is None:
        return fit.variance.no_influence
    return "" if influence is not None else "the sample is streamed and has too many groups"
