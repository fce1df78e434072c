"""Survival curves by exposure, cut where too few firms are left to show."""

from collections.abc import Sequence

from clusterpanel.designs.cumulative_incidence import IncidenceCurves
from clusterpanel.models.result import SurvivalCurves
from clusterpanel.report.column_labels import ColumnLabels, capitalised, labels_of
from clusterpanel.report.disclosure import Results
from clusterpanel.report.exhibits import Exhibit, Section
from clusterpanel.report.exposure_time_table import exposure_time_exhibit
from clusterpanel.report.incidence_section import incidence_exhibits
from clusterpanel.report.labels import exposure_words
from clusterpanel.report.main_terms import design_facts
from clusterpanel.report.shown_lines import shown_lines
from clusterpanel.report.survival_figure import SurvivalLine, survival_figure
from clusterpanel.report.survival_sentences import (
    axis_words,
    final_sentence,
    log_rank_sentence,
    mean_sentence,
)
from clusterpanel.report.tables import TableColumn, table_of
from clusterpanel.spec.study import Study

COLUMNS = (
    TableColumn("group", "Firms"),
    TableColumn("time", "Age", "number"),
    TableColumn("at_risk", "At risk", "whole"),
    TableColumn("survival", "Surviving", "percent"),
    TableColumn("conf_low", "95 % from", "percent"),
    TableColumn("conf_high", "to", "percent"),
)

AGES = "Age is counted in years from the firm's birth year in the register."


def survival_section(study: Study, results: Results) -> Section | None:
    """Return the section with every survival curve that may be shown; nothing if there is none."""
    competing = {label: r for label, r in results.items() if isinstance(r, IncidenceCurves)}
    curves = {
        label: r for label, r in results.items() if isinstance(r, SurvivalCurves) and label not in competing
    }
    minimum, labels = study.spec.report.minimum_firms, labels_of(study)
    exhibits = [
        exhibit
        for label, found in curves.items()
        for exhibit in (
            survival_exhibit(label, found, labels, minimum),
            exposure_time_exhibit(label, found, labels, minimum),
        )
        if exhibit is not None
    ]
    for label, found in competing.items():
        exhibits += incidence_exhibits(label, found, labels, minimum)
    return Section("survival", "Survival", (), tuple(exhibits)) if exhibits else None


def survival_exhibit(label: str, curves: SurvivalCurves, labels: ColumnLabels, minimum_firms: int) -> Exhibit:
    """Return one design's curves as a figure and a table."""
    shown = shown_lines(curves, minimum_firms)
    lines = list(shown.values())
    clock = str(design_facts(curves).get("stop") or "")
    caption = (
        "Kaplan-Meier estimates with 95 % bands, not adjusted for anything. "
        f"{'' if clock else AGES} A firm is at risk from the time at which it is first seen, so "
        "older firms enter late; one whose exposure changes moves from one curve to the other. "
        f"{_cut(curves, lines, minimum_firms)} {mean_sentence(curves, list(shown), lines)} "
        f"{log_rank_sentence(curves, minimum_firms)}"
    )
    records = [
        {"group": capitalised(line.label), **{str(key): value for key, value in row.items()}}
        for line in lines
        for row in line.curve.to_dict("records")
    ]
    return Exhibit(
        f"survival_{label}",
        f"Survival by {exposure_words(str(design_facts(curves).get('exposure', 'group')), labels)}",
        " ".join(caption.split()),
        table=table_of(COLUMNS, records, group="group"),
        figure=survival_figure(lines, axis_words(clock)) if lines else None,
        alt=" ".join(map(final_sentence, lines)),
        designs=(label,),
        is_folded=True,
    )


def _cut(curves: SurvivalCurves, lines: Sequence[SurvivalLine], minimum_firms: int) -> str:
    rows = sum(len(line.curve) - int(line.curve["time"].iloc[0] == 0) for line in lines)
    is_cut = rows < int((curves.curve["time"] > 0).sum())
    return f"Curves are shown only where at least {minimum_firms} firms are at risk." if is_cut else ""
