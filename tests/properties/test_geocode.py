"""What must hold of every geocoding, whatever the addresses and the gazetteer."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clusterpanel.engine.table_folder import TableFolder
from clusterpanel.geocode.geocode import geocode
from clusterpanel.registry.registry import Registry
from clusterpanel.spec.clusters import ClusterSpec, DbscanDraw
from clusterpanel.spec.places import GazetteerSpec
from clusterpanel.spec.source import Column, SourceSpec, SourceTable
from clusterpanel.spec.study import Study, StudySpec

Row = Mapping[str, Any]

PLACE_COLUMNS = ("country_code", "postcode", "place", "region_code", "latitude", "longitude")
GAZETTEER = GazetteerSpec.model_validate(
    {
        "kind": "gazetteer",
        "name": "tiny",
        "title": "Tiny",
        "origin": "Invented",
        "licence": "CC0-1.0",
        "file": "tiny.parquet",
        "columns": {name: name for name in PLACE_COLUMNS},
    }
)
SPEC = StudySpec.model_validate(
    {
        "name": "tiny",
        "title": "Tiny",
        "sources": ["register"],
        "clusters": "tiny",
        "panel": {"first_year": 2010, "last_year": 2020, "size": "employment"},
        "designs": [{"name": "d", "comparison": "pooled", "outcome": "is_exit", "exposure": "in_cluster"}],
    }
)
SITES = SourceTable(table="sites", file="sites.csv", columns=(Column(name="site_id", to="site_id"),))
SOURCE = SourceSpec(name="register", title="Register", origin="Invented", licence="CC0-1.0", tables=(SITES,))
CLUSTERS = ClusterSpec(
    name="tiny",
    title="Tiny",
    draw=DbscanDraw(method="dbscan", eps_km=1, minimum_members=2),
    vintages=(2010,),
)

COUNTRIES = ("XS", "XT")
POSTCODES = ("10100", "10110", "10200", "20100", "20110")
NAMES = ("Alby", "Bro", "Övre Bro", "Carl", "Alby 2")
POSTCODE_TEXTS = (*POSTCODES, "101 00", "10199", "20999", "1010", "99999", "", None)
NAME_TEXTS = (*NAMES, "ALBY", "ovre bro", "Carl (N)", "Nowhere", "", None)

places = st.lists(
    st.fixed_dictionaries(
        {
            "country_code": st.sampled_from(COUNTRIES),
            "postcode": st.sampled_from(POSTCODES),
            "place": st.sampled_from(NAMES),
            "region_code": st.sampled_from(("N", "S", None)),
            "latitude": st.integers(5_500, 5_700).map(lambda n: n / 100),
            "longitude": st.integers(1_000, 1_100).map(lambda n: n / 100),
        }
    ),
    min_size=1,
    max_size=12,
)
sites = st.lists(
    st.fixed_dictionaries(
        {
            "country_code": st.sampled_from((*COUNTRIES, None)),
            "postcode": st.sampled_from(POSTCODE_TEXTS),
            "place": st.sampled_from(NAME_TEXTS),
            "region_code": st.sampled_from(("N", "S", "Z", None)),
        }
    ),
    min_size=1,
    max_size=10,
)
few = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def run(site_rows: Sequence[Row], place_rows: Sequence[Row]) -> list[dict[str, Any]]:
    with TemporaryDirectory() as name:
        folder = Path(name)
        types = {"latitude": pa.float64(), "longitude": pa.float64()}
        schema = pa.schema([(column, types.get(column, pa.string())) for column in PLACE_COLUMNS])
        pq.write_table(pa.Table.from_pylist(list(place_rows), schema=schema), folder / "tiny.parquet")
        texts = ("site_id", "firm_id", "country_code", "postcode", "place", "region_code")
        columns = pa.schema([*((text, pa.string()) for text in texts), ("year", pa.int32())])
        tables = TableFolder.at(folder / "registry")
        tables.write("sites", pa.Table.from_pylist(list(site_rows), schema=columns))
        study = Study(Path("tiny.toml"), SPEC, (SOURCE,), (GAZETTEER,), CLUSTERS, {"tiny": folder})
        points: pa.Table = geocode(study, Registry(tables), folder / "points").read("site_points")
        rows: list[dict[str, Any]] = points.to_pylist()
        return rows


def numbered(rows: Sequence[Row]) -> list[Row]:
    return [
        {"site_id": f"s{n:02}", "firm_id": f"f{n // 2:02}", "year": 2010 + n % 2, **row}
        for n, row in enumerate(rows)
    ]


@few
@given(sites, places, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(site_rows: list[Row], place_rows: list[Row], random: Any) -> None:
    keyed = numbered(site_rows)
    shuffled, reordered = list(keyed), list(place_rows)
    random.shuffle(shuffled)
    random.shuffle(reordered)
    assert run(keyed, place_rows) == run(shuffled, reordered)


@few
@given(sites, places)
def test_every_row_of_sites_comes_out_once(site_rows: list[Row], place_rows: list[Row]) -> None:
    keyed = numbered(site_rows)
    found = [(row["site_id"], row["year"]) for row in run(keyed, place_rows)]
    assert found == sorted((row["site_id"], row["year"]) for row in keyed)


@few
@given(sites, places, places)
def test_places_of_another_country_change_nothing(
    site_rows: list[Row], place_rows: list[Row], other: list[Row]
) -> None:
    # With one country in the gazetteer a missing one is filled in, so the sites name theirs.
    keyed = numbered([{**row, "country_code": "XS"} for row in site_rows])
    own = [{**row, "country_code": "XS"} for row in place_rows]
    foreign = [{**row, "country_code": "XT", "region_code": "XT9"} for row in other]
    assert run(keyed, own) == run(keyed, [*own, *foreign])


@few
@given(sites, places)
def test_a_tie_is_never_a_silent_point(site_rows: list[Row], place_rows: list[Row]) -> None:
    for row in run(numbered(site_rows), place_rows):
        assert (row["status"] == "tie") == (row["tied_points"] > 0)
        if row["status"] == "tie":
            assert row["reason"]
            assert row["score"] <= 0.5
        if row["status"] == "matched" and row["match_level"] in {"postcode", "place"}:
            assert row["precision_m"] is None or row["precision_m"] >= 0
            assert row["tied_points"] == 0
        if row["latitude"] is None:
            assert row["match_level"] == "none"
            assert row["score"] == 0


@few
@given(sites, places)
def test_a_matched_point_lies_in_its_own_country_and_says_why_it_is_there(
    site_rows: list[Row], place_rows: list[Row]
) -> None:
    apart = [{**row, "latitude": row["latitude"] - 40 * (row["country_code"] == "XT")} for row in place_rows]
    for row in run(numbered(site_rows), apart):
        if row["latitude"] is not None:
            assert (row["latitude"] < 40) == (row["country_code"] == "XT")
            assert row["gazetteer"] == "tiny"
        elif row["status"] == "unmatched":
            assert row["reason"]
