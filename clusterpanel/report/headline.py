"""The study's answer in one sentence, no stronger than the numbers allow."""

from collections.abc import Mapping
from math import exp
from types import MappingProxyType

from clusterpanel.models.result import Result, SurvivalCurves
from clusterpanel.report.digits import decimals_for, fixed, percent, significant
from clusterpanel.report.disclosure import Results, disclosable
from clusterpanel.report.facts import is_simulated
from clusterpanel.report.labels import COMPARISONS, is_log, is_yes_no, others, outcome_words, units_of
from clusterpanel.report.main_terms import MainTerm, main_term
from clusterpanel.report.survival_section import final_sentence, survival_lines
from clusterpanel.spec.design import ContrastSpec
from clusterpanel.spec.study import Study

NOTHING: Mapping[str, str] = MappingProxyType({})
NOT_TOLD = "cannot be told from zero"


def headline(study: Study, results: Results, failures: Mapping[str, str] = NOTHING) -> str:
    """Return one plain sentence on the contrast or design that the study's headline names.

    Where the study names none, the first contrast is quoted, else the first design. Log points are
    hundredths of a difference in logarithms; per cent is ``100 (exp(difference) - 1)``.

    Parameters
    ----------
    study : Study
    results : mapping of str to Result or SurvivalCurves
    failures : mapping of str to str
        Why designs have no result, by label.
    """
    shown, refused = disclosable(study, results)
    label = headline_label(study, shown)
    sentence = _sentence(study, label, shown, {**failures, **refused})
    return (
        f"In these simulated data: {sentence}" if is_simulated(study) else sentence[:1].upper() + sentence[1:]
    )


def headline_label(study: Study, results: Results) -> str:
    """Return what the headline quotes."""
    if study.spec.report.headline is not None:
        return study.spec.report.headline
    wanted = [c.name for c in study.spec.contrasts] + [d.name for d in study.designs]
    return next((label for label in wanted if label in results), wanted[0])


def _sentence(study: Study, label: str, results: Results, failures: Mapping[str, str]) -> str:
    result = results.get(label)
    if result is None:
        return f"{label} has no answer here: {failures.get(label, 'it was not estimated.')}"
    if isinstance(result, SurvivalCurves):
        return survival_sentence(study, result)
    contrast = next((c for c in study.spec.contrasts if c.name == label), None)
    if contrast is None:
        return design_sentence(study, main_term(result))
    return contrast_sentence(study, contrast, results)


def survival_sentence(study: Study, curves: SurvivalCurves) -> str:
    """Return how many firms of each group survive."""
    lines = survival_lines(curves, study.spec.report.minimum_firms)
    ends = [final_sentence(line).rstrip(".") for line in lines]
    return f"{'; '.join(end[:1].lower() + end[1:] for end in ends)}, nothing else held equal."


def design_sentence(study: Study, term: MainTerm) -> str:
    """Return what one design found, with its error and whether it can be told from zero."""
    outcome = outcome_words(term.outcome, units_of(study))
    theirs = others(term.comparison, term.region)
    if term.estimator == "cloglog":
        return (
            f"{_subject(term)} have {_hazard(term)} times the yearly hazard of {theirs} "
            f"({_hazard_interval(term)}){_verdict(term)}."
        )
    if is_yes_no(term.exposure):
        return (
            f"for {_subject(term)}, {outcome} is {_level(term)} than for {theirs} "
            f"({_error(term)}){_verdict(term)}."
        )
    return (
        f"one unit more of {term.exposure} goes with {_signed(term)} in {outcome}, comparing with "
        f"{theirs} ({_error(term)}){_verdict(term)}."
    )


def contrast_sentence(study: Study, contrast: ContrastSpec, results: Results) -> str:
    """Return what a contrast found; a pooled-minus-within gap is read as sorting."""
    gap = main_term(_result(results[contrast.name]))
    pair = _pair(contrast, results)
    if pair is None:
        sum_of = " ".join(
            f"{'+' if t.weight >= 0 else '−'} {significant(abs(t.weight))} × {t.design}"
            for t in contrast.terms
        )
        told = "can be told from zero" if gap.is_told_from_zero else NOT_TOLD
        return (
            f"{contrast.title}: {sum_of.removeprefix('+ ')} is {significant(gap.estimate)} "
            f"({_error(gap)}), which {told}."
        )
    first, second = pair
    unit, scale = unit_of(first)
    spread = decimals_for(scale * gap.std_error)
    size = f"{fixed(scale * gap.estimate, spread)} {unit}".strip()
    error = (
        f"s.e. {fixed(scale * gap.std_error, spread)}, 95 % interval "
        f"{fixed(scale * gap.conf_low, spread)} to {fixed(scale * gap.conf_high, spread)}"
    )
    return (
        f"{_both(study, first, second)}; the gap between the two estimates, {size} ({error}), "
        f"{_meaning(gap, first, second)}."
    )


def _both(study: Study, first: MainTerm, second: MainTerm) -> str:
    outcome, subject = outcome_words(first.outcome, units_of(study)), _subject(first)
    ours, theirs = (others(term.comparison, term.region) for term in (first, second))
    weak = ["" if term.is_told_from_zero else f", which {NOT_TOLD}" for term in (first, second)]
    if first.estimator == "cloglog":
        return (
            f"{subject} have {_hazard(first)} times the yearly hazard of {ours}{_weak_one(first)} "
            f"and {_hazard(second)} times that of {theirs}{_weak_one(second)}"
        )
    if is_yes_no(first.exposure):
        return (
            f"for {subject}, {outcome} is {_level(first)} than for {ours}{weak[0]}, "
            f"and {_level(second)} than for {theirs}{weak[1]}"
        )
    return (
        f"one unit more of {first.exposure} goes with {_signed(first)} in {outcome} between {ours}{weak[0]}, "
        f"and {_signed(second)} against {theirs}{weak[1]}"
    )


def _meaning(gap: MainTerm, first: MainTerm, second: MainTerm) -> str:
    name = f"{first.comparison} minus {second.comparison}"
    if not gap.is_told_from_zero:
        return f"{name}, {NOT_TOLD}: sorting is neither shown nor ruled out"
    if second.comparison != "within":
        return f"{name}, can be told from zero"
    bias = "overstates" if abs(first.estimate) > abs(second.estimate) else "understates"
    return f"{name}, points to sorting: comparing firms with each other {bias} what being in a cluster does"


def _pair(contrast: ContrastSpec, results: Results) -> tuple[MainTerm, MainTerm] | None:
    weights = {term.weight: term.design for term in contrast.terms}
    if len(contrast.terms) != 2 or set(weights) != {1.0, -1.0} or not set(weights.values()) <= set(results):
        return None
    first, second = (main_term(_result(results[weights[weight]])) for weight in (1.0, -1.0))
    kind = ("outcome", "exposure", "estimator")
    is_alike = all(getattr(first, name) == getattr(second, name) for name in kind)
    return (first, second) if is_alike and {first.comparison, second.comparison} <= set(COMPARISONS) else None


def _subject(term: MainTerm) -> str:
    if term.exposure == "in_cluster":
        return "firms in a cluster"
    return (
        f"firms with {term.exposure}"
        if is_yes_no(term.exposure)
        else f"firms with one unit more of {term.exposure}"
    )


def _level(term: MainTerm) -> str:
    unit, scale = unit_of(term)
    size = f"{significant(scale * abs(term.estimate))} {unit}".strip()
    size = percent(abs(exp(term.estimate) - 1)) if term.is_share else size
    return f"{size} {'higher' if term.estimate >= 0 else 'lower'}"


def _signed(term: MainTerm) -> str:
    unit, scale = unit_of(term)
    sign = "+" if term.estimate > 0 else ""
    return f"{sign}{significant(scale * term.estimate)} {unit}".strip()


def unit_of(term: MainTerm) -> tuple[str, float]:
    """Return the unit in which an estimate is read, and what to multiply it by."""
    if is_log(term.outcome) or term.estimator == "cloglog":
        return "log points", 100.0
    return ("percentage points", 100.0) if is_yes_no(term.outcome) else ("", 1.0)


def _error(term: MainTerm) -> str:
    unit, scale = unit_of(term)
    low, high = significant(scale * term.conf_low), significant(scale * term.conf_high)
    return f"s.e. {significant(scale * term.std_error)}, 95 % interval {low} to {high} {unit}".strip()


def _verdict(term: MainTerm) -> str:
    what = "one" if term.estimator == "cloglog" else "zero"
    return "" if term.is_told_from_zero else f", which cannot be told from {what}"


def _hazard(term: MainTerm) -> str:
    return significant(exp(term.estimate))


def _hazard_interval(term: MainTerm) -> str:
    return f"95 % interval {significant(exp(term.conf_low))} to {significant(exp(term.conf_high))}"


def _weak_one(term: MainTerm) -> str:
    return "" if term.is_told_from_zero else " (cannot be told from one)"


def _result(result: Result | SurvivalCurves) -> Result:
    if isinstance(result, SurvivalCurves):
        raise TypeError(f"{result.label} is a survival curve; a contrast has one number")
    return result
