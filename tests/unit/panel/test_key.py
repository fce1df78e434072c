"""The panel's key, from any kind of table."""

import pandas as pd
import pyarrow as pa
import pytest

from clusterpanel.errors import DataError
from clusterpanel.panel.panel import Panel

ROWS = pd.DataFrame({"firm_id": ["b", "a", "b", "a"], "year": [2, 2, 1, 1], "x": [4, 2, 3, 1]})


@pytest.mark.parametrize(
    "frame",
    [
        ROWS,
        pa.Table.from_pandas(ROWS),
        ROWS.astype({"firm_id": "category"}),
        ROWS.sort_values(["firm_id", "year"]),
    ],
    ids=["pandas", "arrow", "categorical", "sorted already"],
)
def test_rows_come_sorted_whatever_the_table(frame: object) -> None:
    assert Panel.from_frame(frame).read(["x"])["x"].to_pylist() == [1, 2, 3, 4]


def test_the_frame_itself_is_left_as_it_is() -> None:
    before = ROWS.copy()
    Panel.from_frame(ROWS)
    pd.testing.assert_frame_equal(ROWS, before)


@pytest.mark.parametrize("order", [[0, 1, 2, 3, 3], [3, 0, 1, 3, 2]], ids=["next to it", "apart"])
def test_a_repeated_firm_year_is_refused_and_counted(order: list[int]) -> None:
    with pytest.raises(DataError, match="1 firm-years repeated"):
        Panel.from_frame(ROWS.iloc[order])


def test_every_missing_key_is_told_at_once() -> None:
    rows = ROWS.assign(firm_id=[None, "a", "b", "a"], year=[2.0, None, None, 1.0])
    with pytest.raises(DataError) as caught:
        Panel.from_frame(rows)
    assert [fault.came for fault in caught.value.faults] == ["1 missing values", "2 missing values"]


def test_an_absent_key_names_the_columns_there_are() -> None:
    with pytest.raises(DataError, match="firm_id, x"):
        Panel.from_frame(ROWS.drop(columns="year"))


def test_no_rows_are_a_panel_too() -> None:
    assert Panel.from_frame(ROWS.iloc[:0]).read(["x"]).num_rows == 0


def test_a_number_that_is_none_is_a_missing_key() -> None:
    rows = pa.table({"firm_id": [1.0, float("nan")], "year": [1, 1]})
    with pytest.raises(DataError, match="1 missing values"):
        Panel.from_frame(rows)
