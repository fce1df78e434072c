"""The two or three numbers that stand beside the headline."""

from dataclasses import dataclass

from clusterpanel.models.result import Result
from clusterpanel.report.column_labels import ColumnLabels, capitalised, labels_of
from clusterpanel.report.digits import beside, span
from clusterpanel.report.disclosure import Results
from clusterpanel.report.headline import headline_label
from clusterpanel.report.labels import SHORT, compared, effect_unit, short_words
from clusterpanel.report.main_terms import MainTerm, main_term
from clusterpanel.spec.study import Study


@dataclass(frozen=True)
class KeyNumber:
    """One number: how it is written, its interval, what it is of, and the name of its design."""

    value: str
    interval: str
    label: str
    design: str


def key_numbers(study: Study, results: Results) -> list[KeyNumber]:
    """Return the parts of the headline's contrast and the gap, or the headline's single estimate."""
    label = headline_label(study, results)
    contrast = next((c for c in study.spec.contrasts if c.name == label), None)
    labels = [term.design for term in contrast.terms] if contrast else []
    found = [main_term(r) for name in (*labels, label) if isinstance(r := results.get(name), Result)]
    return [_number(term, found[0], labels_of(study)) for term in found]


def _number(term: MainTerm, first: MainTerm, labels: ColumnLabels) -> KeyNumber:
    """Write a number in the units of the contrast's first part."""
    unit, scale = effect_unit(first.estimator, first.outcome, labels)
    error = scale * term.std_error
    what = compared(term.comparison, term.region) if term.comparison else "the gap between the two"
    if term.comparison and term.estimator in SHORT and term.estimator != first.estimator:
        what = f"{what}, {short_words(term.estimator)}"
    reading = term.reading(scale)
    # A line must not break between a number and its per cent sign.
    share = f" ({reading})".replace(" %", "\N{NO-BREAK SPACE}%") if reading else ""
    value = f"{beside(scale * term.estimate, error)} {unit}".strip()
    interval = span(scale * term.conf_low, scale * term.conf_high, error)
    return KeyNumber(value, interval, f"{capitalised(what)}{share}", term.label)
