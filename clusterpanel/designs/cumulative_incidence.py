"""Cumulative incidence of each cause of exit by exposure, the other causes at work."""

from dataclasses import dataclass

from clusterpanel.designs.curve_errors import jackknife, jackknife_units, rule_words
from clusterpanel.designs.provenance import provenance_of
from clusterpanel.designs.survival_curves import sample_facts
from clusterpanel.designs.survival_rows import AGES, SurvivalTimes, draw_survival_rows, require_events
from clusterpanel.models.result import SurvivalCurves
from clusterpanel.models.survival.aalen_johansen import IncidenceVariance, incidence_curves
from clusterpanel.models.survival.intervals import Interval
from clusterpanel.models.survival.risk_counts import risk_sets
from clusterpanel.panel.panel import Panel
from clusterpanel.spec.design import DesignSpec

RULES = {
    "greenwood": "Greenwood's variance for several causes (Dinse and Larson)",
    "aalen": "Aalen's variance",
}


@dataclass(frozen=True)
class IncidenceCurves(SurvivalCurves):
    """Cumulative incidence by cause, group and age.

    Attributes
    ----------
    curve : DataFrame
        One row per cause, group and time: cause, group, time, at_risk, events (of all causes), censored,
        cause_events, incidence, std_error, conf_low, conf_high.
    label, glance, provenance
        As in `SurvivalCurves`; glance["causes"] counts the events of each cause.
    """


def cumulative_incidence(
    design: DesignSpec,
    panel: Panel,
    *,
    cause: str,
    times: SurvivalTimes = AGES,
    interval: Interval = "log-log",
    level: float = 0.95,
    variance: IncidenceVariance = "greenwood",
    grouped_by: str | None = None,
) -> IncidenceCurves:
    """Estimate the probability of an exit by each cause by each age, for each exposure group.

    Parameters
    ----------
    design : DesignSpec
        Its outcome is yes where a row ends with an exit; its exposure makes the groups.
    panel : Panel
    cause : str
        The column of text that says why, such as exit_cause; where it is missing the cause is "unknown".
    times : SurvivalTimes
        The columns of start and stop, if not the firm's age.
    interval, level, variance
        See `clusterpanel.models.survival.aalen_johansen`.
    grouped_by : str, optional
        The column errors are grouped by, where rows of different firms are related; the variance is then the
        infinitesimal jackknife's.

    Raises
    ------
    NotIdentifiedError
        All rows share one exposure, nobody exits, or the sample is empty.
    SpecError
        The panel lacks a column, or the design asks for what survival curves cannot do.
    """
    rows = draw_survival_rows(design, panel, times, cause=cause, grouped_by=grouped_by)
    require_events(rows)
    sets = risk_sets(rows.episodes, len(rows.groups.labels), len(rows.causes))
    units = jackknife_units(design, rows)
    found = jackknife(rows, sets, units)
    chosen = variance if found is None else found.incidence
    curve = incidence_curves(
        sets, rows.groups.labels, rows.causes, interval=interval, level=level, variance=chosen
    )
    counts = sets.events.sum(axis=(1, 2)).astype(int).tolist()
    glance = {
        **sample_facts(rows, sets),
        "level": level,
        "causes": dict(zip(rows.causes, counts, strict=True)),
    }
    rule = f"{rule_words(units, RULES[variance])}, {interval} intervals"
    record = provenance_of(design, rows.rows, rule=rule, digest=rows.digest(), notes=rows.groups.notes)
    return IncidenceCurves(design.name, curve, glance, {**record, "cause": cause})
