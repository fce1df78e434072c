"""What a design must satisfy: columns the panel has, and a comparison its estimator can make."""

from collections.abc import Iterator, Sequence

from clusterpanel.errors import Fault
from clusterpanel.spec.columns import TEXT_COLUMNS
from clusterpanel.spec.design import DesignSpec
from clusterpanel.spec.faults import Place, did_you_mean, nearest
from clusterpanel.spec.parse import SpecFile
from clusterpanel.spec.study import StudySpec

YES_NO = ("is_", "has_", "in_")


def check_designs(file: SpecFile[StudySpec]) -> Iterator[Fault]:
    """Yield the faults of designs that can be seen without the specs the study names."""
    for index, design in enumerate(file.model.designs if file.model else ()):
        place = ("designs", index)
        yield from _check_roles(file, place, design)
        if design.estimator == "kaplan_meier":
            yield from _check_kaplan_meier(file, place, design)
        if design.estimator == "cloglog":
            yield from _check_cloglog(file, place, design)


def _check_roles(file: SpecFile[StudySpec], place: Place, design: DesignSpec) -> Iterator[Fault]:
    if design.outcome == design.exposure:
        yield file.fault_of((*place, "exposure"), "another column than the outcome")
    yield from _check_texts(file, place, design)
    for number, name in enumerate(design.controls):
        here = (*place, "controls", number)
        if name in {design.outcome, design.exposure}:
            yield file.fault_of(here, "a column that is neither outcome nor exposure")
        elif name in design.controls[:number]:
            yield file.fault(here, f'"{name}" again', "each control once")
    if design.vcov == {}:
        yield file.fault((*place, "vcov"), "an empty table", '{ CRV1 = "firm_id" }, "iid" or "HC1"')
    for name, values in design.where.items():
        if not values:
            yield file.fault((*place, "where", name), "an empty list", "at least one value")


def _check_texts(file: SpecFile[StudySpec], place: Place, design: DesignSpec) -> Iterator[Fault]:
    """Yield a fault for each text column that is used as a number; survival curves may be by text."""
    used: dict[Place, str] = {("outcome",): design.outcome}
    if design.estimator != "kaplan_meier":
        used[("exposure",)] = design.exposure
    used |= {("controls", number): name for number, name in enumerate(design.controls)}
    for here, name in used.items():
        if name in TEXT_COLUMNS:
            hint = "Absorb it as effects." if here[0] == "controls" else ""
            yield file.fault((*place, *here), f'"{name}", a text', "a number or yes/no column", hint)


def _check_kaplan_meier(file: SpecFile[StudySpec], place: Place, design: DesignSpec) -> Iterator[Fault]:
    if design.outcome != "is_exit":
        yield file.fault_of((*place, "outcome"), '"is_exit": a survival curve is of exits')
    if design.comparison != "pooled":
        yield file.fault_of((*place, "comparison"), '"pooled": a survival curve absorbs nothing')
    for key in ("controls", "absorb"):
        if getattr(design, key):
            hint = 'Use estimator = "cloglog" for a hazard with controls and effects.'
            yield file.fault_of((*place, key), f"no {key} with kaplan_meier", hint)
    if design.vcov != DesignSpec.model_fields["vcov"].default:
        yield file.fault_of((*place, "vcov"), "none: a survival curve has Greenwood's variance")


def _check_cloglog(file: SpecFile[StudySpec], place: Place, design: DesignSpec) -> Iterator[Fault]:
    if design.comparison == "within":
        allowed = "pooled or region: a cloglog hazard has no firm effects, since a firm exits once"
        yield file.fault_of((*place, "comparison"), allowed)
    for number, effect in enumerate(design.absorb):
        if effect == "firm_id":
            yield file.fault_of((*place, "absorb", number), "no firm effects: a firm exits once")
    if not design.outcome.startswith(YES_NO):
        yield file.fault_of((*place, "outcome"), "a yes/no column, such as is_exit")


def check_design_columns(file: SpecFile[StudySpec], columns: Sequence[str]) -> Iterator[Fault]:
    """Yield a fault for each column a design names that the panel will not have."""
    for index, design in enumerate(file.model.designs if file.model else ()):
        for place, name in _named_columns(design):
            if name not in columns:
                here = ("designs", index, *place)
                hint = did_you_mean(name, columns)
                yield file.fault(here, f'"{name}"', f"a panel column: {nearest(name, columns)}", hint)


def _named_columns(design: DesignSpec) -> Iterator[tuple[Place, str]]:
    yield ("outcome",), design.outcome
    yield ("exposure",), design.exposure
    if design.comparison == "region":
        yield ("region",), design.region
    yield from ((("controls", number), name) for number, name in enumerate(design.controls))
    for number, effect in enumerate(design.absorb):
        yield from ((("absorb", number), part) for part in effect.split("^"))
    if isinstance(design.vcov, dict):
        yield from ((("vcov", rule), name) for rule, name in design.vcov.items())
    yield from ((("where", name), name) for name in design.where)
