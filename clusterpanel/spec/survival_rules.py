"""Which options of survival go together: times, strata, ties, causes, frailty, cuts and intervals."""

from collections.abc import Iterator
from itertools import pairwise
from math import isfinite

from clusterpanel.spec.design import DesignSpec
from clusterpanel.spec.effects import Effect, read_effect
from clusterpanel.spec.estimators import Estimator, having, vcov_key
from clusterpanel.spec.faults import Place, listed, shown_value
from clusterpanel.spec.misfit import Misfit
from clusterpanel.spec.words import GrammarError

# By option of a design: the fact of estimators that says whether they take it.
TAKEN_BY = {
    "start": "is_timed",
    "stop": "is_timed",
    "strata": "strata",
    "ties": "strata",
    "cause": "cause",
    "cause_of_interest": "cause_of_interest",
    "frailty": "frailty",
    "cuts": "cuts",
    "intervals": "is_curve",
}
HINTS = {
    "cause": 'Name the column that says why a row ends: cause = "exit_cause".',
    "cause_of_interest": 'Name the cause that is explained: cause_of_interest = "closure".',
}


def survival_misfits(design: DesignSpec, estimator: Estimator, firm: str) -> Iterator[Misfit]:
    """Yield what a design asks of survival that its estimator does not have, or that does not go together."""
    for option, fact in TAKEN_BY.items():
        value = getattr(design, option)
        if value not in (None, ()) and getattr(estimator, fact) in (False, "no"):
            hint = f"They go with {listed(having(fact))}."
            allowed = f"no {option} with {design.estimator}"
            yield Misfit((option,), shown_value(value), allowed, hint)
    yield from _times(design, estimator)
    yield from _causes(design, estimator)
    if estimator.strata:
        yield from _strata(design, firm)
    if estimator.frailty:
        yield from _frailty(design)
    if estimator.cuts:
        yield from _cuts(design)


def strata_by_place(design: DesignSpec) -> Iterator[tuple[Place, Effect]]:
    """Yield each place of a design that names a stratum, and its columns; faulty ones are left out."""
    for number, text in enumerate(design.strata):
        try:
            yield ("strata", number), read_effect(text)
        except GrammarError:
            continue


def strata_columns(design: DesignSpec) -> tuple[str, ...]:
    """Return the columns whose joint levels are a design's strata, the region's first where it compares."""
    own = (design.region,) if design.comparison == "region" else ()
    named = (name for _, effect in strata_by_place(design) for name in effect.columns)
    return tuple(dict.fromkeys((*own, *named)))


def _times(design: DesignSpec, estimator: Estimator) -> Iterator[Misfit]:
    given = {"start": design.start, "stop": design.stop}
    if estimator.is_timed and sum(value is None for value in given.values()) == 1:
        absent = next(key for key, value in given.items() if value is None)
        yield Misfit((absent,), "nothing", "both start and stop, or neither (age and age + 1)")


def _causes(design: DesignSpec, estimator: Estimator) -> Iterator[Misfit]:
    for option in ("cause", "cause_of_interest"):
        if getattr(estimator, option) == "required" and getattr(design, option) is None:
            yield Misfit((option,), "nothing", f"a {option} with {design.estimator}", HINTS[option])
    is_optional = estimator.cause == "optional"
    if is_optional and (design.cause is None) != (design.cause_of_interest is None):
        absent = "cause" if design.cause is None else "cause_of_interest"
        yield Misfit((absent,), "nothing", "both cause and cause_of_interest, or neither", HINTS[absent])


def _strata(design: DesignSpec, firm: str) -> Iterator[Misfit]:
    for number, text in enumerate(design.strata):
        try:
            effect = read_effect(text)
        except GrammarError as error:
            yield Misfit(("strata", number), shown_value(text), error.allowed, error.hint)
            continue
        if effect.slopes:
            allowed = "columns without slopes: a stratum has a baseline hazard of its own"
            yield Misfit(("strata", number), shown_value(text), allowed)
        elif firm in effect.columns:
            allowed = "strata of others than firms, since a firm exits once"
            yield Misfit(("strata", number), shown_value(text), allowed)
    if design.comparison == "region" and design.region == firm:
        allowed = "another column than the firm, since a firm exits once"
        yield Misfit(("region",), shown_value(design.region), allowed)


def _frailty(design: DesignSpec) -> Iterator[Misfit]:
    if design.frailty is None:
        return
    if vcov_key(design) != "iid":
        hint = 'Set vcov = "iid", or group errors without a frailty.'
        allowed = '"iid" with a frailty, which is itself the model of how a group\'s rows go together'
        yield Misfit(("vcov",), shown_value(vcov_key(design)), allowed, hint)


def _cuts(design: DesignSpec) -> Iterator[Misfit]:
    cuts = design.cuts
    if not cuts:
        hint = "Name times at which the hazard may change, such as cuts = [2, 5, 10]."
        yield Misfit(("cuts",), "nothing", "one time or more", hint)
    elif not all(map(isfinite, cuts)) or any(low >= high for low, high in pairwise(cuts)):
        yield Misfit(("cuts",), shown_value(list(cuts)), "ascending times, each once")
