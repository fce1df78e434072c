"""Estimates by design: the exposure's number in each, and the whole regression table."""

from collections.abc import Mapping, Sequence
from typing import Any

from clusterpanel.models.result import Result
from clusterpanel.report.digits import MISSING, significant, whole
from clusterpanel.report.disclosure import Results, is_few, require_firms
from clusterpanel.report.exhibits import Exhibit, Section
from clusterpanel.report.figures import Facet, Point, coefficient_figure
from clusterpanel.report.labels import COMPARISONS, titled, units_of
from clusterpanel.report.main_terms import MainTerm, main_term
from clusterpanel.report.tables import Table, TableColumn, table_of
from clusterpanel.spec.study import Study

COLUMNS = (
    TableColumn("outcome", "Outcome"),
    TableColumn("design", "Design", "code"),
    TableColumn("exposure", "Exposure", "code"),
    TableColumn("estimate", "Estimate", "estimate"),
    TableColumn("std_error", "Std error", "estimate"),
    TableColumn("conf_low", "95 % from", "estimate"),
    TableColumn("conf_high", "to", "estimate"),
    TableColumn("p_value", "p", "p_value"),
    TableColumn("reads_as", "Reads as", "cell"),
    TableColumn("n", "N", "whole"),
    TableColumn("firms", "Firms", "whole"),
    TableColumn("switchers", "Switchers", "whole"),
    TableColumn("r2_within", "Within R²", "estimate"),
    TableColumn("effects", "Effects absorbed"),
)


def estimates_section(study: Study, results: Mapping[str, Result]) -> Section:
    """Return the section with every design's estimate, grouped by outcome."""
    if not results:
        return Section("estimates", "Estimates by design", ("No design gave an estimate that may be shown.",))
    terms = sorted_terms(results)
    minimum = study.spec.report.minimum_firms
    labels = tuple(term.label for term in terms)
    table = estimates_table(study, terms)
    exhibits = (
        Exhibit(
            "estimates",
            "The exposure's estimate in each design",
            table=table,
            page_table=narrower(table),
            figure=coefficient_figure(facets(terms)),
            alt=_alt(terms),
            designs=labels,
        ),
        Exhibit(
            "regressions",
            "Every coefficient",
            table=regression_table([results[label] for label in labels], minimum),
            designs=labels,
            formats=("csv", "tex", "md"),
            is_folded=True,
        ),
    )
    return Section("estimates", "Estimates by design", tuple(_comparisons(terms)), exhibits)


def sorted_terms(results: Mapping[str, Result]) -> list[MainTerm]:
    """Return the main terms in the order of the results, those of one outcome together."""
    terms = [main_term(result) for result in results.values()]
    outcomes = list(dict.fromkeys(term.outcome for term in terms))
    return sorted(terms, key=lambda term: outcomes.index(term.outcome))


def estimates_table(study: Study, terms: Sequence[MainTerm]) -> Table:
    """Return one row per design: estimate, error, interval, p-value, sample and effects."""
    minimum, units = study.spec.report.minimum_firms, units_of(study)
    records = [
        {
            **{name: getattr(term, name) for name in ("exposure", "n", "firms", "r2_within")},
            **{
                name: getattr(term, name)
                for name in ("estimate", "std_error", "conf_low", "conf_high", "p_value")
            },
            "outcome": titled(term.outcome, units),
            "design": term.label,
            "reads_as": term.reading() or None,
            "switchers": few_as_text(term.switchers, minimum),
            "effects": ", ".join(term.effects) or "none",
        }
        for term in terms
    ]
    notes = (
        "Estimates are coefficients: for a logged outcome 0.01 is about one per cent, for a hazard model the "
        "change in the log hazard. Intervals cover 95 %; p-values are two-sided, against zero. "
        "Switchers are firms whose exposure changes in the sample. The effects absorbed are in the "
        "methods section.",
    )
    return table_of(COLUMNS, records, notes, group="outcome")


def few_as_text(count: int | None, minimum_firms: int) -> int | str | None:
    """Return a count of firms, or that it is small."""
    return f"<{minimum_firms}" if count is not None and is_few(count, minimum_firms) else count


def narrower(table: Table) -> Table:
    """Return the table for the page: intervals in one column, no effects, no exposure that never changes."""
    dropped = {"conf_high", "effects", *(["exposure"] if len(set(table.column("exposure"))) == 1 else [])}
    names = [column.name for column in table.columns]
    kept = [position for position, name in enumerate(names) if name not in dropped]
    low, high = names.index("conf_low"), names.index("conf_high")
    columns = [
        TableColumn("interval", "95 % interval", "cell") if i == low else table.columns[i] for i in kept
    ]
    intervals = [f"{significant(row[low])} to {significant(row[high])}" for row in table.rows]
    rows = [
        tuple(interval if i == low else row[i] for i in kept)
        for row, interval in zip(table.rows, intervals, strict=True)
    ]
    return Table(tuple(columns), tuple(rows), table.notes, table.group)


def facets(terms: Sequence[MainTerm]) -> list[Facet]:
    """Return one facet per outcome and exposure, as only their estimates share a unit."""
    found: dict[tuple[str, str, str], list[Point]] = {}
    comparisons = list(COMPARISONS)
    for term in terms:
        series = comparisons.index(term.comparison) if term.comparison in comparisons else 0
        point = Point(term.label, term.estimate, term.conf_low, term.conf_high, series)
        found.setdefault((term.outcome, term.exposure, term.estimator), []).append(point)
    return [
        Facet(f"{outcome}, by {exposure}", axis_of(estimator, outcome), tuple(points))
        for (outcome, exposure, estimator), points in found.items()
    ]


def axis_of(estimator: str, outcome: str) -> str:
    """Return what the axis of an estimate measures."""
    return "change in the log hazard" if estimator == "cloglog" else f"change in {outcome}"


def regression_table(results: Sequence[Result], minimum_firms: int = 1) -> Table:
    """Return the classic table: one column per result, each term's estimate over its standard error.

    Raises
    ------
    DisclosureError
        A result rests on fewer than `minimum_firms` firms.
    """
    for result in results:
        require_firms(f"the regression {result.label}", int(result.glance.get("firms", 0)), minimum_firms)
    terms = list(dict.fromkeys(str(term) for result in results for term in result.estimate["term"]))
    columns = (TableColumn("term", ""), *(TableColumn(r.label, r.label, "cell") for r in results))
    rows = [row for term in terms for row in _term_rows(term, results)]
    return Table(columns, (*rows, *_foot_rows(results, minimum_firms)), ("Standard errors in parentheses.",))


def _term_rows(term: str, results: Sequence[Result]) -> list[tuple[str, ...]]:
    estimates, errors = [], []
    for result in results:
        rows = result.estimate[result.estimate["term"].astype(str) == term]
        estimates.append("" if rows.empty else significant(rows["estimate"].iloc[0]))
        errors.append("" if rows.empty else f"({significant(rows['std_error'].iloc[0])})")
    return [(term, *estimates), ("", *errors)]


def _foot_rows(results: Sequence[Result], minimum_firms: int) -> list[tuple[str, ...]]:
    def count(result: Result, key: str) -> str:
        value: Any = result.glance.get(key)
        shown = few_as_text(None if value is None else int(value), minimum_firms) if key != "n" else value
        return shown if isinstance(shown, str) else whole(shown)

    counts = [("Firm-years", "n"), ("Firms", "firms"), ("Switchers", "switchers")]
    return [
        *((label, *(count(result, key) for result in results)) for label, key in counts),
        ("Within R²", *(significant(result.glance.get("r2_within")) for result in results)),
        ("Effects", *(", ".join(result.provenance.get("effects", ())) or MISSING for result in results)),
        ("Errors", *(str(result.provenance.get("vcov", MISSING)) for result in results)),
    ]


def _comparisons(terms: Sequence[MainTerm]) -> list[str]:
    used = [name for name in COMPARISONS if any(term.comparison == name for term in terms)]
    listed = "; ".join(f"{name}: {COMPARISONS[name]}" for name in used)
    return [f"What each design compares: {listed}."] if used else []


def _alt(terms: Sequence[MainTerm]) -> str:
    parts = [
        f"{t.label}: {significant(t.estimate)} ({significant(t.conf_low)} to {significant(t.conf_high)})"
        for t in terms
    ]
    return f"Estimates with 95 % intervals. {'; '.join(parts)}."


def plain_results(results: Results, leave_out: frozenset[str]) -> dict[str, Result]:
    """Return the results that are designs' estimates: no curves, and none of the labels to leave out."""
    return {
        label: result
        for label, result in results.items()
        if isinstance(result, Result) and label not in leave_out
    }
