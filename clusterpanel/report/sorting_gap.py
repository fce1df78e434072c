"""The gap between designs, such as pooled minus within: how much of the difference firms bring along."""

from collections.abc import Mapping, Sequence

from clusterpanel.models.result import Result
from clusterpanel.report.column_labels import ColumnLabels, labels_of
from clusterpanel.report.digits import fixed, listed, significant, whole
from clusterpanel.report.estimate_rows import ESTIMATE_COLUMNS, axis_of, point_of, unit_of, written
from clusterpanel.report.exhibits import Exhibit, Section
from clusterpanel.report.figures import Facet, coefficient_figure
from clusterpanel.report.main_terms import MainTerm, main_term
from clusterpanel.report.tables import Table, TableColumn, table_of
from clusterpanel.spec.design import ContrastSpec
from clusterpanel.spec.study import Study

GAP, GAP_SERIES = "gap", 3
PLACE = (
    TableColumn("contrast", "Contrast"),
    TableColumn("part", "Part", "code"),
    TableColumn("weight", "Weight", "cell"),
)
COUNTS = (TableColumn("n", "N", "whole"), TableColumn("firms", "Firms", "whole"))
NUMBERS = ("estimate", "std_error", "conf_low", "conf_high", "p_value")
FILE_COLUMNS = (*PLACE, *(TableColumn(name, name, "estimate") for name in NUMBERS), *COUNTS)
SORTING = (
    "If firms that do better anyway are found in clusters more often, comparing all firms shows a larger "
    "difference than following the same firms in and out of clusters; the gap between the two measures this "
    "sorting."
)
ERROR = (
    "A gap's standard error comes from the influence of every group, such as a firm, on each of its "
    "estimates, so what their samples share is taken into account."
)
Part = tuple[str, float | None, MainTerm]


def gap_section(study: Study, results: Mapping[str, Result]) -> Section | None:
    """Return the section with every contrast that has a result; nothing if none has."""
    found = [
        (contrast, parts_of(contrast, results))
        for contrast in study.spec.contrasts
        if contrast.name in results
    ]
    if not found:
        return None
    labels = labels_of(study)
    exhibit = Exhibit(
        "sorting_gap",
        "Gaps between designs",
        " ".join(sentence for contrast, parts in found if (sentence := samples_sentence(contrast, parts))),
        table=file_table(found),
        page_table=page_table(found, labels),
        figure=coefficient_figure([facet(contrast, parts, labels) for contrast, parts in found]),
        alt=" ".join(_sentence(contrast, parts, labels) for contrast, parts in found),
        designs=tuple(dict.fromkeys(term.label for _, parts in found for _, _, term in parts)),
    )
    is_sorting = any(_compares(parts) >= {"pooled", "within"} for _, parts in found)
    title = "Sorting: the gap between designs" if is_sorting else "Gaps between designs"
    text = f"{SORTING} {ERROR}" if is_sorting else ERROR
    return Section("gap", title, (text,), (exhibit,))


def _compares(parts: Sequence[Part]) -> set[str]:
    return {term.comparison for _, _, term in parts}


def parts_of(contrast: ContrastSpec, results: Mapping[str, Result]) -> list[Part]:
    """Return the name, weight and estimate of each of a contrast's designs, and last of the gap itself."""
    terms = [
        (term.design, term.weight, main_term(results[term.design]))
        for term in contrast.terms
        if term.design in results
    ]
    return [*terms, (GAP, None, main_term(results[contrast.name]))]


def file_table(found: Sequence[tuple[ContrastSpec, list[Part]]]) -> Table:
    """Return the parts and gaps with coefficients as they were estimated."""
    records = [
        {"contrast": contrast.name, "part": part, "weight": weight, **_counts(weight, term)}
        | {name: getattr(term, name) for name in NUMBERS}
        for contrast, parts in found
        for part, weight, term in parts
    ]
    return table_of(FILE_COLUMNS, records)


def page_table(found: Sequence[tuple[ContrastSpec, list[Part]]], labels: ColumnLabels) -> Table:
    """Return the parts and gaps under their contrast, in the unit of its first part."""
    records = [
        {
            "contrast": _heading(contrast, parts, labels),
            "part": part,
            "weight": None if weight is None else _weight(weight),
            **written(term, unit_of(parts[0][2], labels)),
            **_counts(weight, term),
        }
        for contrast, parts in found
        for part, weight, term in parts
    ]
    codes = {_heading(contrast, parts, labels): contrast.name for contrast, parts in found}
    return table_of((*PLACE, *ESTIMATE_COLUMNS, *COUNTS), records, group="contrast", codes=codes)


def facet(contrast: ContrastSpec, parts: Sequence[Part], labels: ColumnLabels) -> Facet:
    """Return a contrast as rows of one panel, the gap in a colour of its own."""
    first = parts[0][2]
    points = [
        point_of(term, unit_of(first, labels), name, GAP_SERIES if weight is None else None)
        for name, weight, term in parts
    ]
    return Facet(contrast.title, axis_of(first, labels), tuple(points))


def samples_sentence(contrast: ContrastSpec, parts: Sequence[Part]) -> str:
    """Return the samples of a contrast's designs where they are not the same; else nothing."""
    terms = [term for _, weight, term in parts if weight is not None]
    if len({(term.n, term.firms) for term in terms}) < 2:
        return ""
    sizes = [f"{term.label} on {whole(term.n)} firm-years of {whole(term.firms)} firms" for term in terms]
    why = (
        "a within design drops firms seen only once"
        if any(term.comparison == "within" for term in terms)
        else "they need different columns"
    )
    return (
        f"The parts of {contrast.name} rest on different samples, {listed(sizes)}, as {why}; part of the "
        "gap may come from that."
    )


def _heading(contrast: ContrastSpec, parts: Sequence[Part], labels: ColumnLabels) -> str:
    unit, _ = unit_of(parts[0][2], labels)
    return f"{contrast.title} · {unit}" if unit else contrast.title


def _counts(weight: float | None, term: MainTerm) -> dict[str, int | None]:
    return {"n": None, "firms": None} if weight is None else {"n": term.n, "firms": term.firms}


def _weight(weight: float) -> str:
    number = fixed(abs(weight), 0) if weight == int(weight) else significant(abs(weight))
    return f"{'+' if weight >= 0 else '−'}{number}"


def _sentence(contrast: ContrastSpec, parts: Sequence[Part], labels: ColumnLabels) -> str:
    unit = unit_of(parts[0][2], labels)
    terms = "; ".join(
        f"{name} {written(term, unit)['estimate']} {unit[0]}".strip() for name, _, term in parts
    )
    return f"{contrast.title}: {terms}."
