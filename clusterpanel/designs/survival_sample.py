"""The sample of a survival design: events, starts and stops as outcomes, strata as the only effect."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from clusterpanel.designs.draw import MEMORY_GB, draw_sample
from clusterpanel.designs.encode import as_floats
from clusterpanel.designs.episode_columns import EpisodeColumns, as_plain_texts
from clusterpanel.designs.plan import SamplePlan
from clusterpanel.designs.row_filter import Condition
from clusterpanel.designs.sample import Sample
from clusterpanel.designs.sample_plan import sample_plan
from clusterpanel.errors import Fault, NotIdentifiedError, SpecError
from clusterpanel.models.arrays import Integers
from clusterpanel.panel.panel import Panel
from clusterpanel.spec.design import DesignSpec
from clusterpanel.spec.estimators import estimator_of
from clusterpanel.spec.faults import did_you_mean, listed

AGE = "age"


def draw_survival_sample(
    design: DesignSpec, panel: Panel, memory_gb: float = MEMORY_GB, beside: tuple[str, ...] = ()
) -> Sample:
    """Return the sample of a survival design, each row an interval.

    Causes are numbered 1, 2, ... in the order of their names, the cause of interest of a competing logit
    first; only those that some event of the sample has.

    Parameters
    ----------
    design : DesignSpec
    panel : Panel
    memory_gb : float
    beside : tuple of str
        Number columns kept beside a sample in memory.

    Raises
    ------
    SpecError
        No event has the cause of interest, or the outcome is no yes/no column.
    NotIdentifiedError, DataError
        As `clusterpanel.designs.draw.draw_sample`.
    """
    plan = replace(survival_plan(design, panel), beside=beside)
    sample = draw_sample(plan, panel, memory_gb)
    if plan.episodes is None or plan.episodes.cause is None or not numbers_causes(design):
        return sample
    told = np.flatnonzero(cause_counts(sample)[1:])
    causes = tuple(plan.episodes.causes[place] for place in told)
    check_cause(design, causes)
    if causes == plan.episodes.causes:
        return sample
    # Some causes are those of rows set aside only: without them the numbers are others.
    return draw_sample(replace(plan, episodes=replace(plan.episodes, causes=causes)), panel, memory_gb)


def survival_plan(design: DesignSpec, panel: Panel) -> SamplePlan:
    """Return what a survival design reads."""
    estimator, frailty = estimator_of(design), design.frailty
    causes = () if design.cause is None else causes_in(design, panel)
    if design.cause_of_interest is not None and not numbers_causes(design):
        check_cause(design, causes)
        causes = (design.cause_of_interest,)
    start = (design.start or AGE) if estimator.is_timed else None
    episodes = EpisodeColumns(design.outcome, start, design.stop, design.cause, causes)
    plan = sample_plan(design, panel)
    return replace(
        plan,
        outcomes=episodes.names,
        episodes=episodes,
        groups=plan.groups if frailty is None else (frailty,),
        has_constant=not estimator.is_timed,
        drops_singletons=False,
    )


def numbers_causes(design: DesignSpec) -> bool:
    """Say whether a design's model tells causes apart; others take one, the rest censored in the data."""
    return design.estimator in {"cox", "fine_gray", "competing_logit"}


def causes_in(design: DesignSpec, panel: Panel) -> tuple[str, ...]:
    """Return the causes of the events among the rows that meet a design's conditions.

    Raises
    ------
    SpecError
        The column of causes holds no texts.
    """
    found: set[str] = set()
    cause = str(design.cause)
    for table in panel.blocks(list(dict.fromkeys((design.outcome, cause, *design.where)))):
        _check_text(design, cause, table.column(cause).type)
        keep = as_floats(table.column(design.outcome)) == 1
        for name, values in design.where.items():
            keep &= Condition(design.name, name, values, is_told=False).flags(table.column(name))
        chosen = table.column(cause).filter(pa.array(keep))
        found.update(pc.unique(as_plain_texts(chosen)).to_pylist())
    first = design.cause_of_interest if design.estimator == "competing_logit" else None
    return tuple(sorted(found, key=lambda name: (name != first, name)))


def check_cause(design: DesignSpec, causes: tuple[str, ...]) -> None:
    """Refuse a cause of interest that no event has.

    Raises
    ------
    SpecError
    NotIdentifiedError
        There are no events at all.
    """
    if not causes:
        raise NotIdentifiedError(
            f"no row of {design.name} has the event", hint="Widen the sample until something happens."
        )
    wanted = design.cause_of_interest
    if wanted is not None and wanted not in causes:
        fault = Fault(
            design.name, "cause_of_interest", f'"{wanted}"', listed(causes), did_you_mean(wanted, causes)
        )
        raise SpecError("no event of the sample has the cause of interest", faults=[fault])


def cause_counts(sample: Sample) -> Integers:
    """Return the number of rows without event, and with each cause's; shape (causes + 1,).

    Raises
    ------
    SpecError
        The outcome is no yes/no column.
    """
    episodes = sample.plan.episodes
    size = 2 if episodes is None else max(2, len(episodes.causes) + 1)
    counts = np.zeros(size, dtype=np.int64)
    for block in sample.source.only(range(len(sample.plan.outcomes))).blocks():
        event = block.values[0]
        numbers = event.astype(np.int64)
        if (numbers != event).any() or numbers.min() < 0 or numbers.max() >= size:
            came, allowed = f"{sample.plan.outcomes[0]} with other values", "a yes/no column: 0 and 1"
            fault = Fault(sample.design, "outcome", came, allowed)
            raise SpecError("a survival model needs a yes/no outcome", faults=[fault])
        counts += np.bincount(numbers, minlength=size)
    return counts


def check_survival(sample: Sample) -> None:
    """Refuse samples that hold no answer, whatever the model.

    Raises
    ------
    SpecError
        The outcome is no yes/no column.
    NotIdentifiedError
        One firm, no event, or an exposure that never varies.
    """
    facts, exposure = sample.facts, sample.source.outcomes
    if facts.firms < 2:
        raise NotIdentifiedError(
            f"the sample of {sample.design} holds {facts.firms} firm", hint="Widen the sample."
        )
    if not cause_counts(sample)[1:].any():
        raise NotIdentifiedError(
            f"no row of {sample.design} has the event in {facts.rows:,} rows",
            hint="Widen the sample until something happens.",
        )
    if facts.lowest[exposure] == facts.highest[exposure]:
        value = f"{facts.lowest[exposure]:g}" if facts.lowest[exposure] in (0, 1) else "the same"
        raise NotIdentifiedError(
            f"{sample.source.names[0]} is {value} in all {facts.rows:,} rows of {sample.design}",
            hint="Widen the sample until it varies.",
        )


def survival_glance(sample: Sample) -> Mapping[str, Any]:
    """Return rows, firms, switchers, events by cause and time at risk, for a result's glance."""
    facts, source, episodes = sample.facts, sample.source, sample.plan.episodes
    counts = cause_counts(sample)
    events = int(counts[1:].sum())
    causes = () if episodes is None else episodes.causes
    by_cause = dict(zip(causes, counts[1:].tolist(), strict=True)) if causes else None
    time = {"time_at_risk": _time_at_risk(sample)} if source.outcomes > 1 else {}
    return {
        "n": facts.rows,
        "firms": facts.firms,
        "switchers": facts.switchers,
        "share_switchers": facts.switchers / facts.firms,
        "mean_outcome": events / facts.rows,
        "mean_exposure": float(facts.means[source.outcomes]),
        "levels": dict(zip(source.effect_names, source.effect_levels, strict=True)),
        "events": events,
        **({"events_by_cause": by_cause} if by_cause else {}),
        **time,
    }


def _time_at_risk(sample: Sample) -> float:
    """Return the rows' summed length, to the digits that means keep: whole years stay whole."""
    start, stop = sample.facts.means[1:3]
    return float(f"{(stop - start) * sample.rows:.12g}")


def _check_text(design: DesignSpec, cause: str, kind: pa.DataType) -> None:
    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    if not (pa.types.is_string(plain) or pa.types.is_large_string(plain)):
        fault = Fault(design.name, "cause", f"{cause} of type {kind}", "a column of text, such as exit_cause")
        raise SpecError("the causes of events are texts", faults=[fault])
