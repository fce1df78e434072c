"""A panel in Parquet: a file or a folder, under any names of its keys, refused where they are absent."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from clusterpanel.engine.firm_blocks import write_firm_blocks
from clusterpanel.errors import DataError, MissingInputError
from clusterpanel.panel.panel import Panel


def written(folder: Path, name: str, firms: list[int]) -> Path:
    rows = pd.DataFrame({"plant": np.repeat(firms, 2), "period": [1, 2] * len(firms), "wage": 1.0})
    write_firm_blocks(
        pa.Table.from_pandas(rows, preserve_index=False), "plant", folder / name, rows_per_block=2
    )
    return folder / name


def test_a_folder_is_one_panel_under_the_names_its_keys_have(tmp_path: Path) -> None:
    written(tmp_path, "b.parquet", [3, 4])
    written(tmp_path, "a.parquet", [1, 2])
    panel = Panel.open(tmp_path, firm="plant", time="period")
    assert panel.columns == ("plant", "period", "wage")
    assert panel.read(["plant"]).column(0).to_pylist() == [1, 1, 2, 2, 3, 3, 4, 4]
    assert [len(block) for block in panel.blocks(["wage"])] == [2, 2, 2, 2]
    assert not panel.data.in_memory


def test_absent_keys_are_named_with_what_is_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="key columns are not there") as raised:
        Panel.open(written(tmp_path, "a.parquet", [1]))
    assert [fault.where for fault in raised.value.faults] == ["column firm_id", "column year"]
    assert raised.value.faults[0].allowed == "plant, period, wage"


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingInputError, match="there is no panel at"):
        Panel.open(tmp_path / "panel.parquet")
