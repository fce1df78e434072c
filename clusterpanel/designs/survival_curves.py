"""Estimate survival curves by exposure: firms enter the risk set at the age at which they are first seen."""

from collections.abc import Mapping
from math import sqrt
from typing import Any

import numpy as np
import pandas as pd

from clusterpanel.designs.curve_errors import jackknife, jackknife_units, rule_words
from clusterpanel.designs.exposure_groups import ExposureGroups
from clusterpanel.designs.exposure_time import exposure_records
from clusterpanel.designs.provenance import provenance_of
from clusterpanel.designs.survival_rows import AGES, SurvivalRows, SurvivalTimes, draw_survival_rows
from clusterpanel.errors import NotIdentifiedError
from clusterpanel.models.result import SurvivalCurves
from clusterpanel.models.survival.intervals import Interval
from clusterpanel.models.survival.kaplan_meier import survival_curves
from clusterpanel.models.survival.log_rank import log_rank_test
from clusterpanel.models.survival.quantiles import survival_quantiles
from clusterpanel.models.survival.risk_counts import RiskSets, risk_sets
from clusterpanel.panel.panel import Panel
from clusterpanel.spec.design import DesignSpec

GREENWOOD = "Greenwood's variance"


def estimate_kaplan_meier(
    design: DesignSpec,
    panel: Panel,
    times: SurvivalTimes = AGES,
    *,
    interval: Interval = "log-log",
    level: float = 0.95,
    grouped_by: str | None = None,
) -> SurvivalCurves:
    """Estimate one survival curve per value of the exposure, or per third of it.

    A row at age a is a firm under observation from a to a + 1 and, if the outcome is yes, an exit before
    a + 1. A firm whose exposure changes leaves the one curve's risk set and enters the other's.

    Parameters
    ----------
    design : DesignSpec
    panel : Panel
    times : SurvivalTimes
        The columns of start and stop, if not the firm's age.
    interval : "log-log", "log" or "plain"
        R's survfit takes "log" where nothing is said.
    level : float
        The intervals' coverage.
    grouped_by : str, optional
        The column errors are grouped by, where rows of different firms are related; by default firms are
        independent and the variance is Greenwood's, or by firm if rows have weights.

    Raises
    ------
    NotIdentifiedError
        All rows share one exposure, or the sample is empty.
    SpecError
        The panel lacks a column, or the design asks for what survival curves cannot do.
    """
    rows = draw_survival_rows(design, panel, times, grouped_by=grouped_by)
    sets = risk_sets(rows.episodes, len(rows.groups.labels))
    units = jackknife_units(design, rows)
    found = jackknife(rows, sets, units)
    variance = None if found is None else found.survival
    curve = survival_curves(sets, rows.groups.labels, interval, level, variance)
    glance = {
        **sample_facts(rows, sets),
        "level": level,
        "medians": _medians(curve),
        "exposure_time": exposure_records(rows, panel.time),
        **_test_facts(sets),
    }
    notes = (*rows.groups.notes, *_emptied(curve, rows.groups))
    rule = f"{rule_words(units, GREENWOOD)}, {interval} intervals"
    record = provenance_of(design, rows.rows, rule=rule, digest=rows.digest(), notes=notes)
    return SurvivalCurves(design.name, curve, glance, record)


def sample_facts(rows: SurvivalRows, sets: RiskSets) -> Mapping[str, Any]:
    """Return what a reader must know of the sample that curves come from."""
    events, count = int(rows.episodes.is_event.sum()), rows.rows.rows
    share = events / count
    labels, codes = rows.groups.labels, rows.groups.codes
    return {
        "n": count,
        "firms": rows.firms.levels,
        "switchers": len(np.unique(rows.firms.codes[1:][rows.changes()])),
        "events": events,
        "mean_outcome": share,
        "sd_outcome": sqrt(share * (1 - share) * count / (count - 1)) if count > 1 else None,
        "levels": dict(zip(labels, np.bincount(codes, minlength=len(labels)).tolist(), strict=True)),
        "firms_by_group": rows.firms_by_group(),
        "episodes": int(sets.events.sum() + sets.censored.sum()),
    }


def _medians(curve: pd.DataFrame) -> list[dict[str, Any]]:
    """Return each group's median and its limits in plain numbers; None where the curve stays above a half."""
    found = survival_quantiles(curve).drop(columns="share")
    records = found.astype(object).where(found.notna(), None).to_dict("records")
    return [{str(name): value for name, value in record.items()} for record in records]


def _test_facts(sets: RiskSets) -> Mapping[str, Any]:
    """Return the log-rank test; nothing where no event can be compared, or rows have weights."""
    if sets.has_weights:
        return {}
    try:
        test = log_rank_test(sets)
    except NotIdentifiedError:
        return {}
    facts = {
        "statistic": test.statistic,
        "degrees_of_freedom": test.degrees_of_freedom,
        "p_value": test.p_value,
    }
    return {"log_rank": facts}


def _emptied(curve: pd.DataFrame, groups: ExposureGroups) -> list[str]:
    """Say where a risk set died out while later ages are still seen: the curve is stuck at 0."""
    notes = []
    for label in groups.labels:
        rows = curve[curve["group"] == label]
        dead = rows[rows["survival"] == 0]
        if len(dead) > 1 or (len(dead) == 1 and dead["time"].iloc[0] < rows["time"].max()):
            age = dead["time"].iloc[0]
            notes.append(
                f"All firms at risk in the group {label} exit by age {age:g}, though older ones enter later."
            )
    return notes
