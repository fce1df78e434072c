"""Add a study's columns of weights to its panel."""

from pathlib import Path

from clusterpanel.designs.inverse_probability import WeightedPanel, exposure_weights, staying_weights
from clusterpanel.engine.firm_blocks import write_firm_blocks
from clusterpanel.engine.sample_flow import FlowStep
from clusterpanel.engine.table_folder import TableFolder
from clusterpanel.panel.assemble import PANEL_FILE
from clusterpanel.panel.panel import Panel
from clusterpanel.spec.panel_weights import PanelWeights, StayingWeights


def write_weighted_panel(specs: tuple[PanelWeights, ...], panel: Panel, folder: Path) -> None:
    """Write the panel with a column for each spec, and a step of the flow that says what each is like.

    Raises
    ------
    NotIdentifiedError
        Nobody leaves or is exposed, or a predictor foretells who is.
    """
    steps, weighted = [], panel
    for spec in specs:
        found = _weigh(spec, weighted)
        weighted = found.panel
        steps.append(_step(found))
    tables = TableFolder.at(folder)
    rows = weighted.read(weighted.columns)
    write_firm_blocks(rows, panel.firm, tables.paths[-1] / PANEL_FILE)
    tables.write_flow(tuple(steps))


def _weigh(spec: PanelWeights, panel: Panel) -> WeightedPanel:
    if isinstance(spec, StayingWeights):
        return staying_weights(
            panel,
            spec.predictors,
            leaves=spec.leaves,
            numerator=spec.numerator,
            truncate=spec.truncate,
            name=spec.name,
        )
    return exposure_weights(
        panel,
        spec.exposure,
        spec.predictors,
        numerator=spec.numerator,
        truncate=spec.truncate,
        name=spec.name,
    )


def _step(found: WeightedPanel) -> FlowStep:
    facts, rows = found.facts, found.facts["rows"]
    reason = (
        f"no row is lost; mean {facts['mean']:.3g}, from {facts['smallest']:.3g} to {facts['largest']:.3g}, "
        f"{facts['truncated']} rows truncated, {facts['missing']} rows without a weight, worth "
        f"{facts['effective_rows']:.0f} rows of equal weight"
    )
    if found.balance is not None:
        before, after = (found.balance[name].abs().max() for name in ("difference", "weighted_difference"))
        reason += f"; the largest standardised difference falls from {before:.2f} to {after:.2f}"
    return FlowStep("weights", f"weigh by {found.name}", "panel", rows, rows, reason=reason)
