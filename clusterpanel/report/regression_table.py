"""Every coefficient of every design: the classic table for papers, and a list for the page."""

from collections.abc import Sequence
from typing import Any

from clusterpanel.models.result import Result
from clusterpanel.report.column_labels import ColumnLabels
from clusterpanel.report.digits import MISSING, beside, significant, span, whole
from clusterpanel.report.disclosure import is_few, require_firms
from clusterpanel.report.estimate_rows import ESTIMATE_COLUMNS
from clusterpanel.report.exhibits import Exhibit
from clusterpanel.report.labels import RATIO_OF, model_words
from clusterpanel.report.main_terms import design_facts, main_term
from clusterpanel.report.survival_facts import survival_rows
from clusterpanel.report.tables import Table, TableColumn, table_of

LIST_COLUMNS = (
    TableColumn("design", "Design"),
    TableColumn("term", "Term", "code"),
    TableColumn("label", "What it is"),
    *ESTIMATE_COLUMNS,
)
NOTE = (
    "Coefficients as estimated: a log point or a percentage point is 0.01. The files regressions.tex, "
    "regressions.md and regressions.csv hold one column per design."
)


def regressions_exhibit(results: Sequence[Result], labels: ColumnLabels, minimum_firms: int) -> Exhibit:
    """Return every coefficient, in the files a column per design, on the page a row per coefficient."""
    return Exhibit(
        "regressions",
        "Every coefficient",
        table=regression_table(results, minimum_firms),
        page_table=coefficient_list(results, labels),
        designs=tuple(result.label for result in results),
        formats=("csv", "tex", "md"),
        is_folded=True,
    )


def coefficient_list(results: Sequence[Result], labels: ColumnLabels) -> Table:
    """Return one row per coefficient, under its design and outcome."""
    records = [
        {
            "design": _heading(result, labels),
            "term": str(row["term"]),
            "label": labels.text(str(row["term"])),
            "estimate": beside(row["estimate"], row["std_error"]),
            "std_error": beside(row["std_error"], row["std_error"]),
            "interval": span(row["conf_low"], row["conf_high"], row["std_error"]),
            "p_value": row["p_value"],
        }
        for result in results
        for row in result.estimate.to_dict("records")
    ]
    return table_of(LIST_COLUMNS, records, (NOTE,), group="design")


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


def few_as_text(count: int | None, minimum_firms: int) -> int | str | None:
    """Return a count of firms, or that it is small."""
    return f"<{minimum_firms}" if count is not None and is_few(count, minimum_firms) else count


def _heading(result: Result, labels: ColumnLabels) -> str:
    facts = design_facts(result)
    kind = model_words(str(facts.get("estimator", "")))
    return f"{result.label}: {labels.text(str(facts.get('outcome', '')))}{kind}"


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
        *_ratio_row(results),
        *survival_rows(results),
        ("Within R²", *(significant(result.glance.get("r2_within")) for result in results)),
        ("Effects", *(", ".join(result.provenance.get("effects", ())) or MISSING for result in results)),
        ("Errors", *(str(result.provenance.get("vcov", MISSING)) for result in results)),
    ]


def _ratio_row(results: Sequence[Result]) -> list[tuple[str, ...]]:
    """Return the exposure's ratio in each model that has one; nothing where none has."""
    is_ratio = [design_facts(result).get("estimator") in RATIO_OF for result in results]
    cells = [
        main_term(result).reading() if has_one else MISSING
        for result, has_one in zip(results, is_ratio, strict=True)
    ]
    return [("Exposure's ratio", *cells)] if any(is_ratio) else []
