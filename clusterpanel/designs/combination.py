"""Which effects a design absorbs, and which combinations of comparison, estimator and panel are refused."""

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from clusterpanel.designs.encode import JOIN, is_number, parts_of
from clusterpanel.errors import Fault, SpecError
from clusterpanel.models.vcov import VcovKind
from clusterpanel.panel.panel import Panel
from clusterpanel.spec.design import DesignSpec
from clusterpanel.spec.faults import did_you_mean, listed

AGE = "age"


@dataclass(frozen=True)
class Absorbs:
    """The effects of a design.

    Attributes
    ----------
    firm : bool
        Whether each firm has an effect.
    others : tuple of str
        The other effects, such as ``region_code`` or ``industry_code^year``.
    """

    firm: bool
    others: tuple[str, ...]

    def names(self, firm: str) -> tuple[str, ...]:
        """Return the names of all effects, the firm's first."""
        return (firm, *self.others) if self.firm else self.others


def effects_of(design: DesignSpec, firm: str) -> Absorbs:
    """Return the effects of a design, each once: region_code^year is year^region_code."""
    own = {"pooled": (), "region": (design.region,), "within": (firm,)}[design.comparison]
    effects: dict[frozenset[str], str] = {}
    for parts in map(parts_of, (*own, *design.absorb)):
        effects.setdefault(frozenset(parts), JOIN.join(parts))
    names = effects.values()
    return Absorbs(firm in names, tuple(name for name in names if name != firm))


def grouping_of(design: DesignSpec) -> tuple[VcovKind, str | None]:
    """Return the kind of variance and the column errors are grouped by."""
    if isinstance(design.vcov, dict):
        return "CRV1", design.vcov.get("CRV1")
    return design.vcov, None


def check_design(design: DesignSpec, panel: Panel) -> None:
    """Refuse what a panel lacks and what no estimator does.

    Raises
    ------
    SpecError
        With every fault of the design.
    """
    faults = [
        *_absent_columns(design, panel),
        *_text_columns(design, panel),
        *_combinations(design, effects_of(design, panel.firm)),
    ]
    if faults:
        raise SpecError(f"the design {design.name} cannot be estimated", faults=faults)


def _places(design: DesignSpec) -> Iterator[tuple[str, str]]:
    """Yield each place of the design that names a column, and the column."""
    yield "outcome", design.outcome
    yield "exposure", design.exposure
    yield from (("controls", name) for name in design.controls)
    yield from (("where", name) for name in design.where)
    if design.estimator == "kaplan_meier":
        yield "estimator kaplan_meier", AGE
        return
    if design.comparison == "region":
        yield "region", design.region
    yield from (("absorb", part) for effect in design.absorb for part in parts_of(effect))
    _, group = grouping_of(design)
    if group is not None:
        yield "vcov", group


def _absent_columns(design: DesignSpec, panel: Panel) -> Iterator[Fault]:
    known = panel.columns
    for where, name in _places(design):
        if name not in known:
            allowed = f"a column of the panel ({listed(known)})"
            yield Fault(design.name, where, name, allowed, did_you_mean(name, known))


def _text_columns(design: DesignSpec, panel: Panel) -> Iterator[Fault]:
    schema = panel.data.schema
    for where, name in _places(design):
        may_be_text = where == "exposure" and design.estimator == "kaplan_meier"
        if where not in ("outcome", "exposure", "controls") or name not in panel.columns or may_be_text:
            continue
        kind: pa.DataType = schema.field(name).type
        if not is_number(kind):
            hint = "Absorb it as effects, or make a yes/no column of each of its values."
            yield Fault(design.name, where, f"{name} of type {kind}", "a number or yes/no column", hint)


def _combinations(design: DesignSpec, effects: Absorbs) -> Iterator[Fault]:
    regressors = [design.exposure, *design.controls]
    for name in sorted({name for name in regressors if regressors.count(name) > 1}):
        yield Fault(design.name, "controls", f"{name} twice", "each regressor once, the exposure not again")
    if design.outcome in regressors:
        yield Fault(design.name, "controls", f"the outcome {design.outcome}", "other columns")
    if design.vcov == {}:
        yield Fault(design.name, "vcov", "an empty table", '{ CRV1 = "firm_id" }, "iid" or "HC1"')
    if design.estimator == "cloglog" and effects.firm:
        hint = "A firm exits once at most, so its own effect and its exit cannot be told apart."
        yield Fault(design.name, "comparison", "firm effects with cloglog", "pooled or region", hint)
    if design.estimator == "kaplan_meier":
        yield from _survival_combinations(design)


def _survival_combinations(design: DesignSpec) -> Iterator[Fault]:
    hint = "Use estimator cloglog for hazards with controls or effects."
    if design.comparison != "pooled":
        yield Fault(design.name, "comparison", f"{design.comparison} with kaplan_meier", "pooled", hint)
    if design.controls or design.absorb:
        yield Fault(design.name, "controls, absorb", "some with kaplan_meier", "none", hint)
    if design.vcov != DesignSpec.model_fields["vcov"].default:
        allowed = "none: a survival curve has Greenwood's variance"
        yield Fault(design.name, "vcov", f"{design.vcov} with kaplan_meier", allowed, hint)
