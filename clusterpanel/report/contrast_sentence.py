"""What a contrast found, in a sentence: a gap between pooled and within is read as sorting."""

from clusterpanel.models.result import Result, SurvivalCurves
from clusterpanel.report.column_labels import ColumnLabels
from clusterpanel.report.digits import beside, significant, span
from clusterpanel.report.disclosure import Results
from clusterpanel.report.labels import COMPARISONS, RATIO_OF, effect_unit, is_yes_no, others, outcome_words
from clusterpanel.report.main_terms import MainTerm, main_term
from clusterpanel.report.term_words import (
    NOT_TOLD,
    error_words,
    higher_or_lower,
    noun_phrase,
    ratio,
    ratio_of_what,
    signed,
    subject,
    than_theirs,
)
from clusterpanel.spec.design import ContrastSpec


def contrast_sentence(contrast: ContrastSpec, results: Results, labels: ColumnLabels) -> str:
    """Return what a contrast found, its two parts before it where it is a difference of two."""
    gap = main_term(_result(results[contrast.name]))
    pair = _pair(contrast, results)
    if pair is None:
        return _sum_sentence(contrast, gap, labels)
    first, second = pair
    return (
        f"{_both(first, second, labels)}; the gap between the two estimates, "
        f"{gap_words(gap, first, labels)}, {_meaning(gap, first, second)}."
    )


def gap_words(gap: MainTerm, first: MainTerm, labels: ColumnLabels) -> str:
    """Return a gap with its error, in the unit of its first part's coefficient."""
    unit, scale = effect_unit(first.estimator, first.outcome, labels)
    error = scale * gap.std_error
    interval = span(scale * gap.conf_low, scale * gap.conf_high, error)
    size = f"{beside(scale * gap.estimate, error)} {unit}".strip()
    return f"{size} (s.e. {beside(error, error)}, 95 % interval {interval})"


def _sum_sentence(contrast: ContrastSpec, gap: MainTerm, labels: ColumnLabels) -> str:
    parts = (f"{'+' if t.weight >= 0 else '−'} {_times(abs(t.weight))}{t.design}" for t in contrast.terms)
    told = "can be told from zero" if gap.is_told_from_zero else NOT_TOLD
    found = f"{signed(gap, labels)} ({error_words(gap, labels)})"
    return f"{contrast.title}: {' '.join(parts).removeprefix('+ ')} is {found}, which {told}."


def _times(weight: float) -> str:
    return "" if weight == 1 else f"{significant(weight)} × "


def _both(first: MainTerm, second: MainTerm, labels: ColumnLabels) -> str:
    if first.estimator in RATIO_OF:
        ours, theirs = (others(term.comparison, term.region) for term in (first, second))
        return (
            f"{subject(first, labels)} have {ratio(first)} times the {ratio_of_what(first, labels)} of "
            f"{ours}{_doubt(first, 'one')}, and {ratio(second)} times that of {theirs}{_doubt(second, 'one')}"
        )
    if is_yes_no(first.exposure):
        found = [
            f"{higher_or_lower(term, labels)} than {than_theirs(term, labels)}{_doubt(term)}"
            for term in (first, second)
        ]
        return f"{noun_phrase(first, labels)} {found[0]}, and {found[1]}"
    found = [
        f"{signed(term, labels)} against {others(term.comparison, term.region)}{_doubt(term)}"
        for term in (first, second)
    ]
    words = outcome_words(first.outcome, labels)
    exposure = labels.text(first.exposure)
    return f"one unit more of {exposure} goes with a difference in {words} of {found[0]}, and {found[1]}"


def _doubt(term: MainTerm, null: str = "zero") -> str:
    return "" if term.is_told_from_zero else f" (which cannot be told from {null})"


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


def _result(result: Result | SurvivalCurves) -> Result:
    if isinstance(result, SurvivalCurves):
        raise TypeError(f"{result.label} is a survival curve; a contrast has one number")
    return result
