"""Disclosure control counts firms, never rows."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterpanel.engine.table_folder import TableFolder
from clusterpanel.errors import DisclosureError
from clusterpanel.models.result import SurvivalCurves
from clusterpanel.panel.panel import Panel
from clusterpanel.registry.registry import Registry
from clusterpanel.report.descriptive_table import descriptive_table
from clusterpanel.report.disclosure import disclosable, hidden_cells
from clusterpanel.report.facts import size_table
from clusterpanel.report.geocoding_tables import largest_regions, placed_sites, quality_table
from clusterpanel.report.shown_lines import survival_lines
from clusterpanel.report.tables import SUPPRESSED


def panel_of(inside: int, outside: int, years: int = 20) -> Panel:
    firms = [f"f{number:03d}" for number in range(inside + outside)]
    frame = pd.DataFrame(
        [(firm, 2000 + year) for firm in firms for year in range(years)], columns=["firm_id", "year"]
    )
    frame["in_cluster"] = frame["firm_id"] < f"f{inside:03d}"
    frame["wage"] = np.arange(len(frame), dtype=float)
    return Panel.from_frame(frame)


def rows_by_group(simulated: Any, panel: Panel) -> dict[str, list[Any]]:
    table = descriptive_table(simulated.study, panel, ["wage"])
    return {row[1]: list(row[2:]) for row in table.rows}


def test_one_firm_over_twenty_years_is_suppressed_though_it_has_twenty_rows(simulated: Any) -> None:
    rows = rows_by_group(simulated, panel_of(inside=1, outside=30))
    assert set(rows["in a cluster"]) == {SUPPRESSED}


def test_the_other_group_is_suppressed_too_as_the_total_would_give_the_small_one_away(simulated: Any) -> None:
    rows = rows_by_group(simulated, panel_of(inside=1, outside=30))
    assert set(rows["not in a cluster"]) == {SUPPRESSED}
    assert rows["all"][1] == 31


def test_enough_firms_are_shown(simulated: Any) -> None:
    rows = rows_by_group(simulated, panel_of(inside=5, outside=30))
    assert rows["in a cluster"][:2] == [100, 5]
    assert rows["in a cluster"][2] == pytest.approx(np.arange(100).mean())


def test_quantile_needs_enough_firms_on_either_side(simulated: Any) -> None:
    names = [column.name for column in descriptive_table(simulated.study, panel_of(5, 30), ["wage"]).columns][
        2:
    ]
    few = dict(zip(names, rows_by_group(simulated, panel_of(5, 49))["not in a cluster"], strict=True))
    enough = dict(zip(names, rows_by_group(simulated, panel_of(5, 50))["not in a cluster"], strict=True))
    assert few["p10"] is SUPPRESSED
    assert few["median"] is not SUPPRESSED
    assert enough["p10"] is not SUPPRESSED


@given(st.lists(st.integers(0, 40), min_size=1, max_size=8), st.integers(1, 10))
def test_no_hidden_cell_can_be_worked_out_from_the_total(firms: list[int], minimum: int) -> None:
    hidden = hidden_cells(firms, minimum)
    unseen = [count for count, is_hidden in zip(firms, hidden, strict=True) if is_hidden]
    assert all(is_hidden for count, is_hidden in zip(firms, hidden, strict=True) if 0 < count < minimum)
    if unseen and any(count for count, is_hidden in zip(firms, hidden, strict=True) if not is_hidden):
        assert len(unseen) >= 2
        assert sum(unseen) >= minimum


@given(st.lists(st.sampled_from([0, 10, 11, 12]), max_size=8))
def test_nothing_is_hidden_where_every_cell_is_empty_or_large(firms: list[int]) -> None:
    assert not any(hidden_cells(firms, 10))


def test_panel_of_too_few_firms_is_refused(simulated: Any) -> None:
    with pytest.raises(DisclosureError, match="the panel rests on 4 firms"):
        size_table(simulated.study, simulated.registry, simulated.clusters, panel_of(2, 2))


def test_regression_of_too_few_firms_is_refused_and_so_is_its_contrast(simulated: Any) -> None:
    few = replace(simulated.results["within"], glance={"n": 80, "firms": 4})
    shown, refused = disclosable(simulated.study, {**simulated.results, "within": few})
    assert set(refused) == {"within", "sorting"}
    assert "within" in refused["sorting"]
    assert not {"within", "sorting"} & set(shown)


def test_result_that_does_not_count_its_firms_is_refused(simulated: Any) -> None:
    silent = replace(simulated.results["pooled"], glance={"n": 8000})
    assert "pooled" in disclosable(simulated.study, {"pooled": silent})[1]


@pytest.mark.parametrize(
    ("at_risk", "shown"),
    [
        ([9, 5, 4, 6], [0, 1, 2]),  # the tail after a gap stays hidden: it would give the hidden exits away
        ([2, 5, 9, 4], [2, 3]),  # late entry: few at risk at first
        ([9, 8, 7, 6], [0, 1, 2, 3, 4]),
        ([1, 2, 3, 4], []),
    ],
)
def test_survival_is_shown_where_enough_firms_are_at_risk(at_risk: list[int], shown: list[int]) -> None:
    curve = pd.DataFrame({"group": "yes", "time": [1, 2, 3, 4], "at_risk": at_risk})
    curve = curve.assign(survival=[0.9, 0.8, 0.7, 0.6], conf_low=0.1, conf_high=0.95)
    lines = survival_lines(SurvivalCurves("s", curve, {"firms": 9}, {}), minimum_firms=5)
    assert [time for line in lines for time in line.curve["time"]] == shown


def registry_of(folder: Any, firms_by_region: dict[str, int], rows_per_firm: int = 20) -> Registry:
    tables = TableFolder.at(folder)
    rows = [
        (f"{region}{firm}-{row}", region, f"{region}-{firm}")
        for region, firms in firms_by_region.items()
        for firm in range(firms)
        for row in range(rows_per_firm)
    ]
    frame = pd.DataFrame(rows, columns=["site_id", "region_code", "firm_id"]).assign(year=2010)
    tables.write("sites", pa.Table.from_pandas(frame[["site_id", "year", "firm_id"]], preserve_index=False))
    points = frame[["site_id", "year", "region_code"]].assign(status="matched", precision_m=100.0)
    tables.write("site_points", pa.Table.from_pandas(points, preserve_index=False))
    return Registry(tables)


def test_region_with_one_firm_of_many_sites_is_hidden_with_the_next_smallest(tmp_path: Any) -> None:
    placed = placed_sites(registry_of(tmp_path, {"A": 1, "B": 9, "C": 30}))
    table = quality_table(placed, "region_code", "region", 5)
    assert table.column("sites") == [SUPPRESSED, SUPPRESSED, 600]


def test_regions_beyond_the_fifteen_largest_are_summed_and_none_is_lost(tmp_path: Any) -> None:
    registry = registry_of(tmp_path, {f"R{number:02d}": 10 + number for number in range(20)}, rows_per_firm=2)
    placed = placed_sites(registry)
    everything = quality_table(placed, "region_code", "region", 5)
    shown = largest_regions(placed, everything, 5)
    assert shown is not None
    assert shown.column("region") == [f"R{number:02d}" for number in range(19, 4, -1)] + ["all other regions"]
    assert sum(shown.column("sites")) == sum(everything.column("sites"))


def test_a_few_firms_of_unknown_place_leave_the_groups_and_the_total_without_them(simulated: Any) -> None:
    table = panel_of(30, 30).read(["firm_id", "year", "in_cluster", "wage"]).to_pandas()
    table["in_cluster"] = table["in_cluster"].astype("boolean").mask(table["firm_id"] == "f000")
    rows = rows_by_group(simulated, Panel.from_frame(table))
    assert [rows[group][1] for group in ("in a cluster", "not in a cluster", "all")] == [29, 30, 59]
    assert "not defined" not in rows


def test_one_unmatched_site_of_thousands_hides_no_share_but_its_own(tmp_path: Any) -> None:
    def shares(rows_per_firm: int) -> list[Any]:
        registry = registry_of(tmp_path / str(rows_per_firm), {"A": 30}, rows_per_firm)
        points = registry.read("site_points").to_pandas()
        points.loc[0, "status"] = "unmatched"
        registry.tables.write("site_points", pa.Table.from_pandas(points, preserve_index=False))
        table = quality_table(placed_sites(registry), "region_code", "region", 5)
        return [*table.column("matched"), *table.column("unmatched")]

    assert shares(rows_per_firm=100) == [1.0, SUPPRESSED]
    assert shares(rows_per_firm=5) == [SUPPRESSED, SUPPRESSED]
