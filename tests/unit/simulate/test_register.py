"""The files: what a bureau would deliver, the same bytes each time, and the truth beside them."""

import json
import re
import tomllib
from hashlib import sha256
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from clusterpanel.errors import OutputError
from clusterpanel.simulate.dials import Dials
from clusterpanel.simulate.register import simulate_register
from clusterpanel.spec.places import GazetteerSpec, ZoningSpec
from clusterpanel.spec.shipped import shipped_specs
from clusterpanel.spec.source import SourceSpec

DIALS = Dials(firm_years=15_000, location_error=0.2)
FILES = {
    "firms.csv",
    "sites.csv",
    "accounts.csv",
    "gazetteer.csv",
    "zoning.geojson",
    "truth.json",
    "truth.parquet",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("register")
    simulate_register(DIALS, path)
    return path


def read(folder: Path, file: str, **options: str) -> pd.DataFrame:
    return pd.read_csv(folder / file, sep=";", dtype=str, keep_default_na=False, **options)  # type: ignore[call-overload,no-any-return]


def sites_of(folder: Path) -> pd.DataFrame:
    return read(folder, "sites.csv", encoding="cp1252")


def test_same_dials_same_bytes(folder: Path, tmp_path: Path) -> None:
    simulate_register(DIALS, tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == FILES
    for name in FILES:
        assert (
            sha256((tmp_path / name).read_bytes()).digest() == sha256((folder / name).read_bytes()).digest()
        )


def test_the_source_spec_names_exactly_the_columns_of_the_files(folder: Path) -> None:
    text = (shipped_specs() / "sources" / "simulated.toml").read_text("utf-8")
    for table in SourceSpec.model_validate(tomllib.loads(text)).tables:
        header = (folder / table.file).read_bytes().split(b"\n")[0].decode(table.encoding)
        assert header.split(table.separator) == [column.name for column in table.columns]


def test_the_places_specs_name_columns_that_are_there(folder: Path) -> None:
    specs = shipped_specs() / "places"
    gazetteer = GazetteerSpec.model_validate(
        tomllib.loads((specs / "simulated_gazetteer.toml").read_text("utf-8"))
    )
    zoning = ZoningSpec.model_validate(tomllib.loads((specs / "simulated_zoning.toml").read_text("utf-8")))
    assert set(gazetteer.columns.values()) == set(read(folder, gazetteer.file))
    features = json.loads((folder / zoning.file).read_text("utf-8"))["features"]
    assert set(zoning.columns.values()) == set(features[0]["properties"])


def test_sites_are_in_the_old_encoding_with_decimal_commas(folder: Path) -> None:
    raw = (folder / "sites.csv").read_bytes()
    with pytest.raises(UnicodeDecodeError):
        raw.decode("utf-8")
    assert "Château" in raw.decode("cp1252")
    employees = sites_of(folder)["employees"]
    assert employees[employees != ""].str.fullmatch(r"\d+,\d\d").all()


def test_keys_of_the_files_are_unique_and_every_firm_is_known(folder: Path) -> None:
    firms, sites, accounts = read(folder, "firms.csv"), sites_of(folder), read(folder, "accounts.csv")
    assert not firms["firm_id"].duplicated().any()
    assert not sites[["site_id", "year"]].duplicated().any()
    assert not accounts[["firm_id", "year"]].duplicated().any()
    assert set(sites["firm_id"]) == set(accounts["firm_id"]) == set(firms["firm_id"])
    assert sites.groupby("site_id")["firm_id"].nunique().max() == 1


def test_firms_die_after_they_are_born_in_the_last_year_of_their_sites(folder: Path) -> None:
    firms = read(folder, "firms.csv").set_index("firm_id")
    birth = pd.to_datetime(firms["birth_date"], format="%d/%m/%Y")
    death = pd.to_datetime(firms["death_date"], format="%d/%m/%Y")
    assert (birth < death)[birth.notna() & death.notna()].all()
    last = sites_of(folder).groupby("firm_id")["year"].max().astype(int)
    assert (last[death.notna()] == death.dt.year[death.notna()]).all()
    assert (last[death.isna()] == DIALS.last_year).all()
    assert ((firms["death_cause"] == "") == death.isna()).all()


def test_a_few_percent_of_firms_have_a_second_lesser_site(folder: Path) -> None:
    sites = sites_of(folder)
    number = sites.groupby(["firm_id", "year"]).size()
    assert set(number) == {1, 2}
    assert 0.02 < (number == 2).mean() < 0.04


def test_sites_and_accounts_employ_the_same_persons(folder: Path) -> None:
    sites, accounts = sites_of(folder), read(folder, "accounts.csv").set_index(["firm_id", "year"])
    sites["employees"] = pd.to_numeric(sites["employees"].str.replace(",", "."))
    at_sites = sites.groupby(["firm_id", "year"])["employees"].agg(lambda part: part.sum(skipna=False))
    difference = (at_sites - pd.to_numeric(accounts["employees"])).dropna()
    assert len(difference) > 14_000
    assert difference.abs().max() < 0.011


def test_wage_bill_over_employees_is_the_wage_of_the_truth(folder: Path) -> None:
    accounts = read(folder, "accounts.csv")
    wage = pd.to_numeric(accounts["wage_bill"]) / pd.to_numeric(accounts["employees"])
    assert 0.005 < wage.isna().mean() < 0.025
    assert 200_000 < wage.median() < 400_000


def test_the_asked_share_of_addresses_is_misplaced_until_the_firm_moves(folder: Path) -> None:
    sites, gazetteer = sites_of(folder), read(folder, "gazetteer.csv")
    sites["postcode"] = sites["postcode"].str.replace(" ", "")
    known = sites[(sites["postcode"] != "") & (sites["place"] != "")]
    said = known["postcode"].map(gazetteer.set_index("postcode")["place"])
    assert said.notna().all()
    is_wrong = said.str.upper() != known["place"].str.upper()
    # Another postcode of the same place also counts as wrong; it is rarely drawn.
    assert is_wrong.groupby(known["site_id"]).first().mean() == pytest.approx(0.2, abs=0.02)
    assert is_wrong.groupby(known["site_id"]).nunique().max() == 1


def test_every_table_shows_that_it_is_simulated(folder: Path) -> None:
    assert json.loads((folder / "truth.json").read_text("utf-8"))["simulated"] is True
    assert pq.read_schema(folder / "truth.parquet").metadata == {b"simulated": b"true"}
    for file in ("firms.csv", "accounts.csv"):
        assert read(folder, file)["firm_id"].str.startswith("SIM").all()
    assert read(folder, "gazetteer.csv")["place"].str.startswith("Simulated ").all()
    assert "Simulated" in (folder / "zoning.geojson").read_text("utf-8")


def test_the_truth_holds_dials_effects_and_gaps(folder: Path) -> None:
    truth = json.loads((folder / "truth.json").read_text("utf-8"))
    assert truth["dials"]["location_error"] == 0.2
    assert truth["true_effects"] == {
        "log_wage_crowns": 0.03,
        "log_revenue_crowns": 0.05,
        "growth_dhs": 0.01,
        "is_exit": -0.10,
    }
    # Eight tenths of a standard deviation of ability, worth 0.06.
    assert truth["true_gaps"]["log_wage_crowns"] == pytest.approx(0.048, abs=0.008)
    assert truth["firm_years"] == pq.read_metadata(folder / "truth.parquet").num_rows
    assert re.fullmatch(r"\d\d\.\d0", truth["clusters"][0]["industry_code"])


def test_a_folder_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    with pytest.raises(OutputError, match="cannot be written"):
        simulate_register(Dials(firm_years=500), tmp_path / "taken")
