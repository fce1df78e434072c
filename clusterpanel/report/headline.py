"""The study's answer in one sentence, no stronger than the numbers allow."""

from collections.abc import Mapping
from types import MappingProxyType

from clusterpanel.designs.cumulative_incidence import IncidenceCurves
from clusterpanel.models.result import SurvivalCurves
from clusterpanel.report.column_labels import ColumnLabels, capitalised, labels_of
from clusterpanel.report.contrast_sentence import contrast_sentence
from clusterpanel.report.disclosure import Results, disclosable
from clusterpanel.report.facts import is_simulated
from clusterpanel.report.incidence_section import final_incidence, lines_by_cause
from clusterpanel.report.labels import RATIO_OF, is_yes_no, others, outcome_words
from clusterpanel.report.main_terms import MainTerm, main_term
from clusterpanel.report.shown_lines import survival_lines
from clusterpanel.report.survival_sentences import final_sentence
from clusterpanel.report.term_words import (
    NOT_TOLD,
    error_words,
    higher_or_lower,
    noun_phrase,
    ratio,
    ratio_interval,
    ratio_of_what,
    signed,
    subject,
    than_theirs,
)
from clusterpanel.spec.study import Study

NOTHING: Mapping[str, str] = MappingProxyType({})


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
    return f"In these simulated data: {sentence}" if is_simulated(study) else capitalised(sentence)


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
    if contrast is not None:
        return contrast_sentence(contrast, results, labels_of(study))
    term, labels = main_term(result), labels_of(study)
    return found_sentence(term, labels) if term.is_told_from_zero else null_sentence(term, labels)


def survival_sentence(study: Study, curves: SurvivalCurves) -> str:
    """Return how many firms of each group survive, or exit by each cause."""
    minimum = study.spec.report.minimum_firms
    if isinstance(curves, IncidenceCurves):
        causes = lines_by_cause(curves, minimum)
        told = [final_incidence(line, cause) for cause, lines in causes.items() for line in lines.values()]
    else:
        told = [final_sentence(line) for line in survival_lines(curves, minimum)]
    ends = [sentence.rstrip(".") for sentence in told]
    return f"{'; '.join(end[:1].lower() + end[1:] for end in ends)}, nothing else held equal."


def found_sentence(term: MainTerm, labels: ColumnLabels) -> str:
    """Return what a design found that can be told from zero, with its error."""
    theirs = others(term.comparison, term.region)
    if term.estimator in RATIO_OF:
        return (
            f"{subject(term, labels)} have {ratio(term)} times the {ratio_of_what(term, labels)} of {theirs} "
            f"({ratio_interval(term)})."
        )
    if is_yes_no(term.exposure):
        return (
            f"{noun_phrase(term, labels)} {higher_or_lower(term, labels)} than {than_theirs(term, labels)} "
            f"({error_words(term, labels)})."
        )
    return (
        f"one unit more of {labels.text(term.exposure)} goes with {signed(term, labels)} in "
        f"{outcome_words(term.outcome, labels)}, comparing with {theirs} ({error_words(term, labels)})."
    )


def null_sentence(term: MainTerm, labels: ColumnLabels) -> str:
    """Return that a design's estimate cannot be told from zero, before the estimate itself."""
    outcome, theirs = outcome_words(term.outcome, labels), others(term.comparison, term.region)
    if term.estimator in RATIO_OF:
        return (
            f"the {ratio_of_what(term, labels)} of {subject(term, labels)} cannot be told from that of "
            f"{theirs}: their ratio is estimated at {ratio(term)} ({ratio_interval(term)}), which cannot be "
            "told from one."
        )
    found = f"it is estimated at {signed(term, labels)} ({error_words(term, labels)})."
    if is_yes_no(term.exposure):
        pair = f"{subject(term, labels)} and {theirs}"
        return f"the difference in the {outcome} between {pair} {NOT_TOLD}: {found}"
    return (
        f"what one unit more of {labels.text(term.exposure)} goes with in {outcome}, comparing with "
        f"{theirs}, {NOT_TOLD}: {found}"
    )
