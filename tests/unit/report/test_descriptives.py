"""The descriptive table reads shares as shares, and copes with yes-or-no columns that hold nulls."""

from typing import Any

import pandas as pd
import pytest

from clusterpanel.panel.panel import Panel
from clusterpanel.report.descriptive_table import descriptive_table
from clusterpanel.report.renderers import to_csv
from clusterpanel.report.tables import Table


def exits_of(simulated: Any, has_nulls: bool) -> Table:
    firms = [f"f{number:03d}" for number in range(40)]
    frame = pd.DataFrame(
        [(firm, year) for firm in firms for year in (2001, 2002)], columns=["firm_id", "year"]
    )
    frame["in_cluster"] = frame["firm_id"] < "f020"
    frame["is_exit"] = pd.array(frame["firm_id"].isin(firms[:5]) & (frame["year"] == 2002), dtype="boolean")
    if has_nulls:
        frame.loc[(frame["year"] == 2002) & ~frame["is_exit"], "is_exit"] = pd.NA
    return descriptive_table(simulated.study, Panel.from_frame(frame), ["is_exit", "in_cluster"])


def test_yes_or_no_is_a_share_in_per_cent_on_the_page_and_of_one_in_the_file(simulated: Any) -> None:
    table = exits_of(simulated, has_nulls=False)
    assert table.texts()[0][1:6] == ["in a cluster", "40", "20", "12.5 %", "–"]
    assert ",in a cluster,40,20,0.125," in to_csv(table)


def test_nulls_of_a_yes_or_no_column_are_no_noes(simulated: Any) -> None:
    row = exits_of(simulated, has_nulls=True).rows[0]
    assert row[2] == 25
    assert row[4] == pytest.approx(5 / 25)


def test_what_splits_the_table_is_not_split_by_itself(simulated: Any) -> None:
    table = exits_of(simulated, has_nulls=False)
    assert [row[1] for row in table.rows if row[0] == "In a cluster"] == ["all"]
