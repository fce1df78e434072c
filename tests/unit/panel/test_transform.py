"""Ratios, logs, lags and growth of one firm's rows."""

import math
from pathlib import Path
from typing import Any

import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clusterpanel.engine.tables import run_query, unbound_table
from clusterpanel.panel.transform import with_growth, with_lags, with_log_counts, with_logs, with_ratios
from clusterpanel.spec.study import RatioSpec


@pytest.fixture
def rows(tmp_path: Path) -> ir.Table:
    table = pa.table(
        {
            "firm_id": ["a", "a", "a", "b", "b"],
            "year": pa.array([2010, 2011, 2013, 2013, 2014], pa.int32()),
            "size": [100.0, 110.0, 0.0, 0.0, 5.0],
            "wages": [200.0, None, 3.0, 4.0, -1.0],
        }
    )
    pq.write_table(table, tmp_path / "rows.parquet")
    return unbound_table("rows", tmp_path / "rows.parquet")


def read(expression: ir.Table, tmp_path: Path) -> dict[str, list[Any]]:
    table = run_query(expression.order_by("firm_id", "year"), {"rows": tmp_path / "rows.parquet"})
    return dict(table.to_pydict())


def test_a_ratio_by_zero_or_of_the_unknown_is_unknown(rows: ir.Table, tmp_path: Path) -> None:
    ratio = RatioSpec(name="wage", numerator="wages", denominator="size")
    assert read(with_ratios(rows, [ratio]), tmp_path)["wage"] == [2.0, None, None, None, -0.2]


def test_the_log_of_what_is_not_above_zero_is_unknown(rows: ir.Table, tmp_path: Path) -> None:
    logs = read(with_logs(rows, ["wages"]), tmp_path)["log_wages"]
    assert logs == [
        pytest.approx(math.log(200)),
        None,
        pytest.approx(math.log(3)),
        pytest.approx(math.log(4)),
        None,
    ]


def test_the_log_of_a_count_of_none_is_zero(rows: ir.Table, tmp_path: Path) -> None:
    logs = read(with_log_counts(rows, ["size"]), tmp_path)["log_size"]
    assert logs == [pytest.approx(math.log(1 + size)) for size in (100, 110, 0, 0, 5)]


def test_lags_jump_neither_gaps_nor_firms(rows: ir.Table, tmp_path: Path) -> None:
    assert read(with_lags(rows, ["size"]), tmp_path)["lag_size"] == [None, 100.0, None, None, 0.0]


def test_growth_is_unknown_at_entry_and_over_a_gap(rows: ir.Table, tmp_path: Path) -> None:
    grown = read(with_growth(rows, "size"), tmp_path)
    assert grown["growth_dhs"] == [None, pytest.approx(10 / 105), None, None, 2.0]
    assert grown["growth_log"] == [None, pytest.approx(math.log(1.1)), None, None, None]


def test_no_growth_of_a_negative_size(rows: ir.Table, tmp_path: Path) -> None:
    assert read(with_growth(rows, "wages"), tmp_path)["growth_dhs"] == [None] * 5
