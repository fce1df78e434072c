"""What a study's designs must satisfy: rules that hold anywhere, and columns that the panel will have."""

from collections.abc import Iterator, Sequence

from clusterpanel.errors import Fault
from clusterpanel.spec.columns import TEXT_COLUMNS
from clusterpanel.spec.design import DesignSpec
from clusterpanel.spec.design_rules import effects_by_place, misfits, terms_by_place
from clusterpanel.spec.estimators import estimator_of
from clusterpanel.spec.faults import Place, did_you_mean, nearest, shown_value
from clusterpanel.spec.parse import SpecFile
from clusterpanel.spec.study import StudySpec
from clusterpanel.spec.survival_rules import strata_by_place
from clusterpanel.spec.vcov import ConleyVcov, vcov_columns

YES_NO = ("is_", "has_", "in_")


def check_designs(file: SpecFile[StudySpec]) -> Iterator[Fault]:
    """Yield the faults of designs that can be seen without the specs the study names."""
    for index, design in enumerate(file.model.designs if file.model else ()):
        here = ("designs", index)
        for misfit in misfits(design):
            yield file.fault((*here, *misfit.place), misfit.came, misfit.allowed, misfit.hint)
        for place, name in number_columns(design):
            if name in TEXT_COLUMNS:
                hint = "Absorb it as effects, or take i() of it." if place[0] == "controls" else ""
                yield file.fault((*here, *place), f'"{name}", a text', "a number or yes/no column", hint)
        if estimator_of(design).is_yes_no and not design.outcome.startswith(YES_NO):
            yield file.fault_of((*here, "outcome"), "a yes/no column, such as is_exit")


def number_columns(design: DesignSpec) -> Iterator[tuple[Place, str]]:
    """Yield each place of a design that names a column of numbers or yes/no, and the column."""
    yield ("outcome",), design.outcome
    for place, terms in terms_by_place(design):
        is_curve = estimator_of(design).is_curve and place == ("exposure",)
        if not is_curve and place[0] != "endogenous":
            yield from ((place, name) for term in terms for name in term.numbers)
    yield from ((place, name) for place, effect in effects_by_place(design) for name in effect.slopes)
    if design.weights is not None:
        yield ("weights", design.weights.kind), design.weights.column
    for key in ("offset", "start", "stop"):
        if (name := getattr(design, key)) is not None:
            yield (key,), name
    if isinstance(design.vcov, ConleyVcov):
        yield from vcov_places(design)


def named_columns(design: DesignSpec) -> Iterator[tuple[Place, str]]:
    """Yield each place of a design that names a panel column, and the column."""
    told = dict.fromkeys(number_columns(design))
    for place, terms in terms_by_place(design):
        if place[0] != "endogenous":
            told |= dict.fromkeys((place, name) for term in terms for name in term.columns)
    if design.comparison == "region":
        told[(("region",), design.region)] = None
    for place, effect in effects_by_place(design):
        told |= dict.fromkeys((place, name) for name in effect.columns)
    for place, effect in strata_by_place(design):
        told |= dict.fromkeys((place, name) for name in effect.columns)
    told |= {((key,), name): None for key in ("cause", "frailty") if (name := getattr(design, key))}
    told |= dict.fromkeys(vcov_places(design))
    yield from told
    yield from ((("where", name), name) for name in design.where)


def vcov_places(design: DesignSpec) -> Iterator[tuple[Place, str]]:
    """Yield each place of a design's variance that names a panel column, and the column."""
    fields = {} if isinstance(design.vcov, str) else design.vcov.model_dump()
    wanted = vcov_columns(design.vcov)
    for key, value in fields.items():
        if isinstance(value, tuple):
            yield from (
                ((("vcov", key, number), name)) for number, name in enumerate(value) if name in wanted
            )
        elif value in wanted:
            yield ("vcov", key), str(value)


def check_design_columns(file: SpecFile[StudySpec], columns: Sequence[str]) -> Iterator[Fault]:
    """Yield a fault for each column a design names that the panel will not have."""
    for index, design in enumerate(file.model.designs if file.model else ()):
        for place, name in named_columns(design):
            if name not in columns:
                hint = did_you_mean(name, columns)
                allowed = f"a panel column: {nearest(name, columns)}"
                yield file.fault(("designs", index, *place), shown_value(name), allowed, hint)
