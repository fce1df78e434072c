"""The sample flow as tables: what every stage and every design took, made, set aside and passed on."""

import re
from collections.abc import Sequence
from dataclasses import asdict, fields

from clusterpanel.clusters.cluster_map import ClusterMap
from clusterpanel.engine.sample_flow import FlowStep
from clusterpanel.panel.panel import Panel
from clusterpanel.registry.registry import Registry
from clusterpanel.report.column_labels import capitalised
from clusterpanel.report.digits import whole
from clusterpanel.report.disclosure import Results
from clusterpanel.report.exhibits import Exhibit, Section
from clusterpanel.report.tables import Table, TableColumn, table_of

COLUMNS = (
    TableColumn("stage", "Stage"),
    TableColumn("step", "Step"),
    TableColumn("table", "Table", "code"),
    TableColumn("rows_in", "Rows in", "whole"),
    TableColumn("rows_made", "Made", "whole"),
    TableColumn("rows_set_aside", "Set aside", "whole"),
    TableColumn("rows_out", "Rows out", "whole"),
    TableColumn("reason", "Reason"),
)
STAGES = {
    "ingest": "Reading the registers",
    "geocode": "Geocoding",
    "clusters": "Clusters and exposure",
    "panel": "Panel",
}
FLOW_FIELDS = frozenset(field.name for field in fields(FlowStep))


def flow_section(registry: Registry, clusters: ClusterMap, panel: Panel, results: Results) -> Section:
    """Return the section that accounts for every row."""
    stages = flow_table(stage_steps(registry, clusters, panel))
    exhibits = [
        Exhibit(
            "sample_flow",
            "From the registers to the panel",
            "Steps with nothing to tell are left out, but for the first and the last of each table."
            if len(telling_steps(stages).rows) < len(stages.rows)
            else "",
            table=stages,
            page_table=telling_steps(stages),
            has_whole_below=True,
        )
    ]
    steps = [step for result in results.values() for step in design_steps(result.provenance.get("flow", ()))]
    if steps:
        designs = Exhibit(
            "sample_flow_designs",
            "From the panel to each design's sample",
            table=flow_table(steps),
            designs=tuple(results),
            is_folded=True,
        )
        exhibits.append(designs)
    sentence = "At every step, rows in and rows made equal rows out and rows set aside; nothing else is lost."
    return Section("flow", "Sample flow", (sentence,), tuple(exhibits))


def stage_steps(registry: Registry, clusters: ClusterMap, panel: Panel) -> list[FlowStep]:
    """Return the steps of all stages in order; a stage may repeat the flow of the one before it."""
    steps = list(registry.flow)
    for flow in (clusters.flow, panel.flow):
        known = set(steps)
        steps += [step for step in flow if step not in known]
    return steps


def design_steps(flow: Sequence[object]) -> list[FlowStep]:
    """Return the steps that a result keeps, as steps or as their dicts."""
    return [
        step
        if isinstance(step, FlowStep)
        else FlowStep(**{k: v for k, v in dict(step).items() if k in FLOW_FIELDS})  # type: ignore[call-overload]
        for step in flow
    ]


def flow_table(steps: Sequence[FlowStep]) -> Table:
    """Return one row per step, under its stage."""
    records = [
        asdict(step)
        | {
            "stage": STAGES.get(step.stage, step.stage),
            "step": capitalised(step.step),
            "reason": capitalised(separated(step.reason)) or ("" if not step.rows_set_aside else None),
        }
        for step in steps
    ]
    return table_of(COLUMNS, records, group="stage")


def telling_steps(flow: Table) -> Table:
    """Return the steps that make rows or set some aside, and the first and last step of each table."""
    tables = flow.column("table")
    ends = {tables.index(name) for name in tables} | {
        len(tables) - 1 - tables[::-1].index(name) for name in tables
    }
    told = zip(flow.column("rows_made"), flow.column("rows_set_aside"), flow.column("reason"), strict=True)
    kept = [place for place, facts in enumerate(told) if any(facts) or place in ends]
    rows = tuple(flow.rows[place] for place in kept)
    return Table(flow.columns, rows, flow.notes, flow.group)


def separated(text: str, digits: int = 5) -> str:
    """Return a text with separators in its long numbers; a year has four digits, so five are long."""
    long = rf"(?<![\w.,])\d{{{digits},}}(?![\w.,]\d|\w)"
    return re.sub(long, lambda match: whole(int(match.group())), text)
