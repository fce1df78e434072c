"""The parts of a sentence about one estimate: who, by how much, with what error."""

from math import exp

from clusterpanel.report.column_labels import ColumnLabels
from clusterpanel.report.digits import beside, percent, significant, span
from clusterpanel.report.labels import RATIO_OF, effect_unit, is_plural, is_yes_no, others, outcome_words
from clusterpanel.report.main_terms import MainTerm

NOT_TOLD = "cannot be told from zero"


def subject(term: MainTerm, labels: ColumnLabels) -> str:
    """Return whom an estimate is about: firms in a cluster."""
    words = labels.words(term.exposure)
    if term.exposure.startswith("in_"):
        return f"firms {words}"
    return f"firms with {words if is_yes_no(term.exposure) else f'one unit more of {words}'}"


def noun_phrase(term: MainTerm, labels: ColumnLabels) -> str:
    """Return the outcome of the firms an estimate is about, with its verb."""
    words = outcome_words(term.outcome, labels)
    return f"the {words} of {subject(term, labels)} {'are' if is_plural(words) else 'is'}"


def than_theirs(term: MainTerm, labels: ColumnLabels) -> str:
    """Return whose outcome it is compared with: that of other firms."""
    pronoun = "those" if is_plural(outcome_words(term.outcome, labels)) else "that"
    return f"{pronoun} of {others(term.comparison, term.region)}"


def higher_or_lower(term: MainTerm, labels: ColumnLabels) -> str:
    """Return the size and the direction of an estimate."""
    unit, scale = effect_unit(term.estimator, term.outcome, labels)
    size = f"{beside(scale * abs(term.estimate), scale * term.std_error)} {unit}".strip()
    size = percent(abs(exp(term.estimate) - 1)) if term.is_share else size
    return f"{size} {'higher' if term.estimate >= 0 else 'lower'}"


def signed(term: MainTerm, labels: ColumnLabels) -> str:
    """Return an estimate with its sign and unit."""
    unit, scale = effect_unit(term.estimator, term.outcome, labels)
    sign = "+" if term.estimate > 0 else ""
    if term.is_share:
        return f"{sign}{percent(exp(term.estimate) - 1)}"
    return f"{sign}{beside(scale * term.estimate, scale * term.std_error)} {unit}".strip()


def error_words(term: MainTerm, labels: ColumnLabels) -> str:
    """Return an estimate's error and interval in its own unit; a per cent has an interval alone."""
    if term.is_share:
        low, high = (percent(exp(end) - 1).removesuffix(" %") for end in (term.conf_low, term.conf_high))
        return f"95 % interval {low} to {high} %"
    unit, scale = effect_unit(term.estimator, term.outcome, labels)
    error = scale * term.std_error
    interval = span(scale * term.conf_low, scale * term.conf_high, error)
    return f"s.e. {beside(error, error)}, 95 % interval {interval} {unit}".strip()


def ratio_of_what(term: MainTerm, labels: ColumnLabels) -> str:
    """Return what a model of ratios gives the ratio of: the yearly hazard, the mean or odds of an outcome."""
    noun = RATIO_OF[term.estimator]
    if term.estimator == "cloglog":
        return "yearly hazard"
    event = f"{labels.words(term.outcome)}{by_cause(term)}"
    return f"time to {event}" if noun == "time" else f"{noun} of {event}"


def by_cause(term: MainTerm) -> str:
    """Return the cause of the event, to go on an outcome with."""
    return f" by {term.cause}" if term.cause else ""


def ratio(term: MainTerm) -> str:
    """Return an estimate of a model of ratios as a ratio."""
    return significant(exp(term.estimate))


def ratio_interval(term: MainTerm) -> str:
    """Return the interval of a ratio."""
    return f"95 % interval {significant(exp(term.conf_low))} to {significant(exp(term.conf_high))}"
