"""How one estimate is written: its cells, its point in a figure, and the heading it stands under."""

from typing import Any

from clusterpanel.report.column_labels import ColumnLabels, capitalised
from clusterpanel.report.digits import beside, span
from clusterpanel.report.figures import Point
from clusterpanel.report.labels import (
    COMPARISONS,
    RATIO_OF,
    effect_unit,
    exposure_words,
    is_yes_no,
    model_words,
)
from clusterpanel.report.main_terms import MainTerm
from clusterpanel.report.tables import TableColumn
from clusterpanel.report.term_words import by_cause

ESTIMATE_COLUMNS = (
    TableColumn("estimate", "Estimate", "cell"),
    TableColumn("std_error", "Std error", "cell"),
    TableColumn("interval", "95 % interval", "cell"),
    TableColumn("p_value", "p", "p_value"),
)


def heading_of(term: MainTerm, labels: ColumnLabels) -> str:
    """Return what estimates that share a unit stand under: the outcome, and by what."""
    outcome = f"{labels.title(term.outcome)}{by_cause(term)}"
    return f"{outcome}{model_words(term.estimator)}, by {exposure_words(term.exposure, labels)}"


def code_of(term: MainTerm) -> str:
    """Return the names of the columns behind a heading."""
    return f"{term.outcome} by {term.exposure}"


def axis_of(term: MainTerm, labels: ColumnLabels) -> str:
    """Return what the axis of an estimate measures."""
    unit, _ = effect_unit(term.estimator, term.outcome, labels)
    what = "difference" if is_yes_no(term.exposure) else "difference per unit"
    ratio = RATIO_OF.get(term.estimator)
    what = f"{what} in the {ratio}" if ratio else what
    return f"{what}, {unit}" if unit else what


def written(term: MainTerm, unit: tuple[str, float]) -> dict[str, Any]:
    """Return an estimate's cells in a unit: estimate, std_error, interval, p_value."""
    _, scale = unit
    error = scale * term.std_error
    return {
        "estimate": beside(scale * term.estimate, error),
        "std_error": beside(error, error),
        "interval": span(scale * term.conf_low, scale * term.conf_high, error),
        "p_value": term.p_value,
    }


def point_of(term: MainTerm, unit: tuple[str, float], label: str = "", series: int | None = None) -> Point:
    """Return an estimate as a point in a unit; its series is that of its comparison unless given."""
    _, scale = unit
    comparisons = list(COMPARISONS)
    found = comparisons.index(term.comparison) if term.comparison in comparisons else 0
    low, high = scale * term.conf_low, scale * term.conf_high
    text = beside(scale * term.estimate, scale * term.std_error)
    number = found if series is None else series
    return Point(label or term.label, scale * term.estimate, low, high, number, text)


def unit_of(term: MainTerm, labels: ColumnLabels) -> tuple[str, float]:
    """Return the unit an estimate is read in, and what its coefficient is multiplied by."""
    return effect_unit(term.estimator, term.outcome, labels)


def with_unit(term: MainTerm, labels: ColumnLabels) -> str:
    """Return the heading with the unit of its estimates."""
    unit, _ = unit_of(term, labels)
    return capitalised(f"{heading_of(term, labels)} · {unit}" if unit else heading_of(term, labels))
