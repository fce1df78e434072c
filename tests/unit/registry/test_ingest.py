"""Files become canonical tables: columns, years, keys, the flow."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from clusterpanel.engine.limits import Limits, work_within
from clusterpanel.errors import DataError
from clusterpanel.registry.ingest import check_files, ingest
from clusterpanel.spec.study import Study

MakeStudy = Callable[..., Study]
FIRM = {"name": "firm", "to": "firm_id"}
YEAR = {"name": "year", "to": "year", "type": "year"}
SITES = [{"name": "site", "to": "site_id"}, FIRM, YEAR]
WAGES = {"name": "wages", "to": "wages_sek", "type": "number", "unit": "sek"}


def sites(file: str = "sites.csv", **keys: Any) -> dict[str, Any]:
    return {"table": "sites", "file": file, "columns": SITES, **keys}


def accounts(file: str = "accounts.csv", **keys: Any) -> dict[str, Any]:
    return {"table": "accounts", "file": file, "columns": [FIRM, YEAR, WAGES], **keys}


def test_a_table_is_sorted_by_its_key_with_canonical_types(make_study: MakeStudy, tmp_path: Path) -> None:
    (tmp_path / "accounts.csv").write_text("firm,year,wages\n10,2001,2\n2,2002,1e3\n2,2001,.5\n")
    table = ingest(make_study(accounts())).read("accounts")
    assert table.schema == pa.schema(
        [("firm_id", pa.string()), ("year", pa.int32()), ("wages_sek", pa.float64())]
    )
    assert table.to_pydict() == {
        "firm_id": ["10", "2", "2"],
        "year": [2001, 2001, 2002],
        "wages_sek": [2.0, 0.5, 1000.0],
    }


def test_codes_stay_text_and_blanks_around_them_go(make_study: MakeStudy, tmp_path: Path) -> None:
    (tmp_path / "sites.csv").write_text(
        'site,firm,year,nace\n007, 1\u00a0,2001,"\t01.10"\n', encoding="utf-8"
    )
    code = {"name": "nace", "to": "industry_code"}
    table = ingest(make_study(sites(columns=[*SITES, code]))).read("sites")
    assert table.to_pylist() == [{"site_id": "007", "year": 2001, "firm_id": "1", "industry_code": "01.10"}]


def test_missing_values_of_a_column_replace_those_of_its_table(make_study: MakeStudy, tmp_path: Path) -> None:
    (tmp_path / "accounts.csv").write_text("firm,year,wages\n1,2001,-99\n2,2001,.\n3,2001,\n")
    own = {**WAGES, "missingValues": ["-99"]}
    table = accounts(columns=[FIRM, YEAR, own], missingValues=["."])
    registry = ingest(make_study(table))
    assert registry.read("accounts").to_pylist() == [{"firm_id": "1", "year": 2001, "wages_sek": None}]
    assert registry.read("quarantine").column("came").to_pylist() == [".", ""]


def test_a_decimal_comma_is_read_and_a_point_beside_it_is_not(make_study: MakeStudy, tmp_path: Path) -> None:
    (tmp_path / "accounts.csv").write_text("firm;year;wages\n1;2001;2,5\n2;2001;2.5\n3;2001;1.000,5\n")
    registry = ingest(make_study(accounts(separator=";", decimal=",")))
    assert registry.read("accounts").column("wages_sek").to_pylist() == [2.5]
    assert registry.read("quarantine").column("line").to_pylist() == [3, 4]


@pytest.mark.parametrize("text", ["1_000", "1 000", "0x10", "nan", "inf", "1e999", "--5", "1,5", "１"])
def test_what_is_no_number_is_set_aside(make_study: MakeStudy, tmp_path: Path, text: str) -> None:
    (tmp_path / "accounts.csv").write_text(f'firm,year,wages\n1,2001,5\n2,2001,"{text}"\n', encoding="utf-8")
    row = ingest(make_study(accounts())).read("quarantine").to_pylist()
    assert [(one["line"], one["came"], one["reason"]) for one in row] == [(3, text, "not a number")]


def test_a_date_becomes_the_year_of_a_year_column(make_study: MakeStudy, tmp_path: Path) -> None:
    (tmp_path / "firms.csv").write_text("firm,born\n1,24.12.1999\n2,31.06.1999\n")
    born = {"name": "born", "to": "birth_year", "type": "date", "format": "%d.%m.%Y"}
    registry = ingest(make_study({"table": "firms", "file": "firms.csv", "columns": [FIRM, born]}))
    assert registry.read("firms").to_pylist() == [{"firm_id": "1", "birth_year": 1999}]
    assert registry.read("quarantine").column("reason").to_pylist() == ["bad date for %d.%m.%Y"]


def test_a_row_with_two_faults_is_quarantined_twice_and_counted_once(
    make_study: MakeStudy, tmp_path: Path
) -> None:
    (tmp_path / "accounts.csv").write_text("firm,year,wages\n1,2001,5\n,01,many\n")
    registry = ingest(make_study(accounts()))
    quarantine = registry.read("quarantine").to_pylist()
    assert [(row["column"], row["came"]) for row in quarantine] == [
        ("firm", "…"),
        ("wages", "many"),
        ("year", "01"),
    ]
    (converted,) = (step for step in registry.flow if step.step.startswith("convert"))
    assert (converted.rows_in, converted.rows_out, converted.rows_set_aside) == (2, 1, 1)


def test_all_copies_of_a_key_are_set_aside_over_all_files(make_study: MakeStudy, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("site,firm,year\n1,1,2001\n2,1,2001\n")
    (tmp_path / "b.csv").write_text("site,firm,year\n3,1,2001\n2,9,2001\n")
    registry = ingest(make_study(sites("a.csv"), sites("b.csv")))
    assert registry.read("sites").column("site_id").to_pylist() == ["1", "3"]
    quarantine = registry.read("quarantine").to_pylist()
    assert [(row["file"], row["line"], row["came"]) for row in quarantine] == [
        ("a.csv", 3, "…"),
        ("b.csv", 3, "…"),
    ]
    assert {row["reason"] for row in quarantine} == {"the same site_id, year in 2 rows"}


def test_a_span_becomes_one_row_for_each_year_of_the_study(make_study: MakeStudy, tmp_path: Path) -> None:
    (tmp_path / "sites.csv").write_text(
        "site,firm,from,until\n1,1,1990,2001\n2,1,2009,\n3,1,1990,1999\n4,1,2003,2003\n"
    )
    span = [
        {"name": "from", "to": "first_year", "type": "year"},
        {"name": "until", "to": "last_year", "type": "year"},
    ]
    years = {"first": "first_year", "last": "last_year"}
    registry = ingest(make_study(sites(columns=[*SITES[:2], *span], years=years)))
    rows = registry.read("sites")
    assert rows.column_names == ["site_id", "year", "firm_id"]
    assert [(row["site_id"], row["year"]) for row in rows.to_pylist()] == [
        ("1", 2000),
        ("1", 2001),
        ("2", 2009),
        ("2", 2010),
        ("4", 2003),
    ]
    (step,) = (step for step in registry.flow if step.step.startswith("make a row"))
    assert (step.rows_in, step.rows_made, step.rows_set_aside, step.rows_out) == (4, 2, 1, 5)


def test_rows_outside_the_studys_years_are_set_aside_and_not_faults(
    make_study: MakeStudy, tmp_path: Path
) -> None:
    (tmp_path / "sites.csv").write_text("site,firm,year\n1,1,1999\n1,1,2000\n1,1,2010\n1,1,2011\n")
    registry = ingest(make_study(sites(), share=0.0))
    assert registry.read("sites").column("year").to_pylist() == [2000, 2010]
    assert registry.read("quarantine").num_rows == 0
    assert [step.rows_set_aside for step in registry.flow] == [0, 0, 2, 0]


def test_constants_fill_a_column(make_study: MakeStudy, tmp_path: Path) -> None:
    (tmp_path / "sites.csv").write_text("site,firm,year\n1,1,2001\n")
    registry = ingest(make_study(sites(constants={"country_code": "XS"})))
    assert registry.read("sites").column("country_code").to_pylist() == ["XS"]


def test_rows_of_unknown_firms_stay_and_are_told(make_study: MakeStudy, tmp_path: Path) -> None:
    (tmp_path / "firms.csv").write_text("firm\n1\n")
    (tmp_path / "accounts.csv").write_text("firm,year,wages\n1,2001,5\n2,2001,5\n")
    registry = ingest(make_study({"table": "firms", "file": "firms.csv", "columns": [FIRM]}, accounts()))
    assert registry.read("accounts").num_rows == 2
    step = registry.flow[-1]
    assert (step.table, step.rows_set_aside) == ("accounts", 0)
    assert step.reason == "1 rows name a firm that the firms table lacks; they stay"


def test_the_allowed_share_is_allowed_and_no_more(make_study: MakeStudy, tmp_path: Path) -> None:
    rows = "".join(f"{firm},2001,5\n" for firm in range(9))
    (tmp_path / "accounts.csv").write_text(f"firm,year,wages\n{rows}9,2001,many\n")
    assert ingest(make_study(accounts(), share=0.1)).read("accounts").num_rows == 9
    with pytest.raises(DataError, match="1 of 10 rows"):
        ingest(make_study(accounts(), share=0.099), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_same_files_make_the_same_bytes_with_any_memory_and_threads(
    make_study: MakeStudy, tmp_path: Path
) -> None:
    rows = "".join(f"{row * 7919 % 50_021},{2000 + row % 2},{row}.5\n" for row in range(50_021))
    (tmp_path / "accounts.csv").write_text(f"firm,year,wages\n{rows}1,2001,many\n")
    study = make_study(accounts())
    ingest(study, tmp_path / "one")
    with work_within(Limits(memory="100MB", threads=1)):
        ingest(study, tmp_path / "two")
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == ["accounts.parquet", "quarantine.parquet", "sample_flow.parquet"]
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_files_are_checked_without_reading_their_rows(make_study: MakeStudy, tmp_path: Path) -> None:
    (tmp_path / "accounts.csv").write_text("firm,year,wages\n1,2001,many\n")
    check_files(make_study(accounts(), share=0.0))
    (tmp_path / "accounts.csv").write_text("firm,jahr,wages\n1,2001,5\n")
    with pytest.raises(DataError, match="column year"):
        check_files(make_study(accounts()))


def test_the_input_is_left_as_it_is(make_study: MakeStudy, tmp_path: Path) -> None:
    (tmp_path / "accounts.csv").write_bytes(b"firm,year,wages\r\n1,2001,5\r\n")
    ingest(make_study(accounts()), tmp_path / "out")
    assert (tmp_path / "accounts.csv").read_bytes() == b"firm,year,wages\r\n1,2001,5\r\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["accounts.csv", "out"]
