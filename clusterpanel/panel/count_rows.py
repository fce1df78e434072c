"""Count what became of the rows on the way into the panel."""

from collections.abc import Mapping
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pyarrow.parquet as pq

from clusterpanel.engine.sample_flow import FlowStep
from clusterpanel.engine.tables import run_query, unbound_table
from clusterpanel.panel.spells import is_followed
from clusterpanel.spec.study import PanelSpec


def panel_flow(spec: PanelSpec, inputs: Mapping[str, Path], panel: Path) -> tuple[FlowStep, ...]:
    """Return the panel stage's steps: main sites, accounts met, rows censored, values left empty."""
    rows = pq.read_metadata(panel).num_rows
    return (
        _main_site_step(inputs),
        *([_accounts_step(inputs)] if "accounts" in inputs else []),
        *_censor_steps(spec, inputs, rows),
        *([_continuity_step(panel, rows)] if spec.continuity else []),
        *_empty_value_steps(spec, panel, rows),
    )


def _rows(path: Path) -> int:
    return int(pq.read_metadata(path).num_rows)


def _main_site_step(inputs: Mapping[str, Path]) -> FlowStep:
    came, made = _rows(inputs["sites"]), _rows(inputs["firm_years"])
    reason = "another site of the firm is its main site of the year" if came > made else ""
    step = "let the main site stand for the firm"
    return FlowStep("panel", step, "sites", came, made, rows_set_aside=came - made, reason=reason)


def _accounts_step(inputs: Mapping[str, Path]) -> FlowStep:
    accounts = unbound_table("accounts", inputs["accounts"])
    met = accounts.semi_join(unbound_table("firm_years", inputs["firm_years"]), ["firm_id", "year"])
    came, joined = _rows(inputs["accounts"]), _count(met, inputs)
    reason = "the firm has no site in that year" if came > joined else ""
    aside = came - joined
    return FlowStep("panel", "join accounts", "accounts", came, joined, rows_set_aside=aside, reason=reason)


def _count(rows: ir.Table, inputs: Mapping[str, Path]) -> int:
    return int(run_query(rows.agg(rows=rows.count()), inputs).column("rows")[0].as_py())


def _censor_steps(spec: PanelSpec, inputs: Mapping[str, Path], kept: int) -> list[FlowStep]:
    if not spec.censor:
        return []
    firm_years = unbound_table("firm_years", inputs["firm_years"])
    dropped = _count(firm_years.filter(~is_followed(firm_years)), inputs)
    reason = "; ".join(f"{rule.reason} (after {rule.after_year})" for rule in spec.censor) if dropped else ""
    step = "stop following firms that the study's rules censor"
    return [FlowStep("panel", step, "panel", kept + dropped, kept, rows_set_aside=dropped, reason=reason)]


def _continuity_step(panel: Path, rows: int) -> FlowStep:
    """Say how many firms the study sees begin, by origin: those that are no true births are no entries."""
    table = unbound_table("panel", panel)
    firms = table.group_by("firm_id").agg(origin=table.origin.min())
    counts = run_query(
        firms.group_by("origin").agg(firms=firms.count()).order_by("origin"), {"panel": panel}
    ).to_pylist()
    told = ", ".join(f"{row['firms']} {row['origin']}" for row in counts)
    reason = f"no row is lost; firms by origin: {told}"
    return FlowStep("panel", "tell true births by flows of workers", "panel", rows, rows, reason=reason)


def _empty_value_steps(spec: PanelSpec, panel: Path, rows: int) -> list[FlowStep]:
    """Say how many derived values are empty because the rule has no answer, not the register."""
    table = unbound_table("panel", panel)
    ratios = {r.name: (table[r.numerator], table[r.denominator], table[r.name]) for r in spec.ratios}
    lost: dict[str, ir.BooleanColumn] = {
        f"{name} (denominator 0)": top.notnull() & bottom.notnull() & ratio.isnull()
        for name, (top, bottom, ratio) in ratios.items()
    }
    for name in spec.logs:
        lost[f"log_{name} (not above 0)"] = table[name].notnull() & table[f"log_{name}"].isnull()
    lost["age (seen before the year of birth)"] = table.is_birth_known & table.age.isnull()
    lost["is_exit (censored: the year after is not seen)"] = table.is_exit.isnull()
    sums = {f"c{place}": ibis.coalesce(condition.sum(), 0) for place, condition in enumerate(lost.values())}
    counts = run_query(table.agg(**sums), {"panel": panel}).to_pylist()[0]
    told = [f"{counts[f'c{place}']} {what}" for place, what in enumerate(lost) if counts[f"c{place}"]]
    reason = f"no row is lost; values left empty: {', '.join(told)}" if told else ""
    return [FlowStep("panel", "derive ratios, logs, ages and exits", "panel", rows, rows, reason=reason)]
