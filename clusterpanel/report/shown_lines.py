"""Which stretch of a survival curve may be shown."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from clusterpanel.models.result import SurvivalCurves
from clusterpanel.report.labels import group_name
from clusterpanel.report.main_terms import design_facts
from clusterpanel.report.survival_figure import SurvivalLine

SHOWN = ("time", "at_risk", "survival", "conf_low", "conf_high")


def survival_lines(curves: SurvivalCurves, minimum_firms: int) -> list[SurvivalLine]:
    """Return each group's curve over the first stretch of time with at least `minimum_firms` firms at risk.

    With late entry few firms may be at risk at first; such a stretch is left out too. A curve that is shown
    from its start begins at one.
    """
    return list(shown_lines(curves, minimum_firms).values())


def shown_lines(curves: SurvivalCurves, minimum_firms: int) -> dict[Any, SurvivalLine]:
    """Return the line of each group that has one, by the name the curves give the group."""
    exposure = str(design_facts(curves).get("exposure", "group"))
    clock = str(design_facts(curves).get("stop") or "")
    lines = {}
    for group in sorted(curves.curve["group"].unique(), key=str, reverse=True):
        curve = curves.curve[curves.curve["group"] == group].sort_values("time")
        is_enough = curve["at_risk"] >= minimum_firms
        shown = curve[is_enough & ((~is_enough).cumsum() == (~is_enough).cumsum()[is_enough].min())]
        if not shown.empty:
            whole_curve = _from_one(shown) if is_enough.iloc[0] else shown[list(SHOWN)].astype(float)
            lines[group] = SurvivalLine(
                group_name(exposure, group), whole_curve.reset_index(drop=True), clock
            )
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
