"""Restricted mean survival time of each exposure group, and how far groups are apart."""

from itertools import combinations

import numpy as np
import pandas as pd

from clusterpanel.designs.curve_errors import jackknife_units, rule_words
from clusterpanel.designs.encode import dictionary
from clusterpanel.designs.provenance import provenance_of
from clusterpanel.designs.survival_curves import sample_facts
from clusterpanel.designs.survival_rows import AGES, SurvivalRows, SurvivalTimes, draw_survival_rows
from clusterpanel.errors import NotIdentifiedError
from clusterpanel.models.arrays import Codes, Floats
from clusterpanel.models.fit import coefficient_table
from clusterpanel.models.result import Result
from clusterpanel.models.survival.jackknife import restricted_mean_influence
from clusterpanel.models.survival.restricted_mean import restricted_means
from clusterpanel.models.survival.risk_counts import RiskSets, risk_sets
from clusterpanel.panel.panel import Panel
from clusterpanel.spec.design import DesignSpec


def restricted_mean_survival(
    design: DesignSpec,
    panel: Panel,
    until: float | None = None,
    times: SurvivalTimes = AGES,
    grouped_by: str | None = None,
) -> Result:
    """Estimate the time lived up to an age in each exposure group, and the differences between groups.

    Parameters
    ----------
    design : DesignSpec
        Its outcome is yes where a row ends with the event; its exposure makes the groups.
    panel : Panel
    until : float, optional
        The time up to which is counted; by default the last one at which every group has a firm at risk.
    times : SurvivalTimes
        The columns of start and stop, if not the firm's age.
    grouped_by : str, optional
        The column errors are grouped by, where rows of different firms are related, such as firm_id or
        region_code; the result then has influences.

    Returns
    -------
    Result
        A term for each group, such as ``in_cluster = yes``, and one for each pair of groups, such as
        ``yes - no``. Units are those of time; tests and intervals are of the normal distribution.

    Raises
    ------
    NotIdentifiedError
        A group has no firm at risk at `until`, all rows share one exposure, or the sample is empty.
    SpecError
        The panel lacks a column, or the design asks for what survival curves cannot do.
    """
    rows = draw_survival_rows(design, panel, times, grouped_by=grouped_by)
    labels, units = rows.groups.labels, jackknife_units(design, rows)
    sets = risk_sets(rows.episodes, len(labels))
    until = _horizon(design, sets, labels, until)
    means = restricted_means(sets, until)
    terms, mix = _terms(design.exposure, labels)
    influence = None if units is None else _influence(rows, sets, until, units) @ mix.T
    matrix = mix @ np.diag(means.errors**2) @ mix.T if influence is None else influence.T @ influence
    rule = rule_words(units, "Irwin's variance, groups of firms taken as unrelated")
    record = provenance_of(design, rows.rows, rule=rule, digest=rows.digest(), notes=rows.groups.notes)
    return Result(
        design.name,
        coefficient_table(terms, mix @ means.means, np.sqrt(np.diag(matrix)), np.inf),
        _frame(influence, terms, rows, units),
        {**sample_facts(rows, sets), "until": until},
        {**record, "grouped_by": None if units is None else units.name},
        pd.DataFrame(matrix, index=list(terms), columns=list(terms)),
    )


def last_common_time(sets: RiskSets) -> float:
    """Return the last time at which every group has someone at risk."""
    return float(min(_ends(sets)))


def _ends(sets: RiskSets) -> list[float]:
    return [float(sets.times[np.flatnonzero(group > 0)[-1]]) for group in sets.at_risk]


def _horizon(design: DesignSpec, sets: RiskSets, labels: tuple[str, ...], until: float | None) -> float:
    last = last_common_time(sets)
    if until is None:
        return last
    if not 0 < until <= last:
        seen = zip(labels, _ends(sets), strict=True)
        told = ", ".join(f"{label} is seen up to {end:g}" for label, end in seen)
        raise NotIdentifiedError(
            f"{design.name} has no restricted mean up to {until:g}: {told}",
            hint=f"Ask for a time above 0 and up to {last:g}.",
        )
    return float(until)


def _terms(exposure: str, labels: tuple[str, ...]) -> tuple[tuple[str, ...], Floats]:
    """Return the names of groups and pairs, and each as a combination of groups."""
    pairs = list(combinations(range(len(labels)), 2))
    unit = np.eye(len(labels))
    names = [f"{exposure} = {label}" for label in labels]
    names += [f"{labels[later]} - {labels[first]}" for first, later in pairs]
    return tuple(names), np.array([*unit, *(unit[later] - unit[first] for first, later in pairs)])


def _influence(rows: SurvivalRows, sets: RiskSets, until: float, units: Codes) -> Floats:
    return restricted_mean_influence(rows.episodes, sets, until, units.codes, units.levels)


def _frame(
    influence: Floats | None, terms: tuple[str, ...], rows: SurvivalRows, units: Codes | None
) -> pd.DataFrame | None:
    if influence is None or units is None:
        return None
    names = rows.firm_names
    if names is None or units is not rows.firms:
        names = dictionary(rows.rows.table.column(units.name)).dictionary
    return pd.DataFrame(influence, index=pd.Index(names.to_pylist(), name=units.name), columns=list(terms))
