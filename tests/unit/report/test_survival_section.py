"""What the report says of survival: readable ages, tests and means, and nothing of few firms."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from clusterpanel.designs.design import design
from clusterpanel.designs.survival_curves import estimate_kaplan_meier
from clusterpanel.models.result import SurvivalCurves
from clusterpanel.panel.panel import Panel
from clusterpanel.report.column_labels import ColumnLabels
from clusterpanel.report.exposure_time_table import exposure_time_exhibit
from clusterpanel.report.survival_figure import SurvivalLine, at_risk_at, readable_times
from clusterpanel.report.survival_section import survival_exhibit
from clusterpanel.report.tables import SUPPRESSED

SURVIVAL = design(comparison="pooled", estimator="kaplan_meier", outcome="is_exit", exposure="in_cluster")


@pytest.fixture(scope="module")
def curves() -> SurvivalCurves:
    """Simulate 400 firms followed from birth; those in a cluster exit half as often."""
    rng = np.random.default_rng(3)
    rows = []
    for firm in range(400):
        first = int(rng.integers(2001, 2008))
        for year in range(first, 2021):
            has_ended = rng.random() < (0.05 if firm % 2 else 0.1)
            rows.append((f"f{firm}", year, year - first, bool(firm % 2), has_ended))
            if has_ended:
                break
    frame = pd.DataFrame(rows, columns=["firm_id", "year", "age", "in_cluster", "is_exit"])
    return estimate_kaplan_meier(SURVIVAL, Panel.from_frame(frame))


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 8, [0, 1, 2, 3, 4, 5, 6, 7, 8]),
        (0, 17, [0, 2, 4, 6, 8, 10, 12, 14, 16]),
        (0, 18, [0, 5, 10, 15]),
        (3, 60, [10, 20, 30, 40, 50, 60]),
        (0, 7300, [0, 1000, 2000, 3000, 4000, 5000, 6000, 7000]),
        (5, 5, [5]),
    ],
)
def test_ages_are_round(low: float, high: float, expected: list[float]) -> None:
    assert readable_times([low, high]) == expected


def test_the_number_at_risk_is_that_before_the_next_end() -> None:
    curve = pd.DataFrame({"time": [2.0, 5.0, 9.0], "at_risk": [40, 30, 10]})
    line = SurvivalLine("all", curve)
    assert [at_risk_at(line, time) for time in (2, 3, 5, 9)] == [40, 30, 30, 10]
    assert np.isnan([at_risk_at(line, time) for time in (1, 10)]).all()


def caption(curves: SurvivalCurves, minimum: int) -> str:
    return survival_exhibit("s", curves, ColumnLabels(), minimum).caption


def test_the_caption_tells_the_log_rank_test(curves: SurvivalCurves) -> None:
    test = curves.glance["log_rank"]
    assert test["p_value"] < 0.001
    assert f"χ²(1) = {test['statistic']:.1f}, p <0.001." in caption(curves, 5)


def test_a_group_of_few_firms_has_no_test(curves: SurvivalCurves) -> None:
    assert "Log-rank" in caption(curves, 200)
    assert "Log-rank" not in caption(curves, 201)


def test_the_caption_tells_years_lived_and_how_far_groups_are_apart(curves: SurvivalCurves) -> None:
    """Up to the last age at which both curves are shown; by hand from the shown rows."""
    curve = curves.curve
    shown = {g: rows[rows["at_risk"] >= 30] for g, rows in curve.groupby("group")}
    until = min(rows["time"].max() for rows in shown.values())
    means, variances = {}, {}
    for group, rows in curve.groupby("group"):
        before = rows[rows["time"] <= until]
        ends = np.append(before["time"], until)
        steps = np.diff(ends) * before["survival"].to_numpy()
        means[group] = ends[0] + steps.sum()
        ahead = np.cumsum(steps[::-1])[::-1]
        risk, events = before["at_risk"].to_numpy(), before["events"].to_numpy()
        variances[group] = (ahead**2 * events / (risk * (risk - events))).sum()
    gap, error = means["yes"] - means["no"], np.sqrt(sum(variances.values()))
    width = norm.ppf(0.975) * error
    text = caption(curves, 30)
    assert f"Up to the age of {until:g}, firms live" in text
    assert f"{gap:.2f} apart (95 % interval {gap - width:.2f} to {gap + width:.2f})" in text
    assert "Curves are shown only where at least 30 firms are at risk." in text


def test_times_that_are_no_ages_are_not_called_so(curves: SurvivalCurves) -> None:
    asked = {"exposure": "in_cluster", "start": "opened_day", "stop": "closed_day"}
    exhibit = survival_exhibit("s", replace(curves, provenance={"design": asked}), ColumnLabels(), 5)
    assert "time (closed_day)" in str(exhibit.figure)
    assert "survive to closed_day" in exhibit.alt
    for words in (exhibit.caption, exhibit.alt):
        assert " age" not in words and "year" not in words


def test_a_table_tells_time_at_risk_by_year(curves: SurvivalCurves) -> None:
    exhibit = exposure_time_exhibit("s", curves, ColumnLabels(), 5)
    assert exhibit is not None and exhibit.table is not None
    table = exhibit.table
    assert [row[1] for row in table.rows][:2] == ["2001", "2002"]
    totals = [row for row in table.rows if row[1] == "all"]
    assert [row[0] for row in totals] == ["In a cluster", "Not in a cluster"]
    assert [row[2] for row in totals] == [200, 200]
    assert sum(row[4] for row in totals) == curves.glance["events"]


def test_years_of_few_firms_are_hidden_in_all_groups(curves: SurvivalCurves) -> None:
    records: list[dict[str, Any]] = curves.glance["exposure_time"]
    firms = {(row["group"], row["year"]): row["firms"] for row in records}
    fewest = min(count for (group, year), count in firms.items() if year is not None)
    exhibit = exposure_time_exhibit("s", curves, ColumnLabels(), fewest + 1)
    assert exhibit is not None and exhibit.table is not None
    hidden = {row[1] for row in exhibit.table.rows if row[2] is SUPPRESSED}
    assert len(hidden) >= 2  # one alone could be told from the total
    for row in exhibit.table.rows:
        assert (row[2] is SUPPRESSED) == (row[1] in hidden)
        assert (row[4] is SUPPRESSED) == (row[1] in hidden)


def test_curves_without_time_at_risk_have_no_table(curves: SurvivalCurves) -> None:
    assert exposure_time_exhibit("s", SurvivalCurves("s", curves.curve, {}, {}), ColumnLabels(), 5) is None
