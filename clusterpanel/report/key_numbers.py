"""The two or three numbers that stand beside the headline."""

from dataclasses import dataclass

from clusterpanel.models.result import Result
from clusterpanel.report.digits import significant
from clusterpanel.report.disclosure import Results
from clusterpanel.report.headline import headline_label
from clusterpanel.report.labels import COMPARISONS, is_log
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
    scale = 100.0 if is_log(first.outcome) or first.estimator == "cloglog" else 1.0
    unit = " log points" if scale != 1.0 else ""
    low, high = significant(scale * term.conf_low), significant(scale * term.conf_high)
    what = COMPARISONS.get(term.comparison, "the gap")
    share = f" ({term.reading()})" if term.reading() else ""
    return KeyNumber(
        f"{significant(scale * term.estimate)}{unit}", f"{low} to {high}", f"{term.label}: {what}{share}"
    )
