"""Queries over Parquet: cut at firms as a table in memory is, within limits, and never looking elsewhere."""

from pathlib import Path

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clusterpanel.engine.firm_blocks import write_firm_blocks
from clusterpanel.engine.limits import Limits, current_limits, work_within
from clusterpanel.engine.sql import duckdb_session
from clusterpanel.engine.tables import IBIS_TYPES, run_query, unbound_table, write_query_in_firm_blocks
from clusterpanel.errors import RunError


def firm_table(sizes: list[int]) -> pa.Table:
    firms = [f"{number:05}" for number, size in enumerate(sizes) for _ in range(size)]
    return pa.table({"firm_id": pa.array(firms, pa.string()), "row": pa.array(range(len(firms)), pa.int64())})


@pytest.mark.parametrize("sizes", [[], [1], [7], [1, 1, 1, 1], [3, 5, 1, 9, 2, 2], [2] * 4000])
@pytest.mark.parametrize("rows_per_block", [1, 4, 3000])
def test_streamed_rows_are_cut_where_a_table_in_memory_is(
    tmp_path: Path, sizes: list[int], rows_per_block: int
) -> None:
    table = firm_table(sizes)
    pq.write_table(table, tmp_path / "rows.parquet")
    rows = unbound_table("rows", tmp_path / "rows.parquet").order_by("firm_id", "row")
    inputs = {"rows": tmp_path / "rows.parquet"}
    write_query_in_firm_blocks(rows, inputs, "firm_id", tmp_path / "streamed.parquet", rows_per_block)
    write_firm_blocks(table, "firm_id", tmp_path / "memory.parquet", rows_per_block)
    assert (tmp_path / "streamed.parquet").read_bytes() == (tmp_path / "memory.parquet").read_bytes()


def test_every_canonical_type_comes_back(tmp_path: Path) -> None:
    table = pa.table(
        {
            "text": pa.array(["01.10", None]),
            "year": pa.array([2010, None], pa.int32()),
            "count": pa.array([1, None], pa.int64()),
            "number": pa.array([0.1, None], pa.float64()),
            "is_true": pa.array([True, None]),
        }
    )
    assert {str(field.type) for field in table.schema} <= IBIS_TYPES.keys()
    pq.write_table(table, tmp_path / "rows.parquet")
    rows = run_query(unbound_table("rows", tmp_path / "rows.parquet"), {"rows": tmp_path / "rows.parquet"})
    assert rows.equals(table)


def test_too_little_memory_is_told_with_what_to_do(tmp_path: Path) -> None:
    rows = ibis.range(5_000_000).unnest().name("row").as_table()
    wide = rows.mutate(text=rows.row.cast("string")).order_by("text")
    with work_within(Limits(memory="5MB", threads=1)), pytest.raises(RunError, match="--memory"):
        run_query(wide, {})


def test_limits_hold_inside_and_end_after(tmp_path: Path) -> None:
    with work_within(Limits("100MB", 1, tmp_path)), duckdb_session() as connection:
        asked = "SELECT current_setting('threads'), current_setting('temp_directory')"
        threads, spill = connection.execute(asked).fetchone() or (None, None)
        assert threads == 1
        assert Path(str(spill)).parent == tmp_path
    assert current_limits() == Limits()
    assert not list(tmp_path.iterdir())


def test_no_extension_is_looked_for() -> None:
    with duckdb_session() as connection:
        asked = "SELECT current_setting('autoinstall_known_extensions')"
        assert connection.execute(asked).fetchone() == (False,)
