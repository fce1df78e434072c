"""Estimate several designs, those that share a sample in one pass over it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from clusterpanel.designs.combination import check_design, effects_of
from clusterpanel.designs.draw import MEMORY_GB, draw_sample
from clusterpanel.designs.estimate import estimate
from clusterpanel.designs.fits import fit_design
from clusterpanel.designs.regression import prepared_sample, result_of
from clusterpanel.designs.request import Request
from clusterpanel.designs.sample import Sample
from clusterpanel.designs.sample_plan import sample_plan, term_plan
from clusterpanel.designs.terms import TermPlan
from clusterpanel.engine.progress import passes_shown
from clusterpanel.errors import Fault, SpecError
from clusterpanel.models.absorb import AbsorbedSample, absorb_sample
from clusterpanel.models.result import Result, SurvivalCurves
from clusterpanel.panel.panel import Panel
from clusterpanel.spec.design import DesignSpec
from clusterpanel.spec.vcov import BlockBootstrapVcov

KEEP = "keep rows with "


def estimate_all(
    designs: Iterable[DesignSpec],
    panel: Panel,
    threads: int = 1,
    memory_gb: float = MEMORY_GB,
    *,
    progress: bool | None = None,
) -> dict[str, Result | SurvivalCurves]:
    """Return the estimates of several designs by name.

    Designs of least squares that differ in outcome and regressors only, and whose samples are the same, share
    the pass that takes the effects out; the numbers are those that `estimate` gives one by one, to rounding.

    Parameters
    ----------
    designs : iterable of DesignSpec
        Such as `clusterpanel.designs.design.designs` makes of a formula; names differ.
    panel, threads, memory_gb, progress
        As in `estimate`.

    Raises
    ------
    SpecError, NotIdentifiedError, NotConvergedError
        As `estimate`, or two designs have one name.
    """
    wanted = list(designs)
    _check_names(wanted)
    found: dict[str, Result | SurvivalCurves] = {}
    with passes_shown(progress):
        for family in _families(wanted, panel):
            found |= _estimate_family(family, panel, threads, memory_gb)
    return {one.name: found[one.name] for one in wanted}


def _estimate_family(
    family: Sequence[DesignSpec], panel: Panel, threads: int, memory_gb: float
) -> dict[str, Result | SurvivalCurves]:
    shared = _shared_sample(family, panel, memory_gb) if len(family) > 1 else None
    if shared is None:
        return {one.name: estimate(one, panel, threads, memory_gb) for one in family}
    return _estimate_on(shared, family, panel, threads)


def _check_names(designs: Sequence[DesignSpec]) -> None:
    names = [one.name for one in designs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        faults = [Fault(name, "name", f"{name} twice", "a name of its own") for name in twice]
        raise SpecError("two designs have one name", faults=faults)


def _families(designs: Sequence[DesignSpec], panel: Panel) -> list[list[DesignSpec]]:
    """Return the designs by what they share: effects, conditions, weights and variance."""
    families: dict[object, list[DesignSpec]] = {}
    for one in designs:
        is_shared = one.estimator == "ols" and not isinstance(one.vcov, BlockBootstrapVcov)
        common = (effects_of(one, panel.firm), repr((one.where, one.weights, one.vcov)))
        families.setdefault(common if is_shared else one.name, []).append(one)
    return list(families.values())


def _shared_sample(family: Sequence[DesignSpec], panel: Panel, memory_gb: float) -> Sample | None:
    """Return the sample of all designs' columns; None where a design's own would have more rows."""
    for one in family:
        check_design(one, panel)
    outcomes = tuple(dict.fromkeys(one.outcome for one in family))
    plans = {one.name: term_plan(one, panel) for one in family}
    first = sample_plan(family[0], panel, outcomes)
    sample = draw_sample(replace(first, regressors=_union(list(plans.values()))), panel, memory_gb)
    for one in family:
        own = replace(first, outcomes=(one.outcome,), regressors=plans[one.name])
        if not _lost_for(sample) <= {*own.needed(panel.columns), *_computed(plans[one.name])}:
            return None
    return sample


def _lost_for(sample: Sample) -> set[str]:
    """Return the columns and terms without which rows were set aside."""
    return {step.step.removeprefix(KEEP) for step in sample.flow if step.step.startswith(KEEP)}


def _computed(plan: TermPlan) -> set[str]:
    return {str(part) for parts in plan.parts for part in parts}


def _union(plans: Sequence[TermPlan]) -> TermPlan:
    """Return the plan of every column that some plan has."""
    parts = {name: part for plan in plans for name, part in zip(plan.names, plan.parts, strict=True)}
    sources = tuple(dict.fromkeys(source for plan in plans for source in plan.sources))
    return TermPlan(tuple(parts), sources, 1, tuple(parts.values()))


def _estimate_on(
    shared: Sample, family: Sequence[DesignSpec], panel: Panel, threads: int
) -> dict[str, Result | SurvivalCurves]:
    absorbed = absorb_sample(shared.source, threads)
    return {one.name: _estimate_one(one, shared, absorbed, panel, threads) for one in family}


def _estimate_one(
    design: DesignSpec, shared: Sample, absorbed: AbsorbedSample, panel: Panel, threads: int
) -> Result:
    """Return one design's estimate on its columns of the shared sample."""
    outcomes, names = shared.plan.outcomes, shared.source.names
    plan = sample_plan(design, panel)
    constant = [len(names) - 1] if shared.plan.adds_constant else []
    own = [*(names.index(name) for name in plan.regressors.names), *constant]
    places = np.array([outcomes.index(design.outcome), *(len(outcomes) + place for place in own)])
    source = shared.source.only(places.tolist())
    flow = tuple(replace(step, stage=design.name) for step in shared.flow)
    sample = replace(shared, plan=plan, source=source, flow=flow)
    moments = AbsorbedSample(absorbed.absorbed.only(places), absorbed.means[places], absorbed.totals[places])
    sample = prepared_sample(design, sample, threads)
    request = Request(design, sample, panel.time, threads=threads, moments=moments)
    return result_of(design, sample, fit_design(request), panel.firm)
