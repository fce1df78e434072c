"""The table of time at risk and exits by exposure and year, few firms hidden."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from clusterpanel.models.result import SurvivalCurves
from clusterpanel.report.column_labels import ColumnLabels, capitalised
from clusterpanel.report.disclosure import hidden_cells, is_few
from clusterpanel.report.exhibits import Exhibit
from clusterpanel.report.labels import exposure_words, group_name
from clusterpanel.report.main_terms import design_facts
from clusterpanel.report.tables import SUPPRESSED, TableColumn, table_of

COLUMNS = (
    TableColumn("group", "Firms"),
    TableColumn("year", "Year", "cell"),
    TableColumn("firms", "Firms", "whole"),
    TableColumn("time_at_risk", "Firm-years at risk", "whole"),
    TableColumn("events", "Exits", "whole"),
    TableColumn("rate", "Exits per firm-year", "percent"),
    TableColumn("conf_low", "95 % from", "percent"),
    TableColumn("conf_high", "to", "percent"),
)
OTHER_UNITS = {"time_at_risk": "Time at risk", "rate": "Exits per unit of time"}
COUNTED = ("firms", "time_at_risk", "events", "rate", "conf_low", "conf_high")
CAPTION = (
    "A firm is at risk in each year of the sample; its exits are those told by the outcome. Intervals are "
    "exact for a Poisson count."
)

Record = Mapping[str, Any]


def exposure_time_exhibit(
    label: str, curves: SurvivalCurves, labels: ColumnLabels, minimum_firms: int
) -> Exhibit | None:
    """Return the table of a survival design; nothing where the design does not tell it."""
    records: Sequence[Record] = curves.glance.get("exposure_time", ())
    if not records:
        return None
    facts = design_facts(curves)
    exposure = str(facts.get("exposure", "group"))
    other = OTHER_UNITS if facts.get("stop") else {}
    columns = [replace(column, label=other.get(column.name, column.label)) for column in COLUMNS]
    groups = sorted({record["group"] for record in records}, reverse=True)
    hidden = _hidden(records, minimum_firms)
    shown = [
        {**_written(record, hidden), "group": capitalised(group_name(exposure, group))}
        for group in groups
        for record in records
        if record["group"] == group
    ]
    return Exhibit(
        f"exposure_time_{label}",
        f"Time at risk and exits by {exposure_words(exposure, labels)} and year",
        CAPTION,
        table=table_of(columns, shown, group="group"),
        designs=(label,),
        is_folded=True,
    )


def _hidden(records: Sequence[Record], minimum_firms: int) -> set[tuple[str, int | None]]:
    """Return the groups and years of few firms, and those from which they could be worked out."""
    years = set()
    for group in {record["group"] for record in records}:
        mine = [record for record in records if record["group"] == group and record["year"] is not None]
        cells = hidden_cells([int(record["firms"]) for record in mine], minimum_firms)
        years |= {record["year"] for record, is_hidden in zip(mine, cells, strict=True) if is_hidden}
    # A year that is hidden in one group is hidden in all: the year's total may be known from elsewhere.
    return {
        (record["group"], record["year"])
        for record in records
        if record["year"] in years or (record["year"] is None and is_few(int(record["firms"]), minimum_firms))
    }


def _written(record: Record, hidden: set[tuple[str, int | None]]) -> dict[str, Any]:
    is_hidden = (record["group"], record["year"]) in hidden
    year = "all" if record["year"] is None else str(record["year"])
    return {**record, **dict.fromkeys(COUNTED if is_hidden else (), SUPPRESSED), "year": year}
