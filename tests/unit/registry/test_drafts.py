"""The drafts of a study, its clusters and its gazetteer parse, and follow what the register holds."""

import tomllib
from pathlib import Path

import pytest

from clusterpanel.registry.cluster_draft import draft_clusters
from clusterpanel.registry.places_draft import draft_places
from clusterpanel.registry.sniff import Sniffed, sniff_register
from clusterpanel.registry.source_draft import draft_source
from clusterpanel.registry.study_draft import draft_study
from clusterpanel.spec.clusters import ClusterSpec
from clusterpanel.spec.places import GazetteerSpec
from clusterpanel.spec.source import SourceSpec
from clusterpanel.spec.study import StudySpec

SITES = "site,year,firm,nace,staff"


def sniffed(folder: Path, header: str, *rows: str) -> Sniffed:
    (folder / "register.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return sniff_register(folder / "register.csv")


def source(look: Sniffed) -> SourceSpec:
    return SourceSpec.model_validate(tomllib.loads(draft_source("mine", look)))


def study(look: Sniffed) -> StudySpec:
    return StudySpec.model_validate(tomllib.loads(draft_study("mine", look)))


def clusters(look: Sniffed) -> ClusterSpec:
    return ClusterSpec.model_validate(tomllib.loads(draft_clusters("mine", look)))


def places(look: Sniffed) -> GazetteerSpec | None:
    text = draft_places("mine", look)
    return None if text is None else GazetteerSpec.model_validate(tomllib.loads(text))


@pytest.mark.parametrize(
    "header", [f"{SITES},plz", f"{SITES},lat,lon", "firm,year,revenue", "firm,founded", "a,b"]
)
def test_every_draft_parses(tmp_path: Path, header: str) -> None:
    look = sniffed(tmp_path, header, ",".join(["2001"] * len(header.split(","))))
    source(look)
    clusters(look)
    places(look)
    drafted = study(look)
    designs = {design.name for design in drafted.designs}
    assert {term.design for contrast in drafted.contrasts for term in contrast.terms} <= designs
    assert (drafted.sources, drafted.clusters) == (("mine",), "mine")


def test_the_years_are_those_of_the_whole_file(tmp_path: Path) -> None:
    rows = [f"s{number},{2001 if number < 2500 else 2012},f,01.10,3" for number in range(3000)]
    look = sniffed(tmp_path, SITES, *rows)
    assert (study(look).panel.first_year, study(look).panel.last_year) == (2001, 2012)
    assert clusters(look).vintages == (2001, 2006, 2011)


def test_rows_that_cannot_be_read_do_not_hide_the_years(tmp_path: Path) -> None:
    whole = [f"s{number},{2003 + number % 7},f,01.10,3" for number in range(100)]
    look = sniffed(tmp_path, SITES, *whole, "broken", "s3,2030,f,01.10,4,5,6", "s4,,f,1,1")
    assert look.years == (2003, 2009)


def test_years_of_dates_are_found(tmp_path: Path) -> None:
    look = sniffed(tmp_path, SITES, "s1,31.12.2003,f,01.10,3", "s1,31.12.2005,f,01.10,3")
    assert look.years == (2003, 2005)


def test_a_register_without_years_gets_years_to_decide(tmp_path: Path) -> None:
    assert study(sniffed(tmp_path, "firm,founded", "f1,1999")).panel.first_year == 2000


def test_only_addresses_call_for_a_gazetteer(tmp_path: Path) -> None:
    with_postcode = sniffed(tmp_path, f"{SITES},plz,land", "s,2003,f,01.10,3,12345,DE")
    gazetteer = places(with_postcode)
    assert gazetteer is not None
    assert (set(gazetteer.columns), gazetteer.country_code) == ({"postcode", "latitude", "longitude"}, "DE")
    assert study(with_postcode).places == ("mine",)
    with_both = sniffed(tmp_path, f"{SITES},plz,lat,lon", "s,2003,f,01.10,3,12345,52.1,13.2")
    assert places(with_both) is not None
    assert study(with_both).places == ()
    with_points = sniffed(tmp_path, f"{SITES},lat,lon", "s,2003,f,01.10,3,52.1,13.2")
    assert places(with_points) is None


def test_sites_of_several_countries_leave_the_country_to_decide(tmp_path: Path) -> None:
    look = sniffed(tmp_path, f"{SITES},plz,land", "s,2003,f,01.10,3,12345,DE", "t,2003,f,01.10,3,1234,NL")
    gazetteer = places(look)
    assert gazetteer is not None
    assert gazetteer.country_code == "XX"


def test_a_firm_without_sites_of_its_own_is_one_site(tmp_path: Path) -> None:
    look = sniffed(tmp_path, "orgnr,year,sni,postnr", "1,2003,01.10,12345")
    (table,) = source(look).tables
    assert table.table == "sites"
    assert {column.to for column in table.columns if column.name == "orgnr"} == {"firm_id", "site_id"}
    assert "TODO: no column names the sites" in draft_source("mine", look)


def test_eastings_bring_a_coordinate_system_to_decide(tmp_path: Path) -> None:
    look = sniffed(tmp_path, f"{SITES},easting,northing", "s,2003,f,01.10,3,674032,6580822")
    assert source(look).crs == "EPSG:3035"
    assert "crs" not in draft_source("mine", sniffed(tmp_path, SITES, "s,2003,f,01.10,3"))


def test_texts_among_numbers_are_told_and_stay_numbers(tmp_path: Path) -> None:
    look = sniffed(tmp_path, SITES, "s,2003,f,01.10,3", "t,2003,f,01.10,unknown")
    (employment,) = [guess for guess in look.guesses if guess.to == "employment"]
    assert employment.kind == "number"
    assert "some cells are no numbers" in employment.to_decide


def test_without_persons_the_study_says_what_is_missing(tmp_path: Path) -> None:
    look = sniffed(tmp_path, "site,year,firm,nace,lat,lon", "s,2003,f,01.10,52.1,13.2")
    assert "TODO: no column of persons was found" in draft_study("mine", look)
    assert clusters(look).activity is None


def test_survival_is_drafted_where_births_are_known(tmp_path: Path) -> None:
    with_births = study(sniffed(tmp_path, "firm,founded", "f1,1999"))
    without = study(sniffed(tmp_path, SITES, "s,2003,f,01.10,3"))
    assert [design.name for design in with_births.designs if design.estimator == "kaplan_meier"] == [
        "survival"
    ]
    assert not [design for design in without.designs if design.estimator == "kaplan_meier"]
