"""The gap between designs, such as pooled minus within: how much of the difference firms bring along."""

from collections.abc import Mapping, Sequence

from clusterpanel.models.result import Result
from clusterpanel.report.digits import significant
from clusterpanel.report.estimate_tables import axis_of
from clusterpanel.report.exhibits import Exhibit, Section
from clusterpanel.report.figures import Facet, Point, coefficient_figure
from clusterpanel.report.main_terms import MainTerm, main_term
from clusterpanel.report.tables import TableColumn, table_of
from clusterpanel.spec.design import ContrastSpec
from clusterpanel.spec.study import Study

GAP_SERIES = 3
COLUMNS = (
    TableColumn("contrast", "Contrast"),
    TableColumn("part", "Part"),
    TableColumn("weight", "Weight", "estimate"),
    TableColumn("estimate", "Estimate", "estimate"),
    TableColumn("std_error", "Std error", "estimate"),
    TableColumn("conf_low", "95 % from", "estimate"),
    TableColumn("conf_high", "to", "estimate"),
    TableColumn("p_value", "p", "p_value"),
)


def gap_section(study: Study, results: Mapping[str, Result]) -> Section | None:
    """Return the section with every contrast that has a result; nothing if none has."""
    found = [
        (contrast, parts_of(contrast, results))
        for contrast in study.spec.contrasts
        if contrast.name in results
    ]
    if not found:
        return None
    sentence = (
        "Each gap's error comes from the influence of every firm on both estimates, so what the two samples "
        "share is taken into account."
    )
    records = [
        {"contrast": f"{contrast.title} · {contrast.name}", "part": part, "weight": weight, **_numbers(term)}
        for contrast, parts in found
        for part, weight, term in parts
    ]
    exhibit = Exhibit(
        "sorting_gap",
        "Gaps between designs",
        table=table_of(COLUMNS, records, group="contrast"),
        figure=coefficient_figure([facet(contrast, parts) for contrast, parts in found]),
        alt=" ".join(_sentence(contrast, parts) for contrast, parts in found),
        designs=tuple(dict.fromkeys(term.label for _, parts in found for _, _, term in parts)),
    )
    return Section("gap", "Sorting: the gap between designs", (sentence,), (exhibit,))


def parts_of(
    contrast: ContrastSpec, results: Mapping[str, Result]
) -> list[tuple[str, float | None, MainTerm]]:
    """Return the name, weight and estimate of each of a contrast's designs, and last of the gap itself."""
    terms = [
        (term.design, term.weight, main_term(results[term.design]))
        for term in contrast.terms
        if term.design in results
    ]
    return [*terms, ("gap", None, main_term(results[contrast.name]))]


def facet(contrast: ContrastSpec, parts: Sequence[tuple[str, float | None, MainTerm]]) -> Facet:
    """Return a contrast as rows of one panel, the gap in a colour of its own."""
    first = parts[0][2]
    points = [
        Point(name, t.estimate, t.conf_low, t.conf_high, GAP_SERIES if weight is None else 0)
        for name, weight, t in parts
    ]
    return Facet(contrast.title, axis_of(first.estimator, first.outcome), tuple(points))


def _numbers(term: MainTerm) -> dict[str, float]:
    return {
        name: getattr(term, name) for name in ("estimate", "std_error", "conf_low", "conf_high", "p_value")
    }


def _sentence(contrast: ContrastSpec, parts: Sequence[tuple[str, float | None, MainTerm]]) -> str:
    listed = "; ".join(f"{name} {significant(term.estimate)}" for name, _, term in parts)
    return f"{contrast.title}: {listed}."
