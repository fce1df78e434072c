"""Which effects a design absorbs, and what of a design a panel cannot give."""

from collections.abc import Iterator

import pyarrow as pa

from clusterpanel.designs.encode import is_number
from clusterpanel.errors import Fault, SpecError
from clusterpanel.panel.panel import Panel
from clusterpanel.spec.design import DesignSpec
from clusterpanel.spec.design_checks import named_columns, number_columns
from clusterpanel.spec.design_rules import misfits
from clusterpanel.spec.effects import Effect, canonical_effect, read_effect
from clusterpanel.spec.estimators import estimator_of
from clusterpanel.spec.faults import Place, did_you_mean, listed
from clusterpanel.spec.survival_rules import strata_columns

AGE = "age"


def effects_of(design: DesignSpec, firm: str) -> tuple[str, ...]:
    """Return the effects of a design, each once, its comparison's first: a^b is b^a.

    The one of a design with strata is their joint levels.
    """
    if design.estimator == "first_difference":
        # Changes from year to year have no firm effect left.
        return ()
    if estimator_of(design).strata:
        strata = strata_columns(design)
        return (str(Effect(strata)),) if strata else ()
    own = {"pooled": (), "region": (design.region,), "within": (firm,)}[design.comparison]
    effects: dict[object, str] = {}
    for text in (*own, *design.absorb):
        effect = canonical_effect(text)
        effects.setdefault(read_effect(effect).key, effect)
    return tuple(effects.values())


def check_design(design: DesignSpec, panel: Panel) -> None:
    """Refuse what a panel lacks and what no estimator does.

    Raises
    ------
    SpecError
        With every fault of the design.
    """
    faults = [
        *(
            Fault(design.name, place_words(misfit.place), misfit.came, misfit.allowed, misfit.hint)
            for misfit in misfits(design, panel.firm)
        ),
        *_absent_columns(design, panel),
        *_text_columns(design, panel),
    ]
    if faults:
        raise SpecError(f"the design {design.name} cannot be estimated", faults=faults)


def place_words(place: Place) -> str:
    """Return where in a design something stands; list positions count from 1."""
    return ".".join(str(key + 1 if isinstance(key, int) else key) for key in place)


def _wanted(design: DesignSpec) -> Iterator[tuple[str, str]]:
    yield from ((place_words(place), name) for place, name in named_columns(design))
    if estimator_of(design).is_timed and design.start is None:
        yield f"estimator {design.estimator}", AGE


def _absent_columns(design: DesignSpec, panel: Panel) -> Iterator[Fault]:
    known = panel.columns
    for where, name in _wanted(design):
        if name not in known:
            allowed = f"a column of the panel ({listed(known)})"
            yield Fault(design.name, where, name, allowed, did_you_mean(name, known))


def _text_columns(design: DesignSpec, panel: Panel) -> Iterator[Fault]:
    schema = panel.data.schema
    for place, name in number_columns(design):
        if name not in panel.columns:
            continue
        kind: pa.DataType = schema.field(name).type
        if not is_number(kind):
            hint = "Absorb it as effects, take i() of it, or make a yes/no column of each of its values."
            allowed = "a number or yes/no column"
            yield Fault(design.name, place_words(place), f"{name} of type {kind}", allowed, hint)
