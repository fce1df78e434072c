"""Tests that curves of exposure groups are the same: the log-rank family, and Gray's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from clusterpanel.designs.provenance import provenance_of
from clusterpanel.designs.survival_rows import (
    AGES,
    SurvivalRows,
    SurvivalTimes,
    draw_survival_rows,
    number_of,
    require_events,
)
from clusterpanel.errors import Fault, SpecError
from clusterpanel.models.survival.gray import gray_test as gray_test_of
from clusterpanel.models.survival.log_rank import GroupTest, LogRankFamily, log_rank_test
from clusterpanel.models.survival.risk_counts import risk_sets
from clusterpanel.panel.panel import Panel
from clusterpanel.spec.design import DesignSpec

FAMILIES = {
    "log_rank": "log-rank test",
    "gehan": "Gehan-Breslow-Wilcoxon test",
    "tarone_ware": "Tarone-Ware test",
    "peto_peto": "Peto-Peto test",
    "fleming_harrington": "Fleming-Harrington test, rho {rho:g}, gamma {gamma:g}",
}


@dataclass(frozen=True)
class CurveTest:
    """A test that the curves of all groups are the same.

    Attributes
    ----------
    label : str
        The design's name.
    test : str
        The test in words.
    statistic : float
        Chi-squared under the hypothesis.
    degrees_of_freedom : int
    p_value : float
    table : DataFrame
        One row per group: group, observed, expected (events, weighted as the test weights them).
    glance, provenance : mapping
        As in `Result`.
    """

    label: str
    test: str
    statistic: float
    degrees_of_freedom: int
    p_value: float
    table: pd.DataFrame
    glance: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def tidy(self) -> pd.DataFrame:
        """Return one row: test, statistic, degrees_of_freedom, p_value."""
        return pd.DataFrame(
            {
                "test": [self.test],
                "statistic": [self.statistic],
                "degrees_of_freedom": [self.degrees_of_freedom],
                "p_value": [self.p_value],
            }
        )


def log_rank(
    design: DesignSpec,
    panel: Panel,
    family: LogRankFamily = "log_rank",
    *,
    rho: float = 1.0,
    gamma: float = 0.0,
    strata: Sequence[str] = (),
    times: SurvivalTimes = AGES,
) -> CurveTest:
    """Test whether the hazard is the same in all exposure groups.

    Parameters
    ----------
    design : DesignSpec
        Its outcome is yes where a row ends with the event; its exposure makes the groups.
    panel : Panel
    family : str
        Which event times weigh more; see `clusterpanel.models.survival.log_rank.log_rank_test`.
    rho, gamma : float
        Of the family fleming_harrington.
    strata : sequence of str
        Columns within whose joint values groups are compared.
    times : SurvivalTimes
        The columns of start and stop, if not the firm's age.

    Raises
    ------
    NotIdentifiedError
        No event happens while two groups are at risk, all rows share one exposure, or the sample is empty.
    SpecError
        The panel lacks a column, or the design asks for what survival curves cannot do.

    Notes
    -----
    A firm counts in the group it is in at the time. Firms of a region or industry are taken as independent;
    where they are not, a Cox model with grouped errors is the test to take.
    """
    _refuse_weights(design)
    rows = draw_survival_rows(design, panel, times, strata=strata)
    require_events(rows)
    sets = risk_sets(rows.cells, len(rows.groups.labels) * rows.stratum_count)
    test = log_rank_test(sets, family, rho, gamma, rows.stratum_count)
    return _curve_test(design, rows, test, FAMILIES[family].format(rho=rho, gamma=gamma), strata)


def gray_test(
    design: DesignSpec,
    panel: Panel,
    *,
    cause: str,
    cause_of_interest: str,
    rho: float = 0.0,
    strata: Sequence[str] = (),
    times: SurvivalTimes = AGES,
) -> CurveTest:
    """Test whether the cumulative incidence of a cause is the same in all exposure groups (Gray 1988).

    Parameters
    ----------
    design : DesignSpec
    panel : Panel
    cause : str
        The column of text that says why a row ends with the event, such as exit_cause.
    cause_of_interest : str
        One of its values.
    rho : float
        An event time weighs ``(1 - F)^rho``, F being the incidence of all groups just before it.
    strata : sequence of str
    times : SurvivalTimes

    Raises
    ------
    NotIdentifiedError, SpecError
        As `log_rank`; also where no event has the cause of interest.
    """
    _refuse_weights(design)
    rows = draw_survival_rows(design, panel, times, cause=cause, strata=strata)
    number = number_of(rows, cause, cause_of_interest)
    groups = len(rows.groups.labels) * rows.stratum_count
    sets = risk_sets(rows.cells, groups, len(rows.causes))
    test = gray_test_of(sets, number, rho, rows.stratum_count)
    return _curve_test(design, rows, test, f"Gray's test of {cause_of_interest}", strata)


def _refuse_weights(design: DesignSpec) -> None:
    if design.weights is not None:
        hint = "A Cox model with grouped errors tests groups with weights."
        fault = Fault(design.name, "weights", design.weights.column, "no weights in tests of curves", hint)
        raise SpecError("tests of curves count firms alike", faults=[fault])


def _curve_test(
    design: DesignSpec, rows: SurvivalRows, test: GroupTest, name: str, strata: Sequence[str]
) -> CurveTest:
    words = f"{name}, stratified by {', '.join(strata)}" if strata else name
    table = pd.DataFrame(
        {"group": list(rows.groups.labels), "observed": test.observed, "expected": test.expected}
    )
    glance = {
        "n": rows.rows.rows,
        "firms": rows.firms.levels,
        "firms_by_group": rows.firms_by_group(),
        "events": int(rows.episodes.is_event.sum()),
        "strata": rows.stratum_count,
    }
    return CurveTest(
        design.name,
        words,
        test.statistic,
        test.degrees_of_freedom,
        test.p_value,
        table.astype({"group": "str"}),
        glance,
        provenance_of(design, rows.rows, rule=words, digest=rows.digest(), notes=rows.groups.notes),
    )
