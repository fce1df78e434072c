"""Survival curves by exposure, cut where too few firms are left to show."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from clusterpanel.models.result import SurvivalCurves
from clusterpanel.report.column_labels import ColumnLabels, capitalised, labels_of
from clusterpanel.report.disclosure import Results
from clusterpanel.report.exhibits import Exhibit, Section
from clusterpanel.report.exposure_time_table import exposure_time_exhibit
from clusterpanel.report.labels import exposure_words, group_name
from clusterpanel.report.main_terms import design_facts
from clusterpanel.report.survival_figure import SurvivalLine, survival_figure
from clusterpanel.report.survival_sentences import final_sentence, log_rank_sentence, mean_sentence
from clusterpanel.report.tables import TableColumn, table_of
from clusterpanel.spec.study import Study

SHOWN = ("time", "at_risk", "survival", "conf_low", "conf_high")
COLUMNS = (
    TableColumn("group", "Firms"),
    TableColumn("time", "Age", "number"),
    TableColumn("at_risk", "At risk", "whole"),
    TableColumn("survival", "Surviving", "percent"),
    TableColumn("conf_low", "95 % from", "percent"),
    TableColumn("conf_high", "to", "percent"),
)


def survival_section(study: Study, results: Results) -> Section | None:
    """Return the section with every survival curve that may be shown; nothing if there is none."""
    curves = {label: r for label, r in results.items() if isinstance(r, SurvivalCurves)}
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
    return Section("survival", "Survival", (), tuple(exhibits)) if exhibits else None


def survival_exhibit(label: str, curves: SurvivalCurves, labels: ColumnLabels, minimum_firms: int) -> Exhibit:
    """Return one design's curves as a figure and a table."""
    shown = shown_lines(curves, minimum_firms)
    lines = list(shown.values())
    caption = (
        "Kaplan-Meier estimates with 95 % bands, not adjusted for anything. Age is counted in years from the "
        "firm's birth year in the register. A firm is at risk from the age at which it is first seen, so "
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
        figure=survival_figure(lines, "age of the firm (years since its birth year)") if lines else None,
        alt=" ".join(map(final_sentence, lines)),
        designs=(label,),
        is_folded=True,
    )


def survival_lines(curves: SurvivalCurves, minimum_firms: int) -> list[SurvivalLine]:
    """Return each group's curve over the first stretch of time with at least `minimum_firms` firms at risk.

    With late entry few firms may be at risk at first; such a stretch is left out too. A curve that is shown
    from its start begins at one.
    """
    return list(shown_lines(curves, minimum_firms).values())


def shown_lines(curves: SurvivalCurves, minimum_firms: int) -> dict[Any, SurvivalLine]:
    """Return the line of each group that has one, by the name the curves give the group."""
    exposure = str(design_facts(curves).get("exposure", "group"))
    lines = {}
    for group in sorted(curves.curve["group"].unique(), key=str, reverse=True):
        curve = curves.curve[curves.curve["group"] == group].sort_values("time")
        is_enough = curve["at_risk"] >= minimum_firms
        shown = curve[is_enough & ((~is_enough).cumsum() == (~is_enough).cumsum()[is_enough].min())]
        if not shown.empty:
            whole_curve = _from_one(shown) if is_enough.iloc[0] else shown[list(SHOWN)].astype(float)
            lines[group] = SurvivalLine(group_name(exposure, group), whole_curve.reset_index(drop=True))
    return lines


def _from_one(curve: pd.DataFrame) -> pd.DataFrame:
    kept = curve[list(SHOWN)].astype(float)
    if kept["time"].iloc[0] <= 0:
        return kept
    start: Mapping[str, Any] = {
        "time": [0.0],
        "at_risk": [kept["at_risk"].iloc[0]],
        "survival": [1.0],
        "conf_low": [1.0],
        "conf_high": [1.0],
    }
    return pd.concat([pd.DataFrame(start), kept], ignore_index=True)


def _cut(curves: SurvivalCurves, lines: Sequence[SurvivalLine], minimum_firms: int) -> str:
    rows = sum(len(line.curve) - int(line.curve["time"].iloc[0] == 0) for line in lines)
    is_cut = rows < int((curves.curve["time"] > 0).sum())
    return f"Curves are shown only where at least {minimum_firms} firms are at risk." if is_cut else ""
