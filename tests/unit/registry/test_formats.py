"""Every format gives the same table of the same rows."""

import gzip
import io
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest

from clusterpanel.registry import read_statistics
from clusterpanel.registry.ingest import ingest
from clusterpanel.spec.study import Study

MakeStudy = Callable[..., Study]
COLUMNS = [
    {"name": "firm", "to": "firm_id"},
    {"name": "born", "to": "birth_year", "type": "date", "format": "%d/%m/%Y"},
    {"name": "cause", "to": "death_cause"},
    {"name": "parent", "to": "parent_firm_id"},
]
FRAME = pd.DataFrame(
    {
        "firm": [101.0, 102.0, 103.0],
        "born": [date(1999, 12, 24), None, date(2001, 1, 2)],
        "cause": ["closure", "", "Ångström"],
        "parent": [102.0, np.nan, 101.0],
    }
)
EXPECTED = [
    {"firm_id": "101", "birth_year": 1999, "death_cause": "closure", "parent_firm_id": "102"},
    {"firm_id": "102", "birth_year": None, "death_cause": None, "parent_firm_id": None},
    {"firm_id": "103", "birth_year": 2001, "death_cause": "Ångström", "parent_firm_id": "101"},
]
WRITERS: dict[str, tuple[str, Callable[..., None]]] = {
    "firms.dta": ("stata", pyreadstat.write_dta),
    "firms.sav": ("spss", pyreadstat.write_sav),
    "firms.xpt": ("sas", pyreadstat.write_xport),
}
TEXT = "firm;born;cause;parent\n101;24/12/1999;closure;102\n102;;;\n103;02/01/2001;Ångström;101\n"
FIXED = "101 24/12/1999 closure  102\n102\n\n103 02/01/2001 Ångström 101\n"


def firms(file: str, format_: str, **keys: Any) -> dict[str, Any]:
    return {"table": "firms", "file": file, "format": format_, "columns": COLUMNS, **keys}


def arrow_bytes(is_stream: bool) -> bytes:
    table, sink = pa.Table.from_pandas(FRAME), io.BytesIO()
    new = pa.ipc.new_stream if is_stream else pa.ipc.new_file
    with new(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=1)
    return sink.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "latin-1", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_csv_in_any_encoding_and_line_end(
    make_study: MakeStudy, tmp_path: Path, encoding: str, line_end: str
) -> None:
    (tmp_path / "firms.csv").write_bytes(TEXT.replace("\n", line_end).encode(encoding))
    study = make_study(firms("firms.csv", "csv", separator=";", encoding=encoding))
    assert ingest(study).read("firms").to_pylist() == EXPECTED


def test_packed_csv(make_study: MakeStudy, tmp_path: Path) -> None:
    (tmp_path / "firms.csv.gz").write_bytes(gzip.compress(TEXT.encode()))
    assert (
        ingest(make_study(firms("firms.csv.gz", "csv", separator=";"))).read("firms").to_pylist() == EXPECTED
    )


def test_csv_without_header_goes_by_position(make_study: MakeStudy, tmp_path: Path) -> None:
    (tmp_path / "firms.csv").write_text(TEXT.split("\n", 1)[1], encoding="utf-8")
    study = make_study(firms("firms.csv", "csv", separator=";", header=False))
    assert ingest(study).read("firms").to_pylist() == EXPECTED


def test_csv_without_quotes_keeps_quote_signs(make_study: MakeStudy, tmp_path: Path) -> None:
    (tmp_path / "firms.csv").write_text('firm,cause\n1,"left\n2,open"\n')
    table = firms("firms.csv", "csv", quote="", columns=[COLUMNS[0], COLUMNS[2]])
    assert ingest(make_study(table)).read("firms").column("death_cause").to_pylist() == ['"left', 'open"']


def test_csv_with_other_columns_between(make_study: MakeStudy, tmp_path: Path) -> None:
    (tmp_path / "firms.csv").write_text("note,cause,,,firm\nx,closure,,,1\ny,merger,,,2,extra\n")
    registry = ingest(make_study(firms("firms.csv", "csv", columns=[COLUMNS[0], COLUMNS[2]])))
    assert registry.read("firms").to_pylist() == [{"firm_id": "1", "death_cause": "closure"}]
    assert registry.read("quarantine").column("line").to_pylist() == [3]


@pytest.mark.parametrize("header", ["", "fir born       cause    par\n"])
def test_fixed_width(make_study: MakeStudy, tmp_path: Path, header: str) -> None:
    (tmp_path / "firms.txt").write_bytes((header + FIXED).encode("cp1252"))
    places = zip(COLUMNS, (1, 5, 16, 25), (3, 10, 8, 3), strict=True)
    columns = [{**column, "start": start, "width": width} for column, start, width in places]
    study = make_study(
        firms("firms.txt", "fixed_width", encoding="cp1252", header=bool(header), columns=columns)
    )
    assert ingest(study).read("firms").to_pylist() == EXPECTED


def test_a_fixed_width_fault_is_at_its_line(make_study: MakeStudy, tmp_path: Path) -> None:
    (tmp_path / "firms.txt").write_text("101 24/12/1999\n\n102 99/12/1999\n")
    places = zip(COLUMNS, (1, 5), (3, 10), strict=False)
    columns = [{**column, "start": start, "width": width} for column, start, width in places]
    registry = ingest(make_study(firms("firms.txt", "fixed_width", header=False, columns=columns)))
    assert registry.read("quarantine").column("line").to_pylist() == [3]


def test_parquet(make_study: MakeStudy, tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pandas(FRAME), tmp_path / "firms.parquet", row_group_size=1)
    assert ingest(make_study(firms("firms.parquet", "parquet"))).read("firms").to_pylist() == EXPECTED


@pytest.mark.parametrize("is_stream", [False, True])
def test_arrow(make_study: MakeStudy, tmp_path: Path, is_stream: bool) -> None:
    (tmp_path / "firms.arrow").write_bytes(arrow_bytes(is_stream))
    assert ingest(make_study(firms("firms.arrow", "arrow"))).read("firms").to_pylist() == EXPECTED


def test_nan_in_parquet_is_no_number(make_study: MakeStudy, tmp_path: Path) -> None:
    rows = pa.table({"firm": ["1", "2", "3"], "year": [2001, 2001, 2001], "wages": [1.5, float("nan"), None]})
    pq.write_table(rows, tmp_path / "accounts.parquet")
    columns = [
        COLUMNS[0],
        {"name": "year", "to": "year", "type": "year"},
        {"name": "wages", "to": "wages_sek", "type": "number", "unit": "sek"},
    ]
    table = {"table": "accounts", "file": "accounts.parquet", "format": "parquet", "columns": columns}
    registry = ingest(make_study(table))
    assert registry.read("accounts").column("wages_sek").to_pylist() == [1.5, None]
    (fault,) = registry.read("quarantine").to_pylist()
    assert (fault["line"], fault["reason"]) == (2, "not a number")


@pytest.mark.parametrize("file", sorted(WRITERS))
def test_statistics_files_in_several_chunks(
    make_study: MakeStudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    monkeypatch.setattr(read_statistics, "ROWS_PER_CHUNK", 1)
    format_, write = WRITERS[file]
    write(FRAME, str(tmp_path / file))
    registry = ingest(make_study(firms(file, format_)), tmp_path / "out")
    assert registry.read("firms").to_pylist() == EXPECTED


def test_value_labels_are_not_applied(make_study: MakeStudy, tmp_path: Path) -> None:
    frame = pd.DataFrame({"firm": [1.0, 2.0], "cause": [1.0, 2.0]})
    labels = {"cause": {1.0: "closure", 2.0: "merger"}}
    pyreadstat.write_sav(frame, str(tmp_path / "firms.sav"), variable_value_labels=labels)
    registry = ingest(make_study(firms("firms.sav", "spss", columns=[COLUMNS[0], COLUMNS[2]])))
    assert registry.read("firms").column("death_cause").to_pylist() == ["1", "2"]


def test_a_statistics_file_is_converted_once_and_anew_when_it_changes(
    make_study: MakeStudy, tmp_path: Path
) -> None:
    study, out = make_study(firms("firms.dta", "stata")), tmp_path / "out"
    pyreadstat.write_dta(FRAME, str(tmp_path / "firms.dta"))
    ingest(study, out)
    (first,) = (out / "converted").iterdir()
    written = first.stat().st_mtime_ns
    ingest(study, out)
    assert [path.stat().st_mtime_ns for path in (out / "converted").iterdir()] == [written]
    pyreadstat.write_dta(FRAME.iloc[:2], str(tmp_path / "firms.dta"))
    assert ingest(study, out).read("firms").to_pylist() == EXPECTED[:2]
    assert len(list((out / "converted").iterdir())) == 2
