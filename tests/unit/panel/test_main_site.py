"""The main site stands for the firm, whatever the order of rows."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from clusterpanel.engine.tables import run_query, unbound_table
from clusterpanel.panel.main_site import main_sites


def chosen(tmp_path: Path, employment: list[float | None] | None) -> dict[str, Any]:
    table = pa.table({"firm_id": ["f", "f", "f"], "year": [2010] * 3, "site_id": ["b", "a", "c"]})
    if employment is not None:
        table = table.append_column("employment", pa.array(employment, pa.float64()))
    pq.write_table(table, tmp_path / "sites.parquet")
    rows = main_sites(unbound_table("sites", tmp_path / "sites.parquet"))
    return dict(run_query(rows, {"sites": tmp_path / "sites.parquet"}).to_pylist()[0])


def test_the_largest_site_is_the_main_site(tmp_path: Path) -> None:
    row = chosen(tmp_path, [5.0, 1.0, 7.0])
    assert row["site_id"] == "c"
    assert row["sites"] == 3
    assert row["site_employment"] == 13.0


def test_a_tie_goes_to_the_first_name(tmp_path: Path) -> None:
    assert chosen(tmp_path, [7.0, 1.0, 7.0])["site_id"] == "b"


def test_a_known_size_beats_an_unknown_one(tmp_path: Path) -> None:
    row = chosen(tmp_path, [1.0, None, None])
    assert row["site_id"] == "b"
    assert row["site_employment"] == 1.0


def test_without_sizes_the_first_name_is_the_main_site(tmp_path: Path) -> None:
    assert chosen(tmp_path, None)["site_id"] == "a"
    row = chosen(tmp_path, [None, None, None])
    assert row["site_id"] == "a"
    assert row["site_employment"] is None
