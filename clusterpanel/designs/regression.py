"""Estimate a design by regression: least squares or a yearly hazard."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from clusterpanel.designs.assemble import digest_of, model_arrays
from clusterpanel.designs.combination import check_design, effects_of, grouping_of
from clusterpanel.designs.encode import labels_of, parts_of
from clusterpanel.designs.facts import check_variation, few_switchers, sample_facts
from clusterpanel.designs.provenance import provenance_of
from clusterpanel.designs.sample import Sample, draw_sample
from clusterpanel.errors import Fault, NotIdentifiedError, SpecError
from clusterpanel.models.arrays import Floats, ModelArrays
from clusterpanel.models.fit import Fit
from clusterpanel.models.hazard import fit_hazard
from clusterpanel.models.ols import fit_ols
from clusterpanel.models.result import Result
from clusterpanel.models.separation import rows_of_mixed_levels
from clusterpanel.models.singletons import rows_beside_others
from clusterpanel.panel.panel import Panel
from clusterpanel.spec.design import DesignSpec

HIGH_HAZARD = 0.2


def estimate_ols(design: DesignSpec, panel: Panel, threads: int = 1) -> Result:
    """Estimate a design by least squares with its effects absorbed."""
    sample, arrays = _sample_and_arrays(design, panel)
    sample, arrays = _without_singletons(sample, arrays)
    check_variation(design, arrays)
    note = few_switchers(design, arrays)
    sample = sample.noted(note) if note else sample
    return _result(design, sample, arrays, fit_ols(arrays, grouping_of(design)[0], threads))


def estimate_cloglog(design: DesignSpec, panel: Panel, threads: int = 1) -> Result:
    """Estimate a design by a complementary log-log hazard with its effects absorbed."""
    sample, arrays = _sample_and_arrays(design, panel)
    check_yes_no(design, arrays.values[:, 0])
    sample, arrays = _without_one_sided_levels(sample, arrays)
    check_variation(design, arrays)
    fit = fit_hazard(arrays, grouping_of(design)[0], threads)
    events = int(arrays.values[:, 0].sum())
    if events > HIGH_HAZARD * arrays.rows:
        sample = sample.noted(
            f"The yearly hazard is {events / arrays.rows:.0%}: above {HIGH_HAZARD:.0%} many exits share a "
            "year, and the hazard ratio rests on hazards that stay proportional within it."
        )
    return _result(design, sample, arrays, fit, {"events": events})


def check_yes_no(design: DesignSpec, outcome: Floats) -> None:
    """Refuse an outcome with other values than 0 and 1.

    Raises
    ------
    SpecError
    """
    if not np.isin(outcome, (0.0, 1.0)).all():
        came = f"{design.outcome} with values from {outcome.min():g} to {outcome.max():g}"
        fault = Fault(design.name, "outcome", came, "a yes/no column: 0 and 1, or true and false")
        raise SpecError(f"{design.estimator} needs a yes/no outcome", faults=[fault])


def _sample_and_arrays(design: DesignSpec, panel: Panel) -> tuple[Sample, ModelArrays]:
    check_design(design, panel)
    _, group = grouping_of(design)
    effects = effects_of(design, panel.firm).names(panel.firm)
    parts = [part for effect in (*effects, *((group,) if group else ())) for part in parts_of(effect)]
    sample = draw_sample(design, panel, [design.outcome, design.exposure, *design.controls, *parts])
    arrays = model_arrays(design, sample, panel.firm)
    return sample.only(parts_of(arrays.groups.name)), arrays


def _without_singletons(sample: Sample, arrays: ModelArrays) -> tuple[Sample, ModelArrays]:
    effects = [*((arrays.firms,) if arrays.absorbs_firm else ()), *arrays.effects]
    keep, dropped = rows_beside_others(arrays.rows, effects)
    losses = [
        (
            f"keep {name} seen more than once",
            f"the only row of its {name}, which would be fitted perfectly",
            rows,
        )
        for name, rows in dropped.items()
        if rows
    ]
    return _thinned(sample, arrays, keep, losses) if losses else (sample, arrays)


def _without_one_sided_levels(sample: Sample, arrays: ModelArrays) -> tuple[Sample, ModelArrays]:
    keep, dropped = rows_of_mixed_levels(arrays.values[:, 0], arrays.effects)
    lost = {name: counts for name, counts in dropped.items() if counts[0]}
    losses = [
        (f"keep {name} with and without events", f"its {name} has no event, or only events", rows)
        for name, (rows, _) in lost.items()
    ]
    sample = sample.noted(
        *(
            f"Levels of {name} set aside because they have no event or only events: {levels} ({rows} rows)."
            for name, (rows, levels) in lost.items()
        )
    )
    return _thinned(sample, arrays, keep, losses) if losses else (sample, arrays)


def _thinned(
    sample: Sample, arrays: ModelArrays, keep: np.ndarray, losses: list[tuple[str, str, int]]
) -> tuple[Sample, ModelArrays]:
    if not keep.any():
        raise NotIdentifiedError(
            f"no row of {sample.design} is left: all were set aside, the last {losses[-1][2]} to "
            f"{losses[-1][0]} ({losses[-1][1]})",
            hint="Absorb coarser effects, or take more years.",
        )
    return sample.thinned(keep, losses), arrays.where(keep)


def _result(
    design: DesignSpec, sample: Sample, arrays: ModelArrays, fit: Fit, facts: Mapping[str, Any] | None = None
) -> Result:
    effects = ((arrays.firms,) if arrays.absorbs_firm else ()) + arrays.effects
    influence = _influence(sample, arrays, fit)
    provenance = provenance_of(
        design,
        sample,
        rule=fit.rule,
        digest=digest_of(arrays),
        effects=[effect.name for effect in effects],
        notes=[f"{item.name} was dropped: {item.reason}." for item in fit.collinear],
    )
    return Result(
        label=design.name,
        estimate=fit.table(),
        influence=influence,
        glance={
            **sample_facts(arrays),
            "groups": None if influence is None else arrays.groups.levels,
            "degrees_of_freedom": None if np.isinf(fit.degrees_of_freedom) else fit.degrees_of_freedom,
            **fit.facts,
            **(facts or {}),
        },
        provenance={**provenance, "grouped_by": None if influence is None else arrays.groups.name},
    )


def _influence(sample: Sample, arrays: ModelArrays, fit: Fit) -> pd.DataFrame | None:
    if fit.influence is None:
        return None
    labels = pd.Index(labels_of(sample.table, arrays.groups), name=arrays.groups.name)
    return pd.DataFrame(fit.influence, index=labels, columns=list(fit.names))
