"""Which designs have a meaning: the rules that need nothing but the design itself."""

from collections.abc import Iterator

from clusterpanel.spec.design import DesignSpec
from clusterpanel.spec.effects import Effect, read_effect
from clusterpanel.spec.estimators import Estimator, estimator_of, having, vcov_key
from clusterpanel.spec.factors import Term
from clusterpanel.spec.faults import Place, listed, shown_value
from clusterpanel.spec.misfit import Misfit
from clusterpanel.spec.survival_rules import survival_misfits
from clusterpanel.spec.terms import read_term, read_terms
from clusterpanel.spec.words import GrammarError

FIRM = "firm_id"
EXIT = "is_exit"
IDENTIFIERS = (FIRM, "site_id")
LIKELIHOODS = ("poisson", "logit", "cloglog", "conditional_logit")


def misfits(design: DesignSpec, firm: str = FIRM) -> Iterator[Misfit]:
    """Yield everything a design asks for that no estimator gives, whatever the data.

    Parameters
    ----------
    design : DesignSpec
    firm : str
        The panel's firm column, whose effects are firm effects.
    """
    estimator = estimator_of(design)
    yield from _grammar(design)
    yield from _roles(design)
    yield from _comparison(design, estimator, firm)
    yield from _inputs(design, estimator)
    yield from _instruments(design, estimator)
    yield from _panel_options(design, estimator)
    yield from survival_misfits(design, estimator, firm)
    yield from _curves(design) if estimator.is_curve else _variance(design, estimator)
    for name, values in design.where.items():
        if not values:
            yield Misfit(("where", name), "an empty list", "at least one value")


def _written(design: DesignSpec) -> Iterator[tuple[Place, str]]:
    """Yield each place that holds a regressor, and its text."""
    yield ("exposure",), design.exposure
    for key in ("controls", "instruments", "endogenous"):
        yield from (((key, number), text) for number, text in enumerate(getattr(design, key)))


def terms_by_place(design: DesignSpec) -> Iterator[tuple[Place, tuple[Term, ...]]]:
    """Yield each place that holds a regressor and the terms it stands for; faulty ones are left out."""
    for place, text in _written(design):
        try:
            yield place, read_terms(text)
        except GrammarError:
            continue


def stands_for_levels(design: DesignSpec) -> bool:
    """Say whether the exposure has a coefficient for each level of a column."""
    return any(term.has_levels for term in _readable(design.exposure))


def _grammar(design: DesignSpec) -> Iterator[Misfit]:
    for place, text in _written(design):
        yield from _ungrammatical(place, text, is_one=place[0] in {"exposure", "endogenous"})
    for number, text in enumerate(design.absorb):
        try:
            read_effect(text)
        except GrammarError as error:
            yield _misread(("absorb", number), text, error)
    for place, terms in terms_by_place(design):
        for name in {factor.columns[0] for term in terms for factor in term.factors if not factor.numbers}:
            if name in IDENTIFIERS:
                hint = f'Absorb it: absorb = ["{name}"].'
                yield Misfit(place, f"a coefficient for each {name}", "levels that are no identifiers", hint)


def _ungrammatical(place: Place, text: str, is_one: bool) -> Iterator[Misfit]:
    try:
        read_term(text) if is_one else read_terms(text)
    except GrammarError as error:
        yield _misread(place, text, error)


def _misread(place: Place, text: str, error: GrammarError) -> Misfit:
    """Say the whole text, and the part of it that is at fault where that is less."""
    whole = shown_value(text)
    is_part = error.start > 0
    came = f"{whole}: {error.came} at character {error.start + 1}" if is_part else whole
    hint = error.hint
    if not hint and " " in text.strip() and not set(text) & set("():*^`"):
        hint = f"A column whose name holds a space stands in backticks: `{text}`."
    return Misfit(place, came, error.allowed, hint)


def _roles(design: DesignSpec) -> Iterator[Misfit]:
    """Yield the columns that have two roles, and the terms that are there twice."""
    seen: set[frozenset[str]] = set()
    for place, terms in terms_by_place(design):
        if place[0] == "endogenous":
            continue
        keys = [term.key for term in terms]
        if any(key == frozenset([design.outcome]) for key in keys):
            words = {"exposure": "another column than the outcome"}
            allowed = words.get(str(place[0]), "a column that is neither outcome nor exposure")
            yield Misfit(place, f'"{design.outcome}", the outcome', allowed)
        elif len(keys) == 1 and keys[0] in seen:
            yield Misfit(place, f'"{terms[0]}" again', "each regressor and instrument once")
        seen.update(keys)


def firm_effects(design: DesignSpec, firm: str = FIRM) -> Iterator[Place]:
    """Yield the places that ask for an effect of each firm."""
    if design.comparison == "within":
        yield ("comparison",)
    if design.comparison == "region" and design.region == firm:
        yield ("region",)
    for place, effect in effects_by_place(design):
        if effect.columns == (firm,) and not effect.slopes:
            yield place


def _comparison(design: DesignSpec, estimator: Estimator, firm: str) -> Iterator[Misfit]:
    if design.comparison not in estimator.comparisons:
        allowed = f"{listed(estimator.comparisons)} with {design.estimator}: {estimator.comparison_words}"
        yield Misfit(("comparison",), shown_value(design.comparison), allowed)
    elif design.outcome == EXIT and design.estimator in LIKELIHOODS:
        for place in firm_effects(design, firm):
            allowed = "no firm effects, since a firm exits once, in its last year"
            yield Misfit(place, _came_at(design, place), allowed, "Compare all firms, or firms of a region.")
    yield from _effects(design, estimator, firm)


def _effects(design: DesignSpec, estimator: Estimator, firm: str) -> Iterator[Misfit]:
    """Yield the effects that the estimator does not take."""
    if design.absorb and estimator.absorbs == "nothing":
        allowed = f"no absorb with {design.estimator}"
        yield Misfit(("absorb",), shown_value(design.absorb), allowed, estimator.absorb_words)
        return
    for place, effect in effects_by_place(design):
        is_firms = effect.columns == (firm,)
        if estimator.absorbs == "no firm slopes" and is_firms and effect.slopes:
            allowed = f"no slopes of each firm's own with {design.estimator}"
            yield Misfit(place, _came_at(design, place), allowed, estimator.absorb_words)
        elif estimator.absorbs == "plain effects of others" and (is_firms or effect.slopes):
            allowed = f"effects of others than firms, without slopes, with {design.estimator}"
            yield Misfit(place, _came_at(design, place), allowed, estimator.absorb_words)


def effects_by_place(design: DesignSpec) -> Iterator[tuple[Place, Effect]]:
    """Yield each place of a design that names an effect, and the effect; faulty ones are left out."""
    for number, text in enumerate(design.absorb):
        try:
            yield ("absorb", number), read_effect(text)
        except GrammarError:
            continue


def _came_at(design: DesignSpec, place: Place) -> str:
    value = getattr(design, str(place[0]))
    return shown_value(value[place[1]] if len(place) > 1 else value)


def _inputs(design: DesignSpec, estimator: Estimator) -> Iterator[Misfit]:
    """Yield controls, weights and offsets that the estimator has no use for."""
    given = {"controls": design.controls, "weights": design.weights, "offset": design.offset}
    for key, value in given.items():
        if value and not getattr(estimator, key):
            came = "a table" if key == "weights" else shown_value(value)
            hint = estimator.absorb_words if key == "controls" else f"Such go with {listed(having(key))}."
            yield Misfit((key,), came, f"no {key} with {design.estimator}", hint)


def _curves(design: DesignSpec) -> Iterator[Misfit]:
    """Yield what a survival curve cannot be of."""
    if design.outcome != EXIT:
        yield Misfit(("outcome",), shown_value(design.outcome), f'"{EXIT}": a survival curve is of exits')
    if any(term.columns != (design.exposure,) for term in _readable(design.exposure)):
        yield Misfit(("exposure",), shown_value(design.exposure), "a column: a curve for each of its values")
    if design.vcov != DesignSpec.model_fields["vcov"].default:
        allowed = "none: a survival curve has Greenwood's variance"
        yield Misfit(("vcov",), shown_value(vcov_key(design)), allowed)


def _instruments(design: DesignSpec, estimator: Estimator) -> Iterator[Misfit]:
    if not estimator.instruments:
        for key in ("instruments", "endogenous"):
            if came := getattr(design, key):
                hint = f"They go with {listed(having('instruments'))}."
                yield Misfit((key,), shown_value(came), f"no {key} with {design.estimator}", hint)
        return
    known = {term.key for text in design.regressors for term in _readable(text)}
    for number, text in enumerate(design.endogenous):
        if any(term.key not in known for term in _readable(text)):
            allowed = f"the exposure or a control: {listed(design.regressors)}"
            yield Misfit(("endogenous", number), shown_value(text), allowed)
    has_levels = any(term.has_levels for text in design.instruments for term in _readable(text))
    if len(design.instruments) < len(design.instrumented) and not has_levels:
        allowed = f"at least one for each endogenous regressor: {listed(design.instrumented)}"
        yield Misfit(("instruments",), f"{len(design.instruments)} instruments", allowed)


def _panel_options(design: DesignSpec, estimator: Estimator) -> Iterator[Misfit]:
    """Yield rules of random effects and of differences that the estimator does not have."""
    if design.components is not None and design.components not in estimator.components:
        choices = f"{listed(estimator.components)} with" if estimator.components else "no components with"
        hint = f"They go with {listed(having('components'))}."
        yield Misfit(("components",), shown_value(design.components), f"{choices} {design.estimator}", hint)
    if design.gaps is not None and not estimator.gaps:
        hint = f"They go with {listed(having('gaps'))}."
        yield Misfit(("gaps",), shown_value(design.gaps), f"no gaps with {design.estimator}", hint)


def _readable(text: str) -> tuple[Term, ...]:
    try:
        return read_terms(text)
    except GrammarError:
        return ()


def _variance(design: DesignSpec, estimator: Estimator) -> Iterator[Misfit]:
    key = vcov_key(design)
    if key not in estimator.vcov:
        yield Misfit(("vcov",), shown_value(key), f"{listed(estimator.vcov)} with {design.estimator}")
    if key == "iid" and design.weights is not None and design.weights.kind == "probability":
        hint = "The rows they stand for are not there, so errors differ by row."
        yield Misfit(("vcov",), '"iid" with probability weights', '"HC1" or grouped errors', hint)
