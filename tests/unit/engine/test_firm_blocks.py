"""Blocks of whole firms: a file that splits a firm is refused, whatever its footer tells."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clusterpanel.engine.firm_blocks import MemoryBlocks, ParquetBlocks, firm_starts, write_firm_blocks
from clusterpanel.errors import DataError, MissingInputError


def table_of(firms: list[str | None]) -> pa.Table:
    return pa.table({"firm_id": pa.array(firms, pa.string()), "row": np.arange(len(firms))})


def write_groups(path: Path, groups: list[list[str | None]], write_statistics: bool = True) -> ParquetBlocks:
    """Write one row group for each list of firms."""
    with pq.ParquetWriter(path, table_of([]).schema, write_statistics=write_statistics) as writer:
        for firms in groups:
            writer.write_table(table_of(firms))
    return ParquetBlocks(path, "firm_id")


@pytest.mark.parametrize("write_statistics", [True, False])
@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([["a", "a"], ["a", "b"]], "row group 1 of panel.parquet splits a firm"),
        ([["a"], ["b", "c"], ["c"]], "row group 2 of panel.parquet splits a firm"),
        ([["b"], ["a"]], "row group 1 of panel.parquet is not sorted by firm"),
        ([["a", "c"], ["b"]], "row group 1 of panel.parquet is not sorted by firm"),
    ],
)
def test_row_groups_that_split_a_firm_are_refused(
    tmp_path: Path, groups: list[list[str | None]], message: str, write_statistics: bool
) -> None:
    blocks = write_groups(tmp_path / "panel.parquet", groups, write_statistics)
    with pytest.raises(DataError, match=message) as raised:
        next(blocks.blocks(["row"]))
    assert "firm 'a'" not in str(raised.value)
    with pytest.raises(DataError, match=message):
        blocks.read(["row"])


def test_a_row_group_without_firms_is_refused(tmp_path: Path) -> None:
    blocks = write_groups(tmp_path / "panel.parquet", [["a"], [None]])
    with pytest.raises(DataError, match=r"row group 1 of panel\.parquet has missing values of firm_id"):
        blocks.read(["row"])


@pytest.mark.parametrize("write_statistics", [True, False])
def test_whole_row_groups_are_handed_out_in_order(tmp_path: Path, write_statistics: bool) -> None:
    groups: list[list[str | None]] = [["a", "a"], ["b"], [], ["c", "d", "d"]]
    blocks = write_groups(tmp_path / "panel.parquet", groups, write_statistics)
    assert [block.column("row").to_pylist() for block in blocks.blocks(["row"])] == [[0, 1], [0], [0, 1, 2]]
    assert blocks.rows == 6
    assert blocks.read(["firm_id"]).column(0).to_pylist() == ["a", "a", "b", "c", "d", "d"]
    coded = next(blocks.blocks(["firm_id"], ["firm_id"])).column(0)
    assert pa.types.is_dictionary(coded.type)


def test_a_folder_is_read_in_the_order_of_its_names(tmp_path: Path) -> None:
    write_groups(tmp_path / "part-1.parquet", [["c"], ["d"]])
    write_groups(tmp_path / "part-0.parquet", [["a"], ["b"]])
    blocks = ParquetBlocks(tmp_path, "firm_id")
    assert [block.column(0).to_pylist() for block in blocks.blocks(["firm_id"])] == [
        ["a"],
        ["b"],
        ["c"],
        ["d"],
    ]
    write_groups(tmp_path / "part-2.parquet", [["d"]])
    with pytest.raises(DataError, match=r"row group 0 of part-2\.parquet splits a firm"):
        ParquetBlocks(tmp_path, "firm_id").read(["row"])


def test_files_that_are_not_alike_are_refused_all_at_once(tmp_path: Path) -> None:
    write_groups(tmp_path / "part-0.parquet", [["a"]])
    pq.write_table(table_of(["b"]).append_column("extra", [[1]]), tmp_path / "part-1.parquet")
    pq.write_table(table_of(["c"]).drop_columns(["row"]), tmp_path / "part-2.parquet")
    with pytest.raises(DataError) as raised:
        _ = ParquetBlocks(tmp_path, "firm_id").schema
    assert [fault.came for fault in raised.value.faults] == ["extra of type int64", "no row"]


def test_a_panel_that_is_not_there_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "panel.parquet"):
        with pytest.raises(MissingInputError, match="there is no panel"):
            _ = ParquetBlocks(path, "firm_id").rows


@pytest.mark.parametrize("rows_per_batch", [1, 3, 1000])
def test_rows_that_come_in_batches_are_written_as_a_table_is(tmp_path: Path, rows_per_batch: int) -> None:
    sizes = np.random.default_rng(1).integers(1, 9, 300)
    table = table_of([f"{firm:04}" for firm, size in enumerate(sizes) for _ in range(size)])
    reader = pa.RecordBatchReader.from_batches(table.schema, table.to_batches(rows_per_batch))
    write_firm_blocks(table, "firm_id", tmp_path / "table.parquet", rows_per_block=64)
    write_firm_blocks(reader, "firm_id", tmp_path / "batches.parquet", rows_per_block=64)
    assert (tmp_path / "table.parquet").read_bytes() == (tmp_path / "batches.parquet").read_bytes()
    blocks = [
        block.column(0).to_pylist()
        for block in ParquetBlocks(tmp_path / "table.parquet", "firm_id").blocks(["firm_id"])
    ]
    assert len(blocks) > 10
    assert all(one[-1] < other[0] for one, other in pairwise(blocks))


def test_starts_are_where_firms_change_however_they_are_stored() -> None:
    plain = pa.chunked_array([["a", "a", "b"], ["b", "c"]])
    for firms in (
        plain,
        plain.dictionary_encode(),
        pa.chunked_array([c.dictionary_encode() for c in plain.chunks]),
    ):
        assert firm_starts(firms).tolist() == [0, 2, 4, 5]
    assert firm_starts(plain.slice(0, 0)).tolist() == [0]


def test_blocks_in_memory_have_the_same_borders_each_time() -> None:
    blocks = MemoryBlocks(table_of(list("aabbbcdde")), "firm_id", rows_per_block=3)
    twice = [[block.column(0).to_pylist() for block in blocks.blocks(["firm_id"])] for _ in range(2)]
    assert twice[0] == twice[1] == [list("aabbb"), list("cdd"), ["e"]]
