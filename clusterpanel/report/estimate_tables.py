"""Estimates by design: the exposure's number in each, as a figure and a table."""

from collections.abc import Mapping, Sequence

from clusterpanel.models.result import Result
from clusterpanel.report.column_labels import ColumnLabels, labels_of
from clusterpanel.report.disclosure import Results
from clusterpanel.report.estimate_rows import (
    ESTIMATE_COLUMNS,
    axis_of,
    code_of,
    heading_of,
    point_of,
    unit_of,
    with_unit,
    written,
)
from clusterpanel.report.exhibits import Exhibit, Section
from clusterpanel.report.figures import Facet, Point, coefficient_figure
from clusterpanel.report.labels import COMPARISONS, RATIO_OF, SHORT, SURVIVAL, compared, short_words
from clusterpanel.report.main_terms import MainTerm, main_term
from clusterpanel.report.regression_table import few_as_text, regressions_exhibit
from clusterpanel.report.survival_facts import SURVIVORS_ONLY
from clusterpanel.report.tables import Table, TableColumn, table_of
from clusterpanel.spec.study import Study

COUNTS = (
    TableColumn("n", "N", "whole"),
    TableColumn("firms", "Firms", "whole"),
    TableColumn("switchers", "Switchers", "whole"),
    TableColumn("r2_within", "Within R²", "estimate"),
)
FILE_COLUMNS = (
    TableColumn("outcome", "Outcome", "code"),
    TableColumn("design", "Design", "code"),
    TableColumn("exposure", "Exposure", "code"),
    *(
        TableColumn(name, name, "estimate")
        for name in ("estimate", "std_error", "conf_low", "conf_high", "p_value")
    ),
    TableColumn("reads_as", "Reads as", "cell"),
    *COUNTS,
    TableColumn("effects", "Effects absorbed"),
    TableColumn(SURVIVORS_ONLY, "Survivors only", "cell"),
)
SMALLEST_SHARE = 0.001
ESTIMATOR = TableColumn("estimator", "Estimator")
SURVIVORS = TableColumn(SURVIVORS_ONLY, "Survivors only", "cell")
PAGE_COLUMNS = (
    TableColumn("heading", "Heading"),
    TableColumn("design", "Design", "code"),
    *ESTIMATE_COLUMNS,
    TableColumn("reads_as", "Reads as", "cell"),
    *COUNTS,
)
NOTE = (
    "Estimates, errors and intervals are in the unit of their heading; a log point is a hundredth of a "
    "difference in logarithms, about one per cent where small. p-values are two-sided, against zero. N "
    "counts firm-years; switchers are firms whose exposure changes in the sample. The file estimates.csv "
    "holds the coefficients as estimated, where a log point or a percentage point is 0.01."
)


def estimates_section(study: Study, results: Mapping[str, Result]) -> Section:
    """Return the section with every design's estimate, grouped by outcome."""
    if not results:
        return Section("estimates", "Estimates by design", ("No design gave an estimate that may be shown.",))
    terms, labels, minimum = sorted_terms(results), labels_of(study), study.spec.report.minimum_firms
    names = tuple(term.label for term in terms)
    exhibits = (
        Exhibit(
            "estimates",
            "The exposure's estimate in each design",
            table=file_table(terms, minimum),
            page_table=page_table(terms, labels, minimum),
            figure=coefficient_figure(facets(terms, labels), series_names(terms)),
            alt=_alt(terms, labels),
            designs=names,
        ),
        regressions_exhibit([results[name] for name in names], labels, minimum),
    )
    return Section("estimates", "Estimates by design", (comparisons_sentence(terms),), exhibits)


def sorted_terms(results: Mapping[str, Result]) -> list[MainTerm]:
    """Return the main terms in the order of the results, those of one outcome and one exposure together."""
    terms = [main_term(result) for result in results.values()]
    outcomes = list(dict.fromkeys(term.outcome for term in terms))
    kinds = list(dict.fromkeys(_kind(term) for term in terms))
    return sorted(terms, key=lambda term: (outcomes.index(term.outcome), kinds.index(_kind(term))))


def file_table(terms: Sequence[MainTerm], minimum_firms: int) -> Table:
    """Return one row per design with coefficients as they were estimated."""
    names = [column.name for column in FILE_COLUMNS if column.name not in {"design", "reads_as", "effects"}]
    records = [
        {
            **{name: getattr(term, name) for name in names},
            "design": term.label,
            "reads_as": term.reading() or None,
            "switchers": few_as_text(term.switchers, minimum_firms),
            "effects": ", ".join(term.effects) or "none",
        }
        for term in terms
    ]
    return table_of(FILE_COLUMNS, records)


def page_table(terms: Sequence[MainTerm], labels: ColumnLabels, minimum_firms: int) -> Table:
    """Return one row per design, in everyday units, under what it explains by what."""
    records = [
        {
            "heading": with_unit(term, labels),
            "design": term.label,
            "estimator": short_words(term.estimator),
            **written(term, unit_of(term, labels)),
            "reads_as": term.reading(unit_of(term, labels)[1]) or None,
            "n": term.n,
            "firms": term.firms,
            "r2_within": small(term.r2_within),
            "switchers": few_as_text(term.switchers, minimum_firms),
            SURVIVORS_ONLY: term.survivors_only,
        }
        for term in terms
    ]
    codes = {with_unit(term, labels): code_of(term) for term in terms}
    columns = [*PAGE_COLUMNS]
    used = {term.estimator for term in terms}
    if len(used & set(SHORT)) > 1 or len(used & set(SURVIVAL)) > 1:
        # Headings tell apart models of ratios, but not these.
        columns.insert(2, ESTIMATOR)
    if any(term.survivors_only for term in terms):
        columns.append(SURVIVORS)
    return table_of(tuple(columns), records, (NOTE,), group="heading", codes=codes)


def small(share: float | None) -> float | str | None:
    """Return a share, or that it is too small to be worth its digits."""
    return f"<{SMALLEST_SHARE}" if share is not None and 0 <= share < SMALLEST_SHARE else share


def facets(terms: Sequence[MainTerm], labels: ColumnLabels) -> list[Facet]:
    """Return one facet per outcome, exposure and kind of model, as only their estimates share a unit."""
    found: dict[tuple[str, ...], list[MainTerm]] = {}
    for term in terms:
        found.setdefault(_kind(term), []).append(term)
    return [
        Facet(heading_of(group[0], labels), axis_of(group[0], labels), _points(group, labels))
        for group in found.values()
    ]


def series_names(terms: Sequence[MainTerm]) -> dict[int, str]:
    """Return what each colour compares, by the number of its series."""
    used = {term.comparison for term in terms}
    regions = {term.region for term in terms if term.comparison == "region"}
    words = COMPARISONS | ({"region": compared("region", *regions)} if len(regions) == 1 else {})
    return {number: words[name] for number, name in enumerate(COMPARISONS) if name in used}


def comparisons_sentence(terms: Sequence[MainTerm]) -> str:
    """Return what each comparison compares, and what it can and cannot say."""
    can = {
        "pooled": "pooled designs compare all firms with each other, so what firms bring along is in the "
        "estimate",
        "region": "region designs compare firms of a region with each other, so what sets regions apart is "
        "out of it",
        "within": "within designs compare a firm with itself over time, so whatever does not change about a "
        "firm is out of it; only switchers count",
    }
    used = [words for name, words in can.items() if any(term.comparison == name for term in terms)]
    text = "; ".join(used)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _points(terms: Sequence[MainTerm], labels: ColumnLabels) -> tuple[Point, ...]:
    return tuple(point_of(term, unit_of(term, labels)) for term in terms)


def _kind(term: MainTerm) -> tuple[str, ...]:
    return term.outcome, term.exposure, RATIO_OF.get(term.estimator, "level"), term.cause


def _alt(terms: Sequence[MainTerm], labels: ColumnLabels) -> str:
    cells = [(term.label, written(term, unit_of(term, labels)), unit_of(term, labels)[0]) for term in terms]
    parts = [f"{label}: {c['estimate']} ({c['interval']}) {unit}".strip() for label, c, unit in cells]
    return f"Estimates with 95 % intervals. {'; '.join(parts)}."


def plain_results(results: Results, leave_out: frozenset[str]) -> dict[str, Result]:
    """Return the results that are designs' estimates: no curves, and none of the labels to leave out."""
    return {
        label: result
        for label, result in results.items()
        if isinstance(result, Result) and label not in leave_out
    }
