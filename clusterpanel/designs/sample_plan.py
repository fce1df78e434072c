"""What a design reads of the panel."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from clusterpanel.designs.combination import effects_of
from clusterpanel.designs.plan import SamplePlan
from clusterpanel.designs.row_filter import Condition
from clusterpanel.designs.terms import TermPlan, plan_terms
from clusterpanel.panel.panel import Panel
from clusterpanel.spec.design import DesignSpec
from clusterpanel.spec.vcov import ConleyVcov, DriscollKraayVcov, NeweyWestVcov, Vcov

# Firms' means and yearly changes are not fitted perfectly by a firm seen once; with a yes/no outcome a row
# alone in its level is one of the levels that have no event or only events.
KEEPS_SINGLETONS = (
    "random_effects",
    "correlated_random_effects",
    "between",
    "first_difference",
    "logit",
    "cloglog",
    "conditional_logit",
)


def sample_plan(design: DesignSpec, panel: Panel, outcomes: Sequence[str] = ()) -> SamplePlan:
    """Return what a design reads.

    Parameters
    ----------
    design : DesignSpec
    panel : Panel
    outcomes : sequence of str
        More than the design's own where several designs differ in nothing else.

    Raises
    ------
    SpecError
        A term names a level that its column does not have.
    """
    # Changes from year to year have no firm effect left.
    is_change = design.estimator == "first_difference"
    return SamplePlan(
        name=design.name,
        outcomes=tuple(outcomes) or (design.outcome,),
        regressors=term_plan(design, panel),
        effects=() if is_change else effects_of(design, panel.firm),
        groups=grouping(design.vcov, panel),
        weights=None if design.weights is None else design.weights.column,
        weight_kind=None if design.weights is None else design.weights.kind,
        offset=design.offset,
        where=design.where,
        beside=beside(design.vcov, panel),
        drops_singletons=design.estimator not in KEEPS_SINGLETONS,
    )


def term_plan(design: DesignSpec, panel: Panel) -> TermPlan:
    """Return the columns of the exposure, the controls and the instruments, in this order."""
    time = (panel.time,) if design.estimator == "first_difference" else ()
    terms = dict.fromkeys((*design.regressors, *design.instruments, *time))
    return plan_terms(terms, lambda column: levels_in(column, design, panel), design.name)


def grouping(vcov: Vcov, panel: Panel) -> tuple[str, ...]:
    """Return the ways whose sums of scores a variance needs."""
    if isinstance(vcov, str):
        return ()
    return (panel.time,) if isinstance(vcov, DriscollKraayVcov) else vcov.ways


def beside(vcov: Vcov, panel: Panel) -> tuple[str, ...]:
    """Return the columns of numbers that a variance needs row by row."""
    if isinstance(vcov, ConleyVcov):
        return vcov.columns
    return (panel.time,) if isinstance(vcov, NeweyWestVcov) else ()


def levels_in(column: str, design: DesignSpec, panel: Panel) -> list[object]:
    """Return the sorted values of a column in the rows that meet a design's conditions."""
    found: set[object] = set()
    for table in panel.blocks(list(dict.fromkeys((column, *design.where)))):
        for name, values in design.where.items():
            flags = Condition(design.name, name, values, is_told=False).flags(table.column(name))
            table = table.filter(pa.array(flags))  # noqa: PLW2901
        found.update(pc.unique(table.column(column)).drop_null().to_pylist())
    return sorted(found, key=lambda value: (str(type(value)), value))
