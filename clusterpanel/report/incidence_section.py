"""Cumulative incidence of each cause of exit by exposure, cut where too few firms are left to show."""

from collections.abc import Mapping
from dataclasses import replace

from clusterpanel.designs.cumulative_incidence import IncidenceCurves
from clusterpanel.models.result import SurvivalCurves
from clusterpanel.report.column_labels import ColumnLabels, capitalised
from clusterpanel.report.digits import percent
from clusterpanel.report.exhibits import Exhibit
from clusterpanel.report.labels import exposure_words
from clusterpanel.report.main_terms import design_facts
from clusterpanel.report.shown_lines import shown_lines
from clusterpanel.report.survival_figure import SurvivalLine, survival_figure
from clusterpanel.report.survival_sentences import axis_words, moment
from clusterpanel.report.tables import TableColumn, table_of

COLUMNS = (
    TableColumn("group", "Firms"),
    TableColumn("time", "Age", "number"),
    TableColumn("at_risk", "At risk", "whole"),
    TableColumn("survival", "Exited by this cause", "percent"),
    TableColumn("conf_low", "95 % from", "percent"),
    TableColumn("conf_high", "to", "percent"),
)
SHARES = ["survival", "conf_low", "conf_high"]
CAPTION = (
    "Aalen-Johansen estimates with 95 % bands: the share of firms that have exited by this cause by each "
    "time, the other causes at work, not adjusted for anything. A firm is at risk from the time at which it "
    "is first seen."
)


def incidence_exhibits(
    label: str, curves: IncidenceCurves, labels: ColumnLabels, minimum_firms: int
) -> list[Exhibit]:
    """Return a figure and a table for each cause."""
    exposure = exposure_words(str(design_facts(curves).get("exposure", "group")), labels)
    axis = axis_words(str(design_facts(curves).get("stop") or ""))
    exhibits = []
    for number, (cause, found) in enumerate(lines_by_cause(curves, minimum_firms).items(), 1):
        lines = list(found.values())
        records = [
            {"group": capitalised(line.label), **{str(key): value for key, value in row.items()}}
            for line in lines
            for row in line.curve.to_dict("records")
        ]
        exhibits.append(
            Exhibit(
                f"incidence_{label}_{number}",
                f"Exit by {cause}, by {exposure}",
                CAPTION,
                table=table_of(COLUMNS, records, group="group"),
                figure=survival_figure(lines, axis, f"share exited by {cause}") if lines else None,
                alt=" ".join(final_incidence(line, cause) for line in lines),
                designs=(label,),
                is_folded=True,
            )
        )
    return exhibits


def lines_by_cause(
    curves: IncidenceCurves, minimum_firms: int
) -> Mapping[str, Mapping[object, SurvivalLine]]:
    """Return the line of each group that may be shown, by cause; one shown from its start begins at 0."""
    return {
        str(cause): {
            group: _from_nothing(line)
            for group, line in shown_lines(_of_cause(curves, cause), minimum_firms).items()
        }
        for cause in curves.curve["cause"].unique()
    }


def final_incidence(line: SurvivalLine, cause: str) -> str:
    """Return how many of a group have exited by a cause at the end of its curve."""
    last = line.curve.iloc[-1]
    share = percent(last["survival"], 0)
    return f"{line.label.capitalize()}: {share} exit by {cause} up to {moment(last['time'], line.clock)}."


def _of_cause(curves: IncidenceCurves, cause: object) -> SurvivalCurves:
    own = curves.curve[curves.curve["cause"] == cause].rename(columns={"incidence": "survival"})
    return SurvivalCurves(curves.label, own, curves.glance, curves.provenance)


def _from_nothing(line: SurvivalLine) -> SurvivalLine:
    curve = line.curve.copy()
    curve.loc[curve["time"] <= 0, SHARES] = 0.0
    return replace(line, curve=curve)
