"""The two or three numbers that stand beside the headline."""

from dataclasses import dataclass

from clusterpanel.models.result import Result
from clusterpanel.report.digits import significant
from clusterpanel.report.disclosure import Results
from clusterpanel.report.headline import headline_label, unit_of
from clusterpanel.report.labels import COMPARISONS
from clusterpanel.report.main_terms import MainTerm, main_term
from clusterpanel.spec.study import Study


@dataclass(frozen=True)
class KeyNumber:
    """One number: how it is written, its interval, and what it is of."""

    value: str
    interval: str
    label: str


def key_numbers(study: Study, results: Results) -> list[KeyNumber]:
    """Return the parts of the headline's contrast and the gap, or the headline's single estimate."""
    label = headline_label(study, results)
    contrast = next((c for c in study.spec.contrasts if c.name == label), None)
    labels = [term.design for term in contrast.terms] if contrast else []
    found = [main_term(r) for name in (*labels, label) if isinstance(r := results.get(name), Result)]
    return [_number(term, found[0]) for term in found]


def _number(term: MainTerm, first: MainTerm) -> KeyNumber:
    """Write a number in the units of the contrast's first part."""
    unit, scale = unit_of(first)
    low, high = significant(scale * term.conf_low), significant(scale * term.conf_high)
    what = COMPARISONS.get(term.comparison, "the gap")
    # A line must not break between a number and its per cent sign.
    share = f" ({term.reading()})".replace(" %", "\N{NO-BREAK SPACE}%") if term.reading() else ""
    value = f"{significant(scale * term.estimate)} {unit}".strip()
    return KeyNumber(value, f"{low} to {high}", f"{term.label}: {what}{share}")
