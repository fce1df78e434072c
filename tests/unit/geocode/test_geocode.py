import dataclasses
import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clusterpanel.engine.table_folder import TableFolder
from clusterpanel.errors import DataError, MissingInputError, SpecError
from clusterpanel.geocode.geocode import geocode
from clusterpanel.registry.registry import Registry
from clusterpanel.spec.places import GazetteerSpec, ZoningSpec
from clusterpanel.spec.study import Study

Geocode = Callable[..., Registry]
SHIPPED = Path(__file__).parents[3] / "data_specs/places/geonames_postal_europe.toml"

PLACES = [
    {"country_code": "XS", "postcode": f"{1000 + n}", "place": f"P{n}", "region_code": "N",
     "latitude": 60 + n / 100, "longitude": 15.0}
    for n in range(4)
]  # fmt: skip
SQUARES = {"B": (0, 0), "A": (1, 0), "C": (5, 5)}


def zoning(folder: Path, name: str = "zones", crs: str | None = None) -> ZoningSpec:
    features = [
        {
            "type": "Feature",
            "properties": {"code": code, "level": 1 if code != "C" else 2},
            "geometry": {
                "type": "Polygon",
                "coordinates": [[[x, y], [x + 1, y], [x + 1, y + 1], [x, y + 1], [x, y]]],
            },
        }
        for code, (x, y) in SQUARES.items()
    ]
    (folder / f"{name}.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return ZoningSpec(
        kind="zoning",
        name=name,
        title="Zones",
        origin="Invented",
        licence="CC0-1.0",
        file=f"{name}.geojson",
        columns={"region_code": "code"},
        where={"level": (1,)},
    )


def at(latitude: float, longitude: float) -> dict[str, Any]:
    return {"latitude": latitude, "longitude": longitude}


def test_points_take_the_region_around_them_and_the_smallest_code_on_a_border(
    geocoded: Geocode, tmp_path: Path
) -> None:
    sites = [at(0.5, 0.5), at(0.5, 1.0), at(0.5, 1.5), at(5.5, 5.5), at(9.0, 9.0), at(0.25, 1.0)]
    registry = geocoded(sites, (), zoning(tmp_path))
    codes = registry.read("site_points")["region_code"].to_pylist()
    assert codes == ["B", "A", "A", None, None, "A"]
    assert "2 rows with a point lie outside every polygon" in registry.flow[-1].reason


def test_a_second_zoning_gives_a_column_of_its_own(geocoded: Geocode, tmp_path: Path) -> None:
    registry = geocoded([at(0.5, 0.5)], (), zoning(tmp_path), zoning(tmp_path, "labour_markets"))
    assert registry.read("site_points")["labour_markets_code"].to_pylist() == ["B"]


def test_without_a_zoning_the_region_is_the_matchs_or_else_the_registers(geocoded: Geocode) -> None:
    sites = [
        {"country_code": "XS", "postcode": "1000", "region_code": "own"},
        {"country_code": "XT", "postcode": "1000", "region_code": "own"},
    ]
    assert geocoded(sites, PLACES).read("site_points")["region_code"].to_pylist() == ["XS-N", "own"]


def test_every_row_of_sites_comes_out_once_sorted_by_site_and_year(geocoded: Geocode) -> None:
    sites = [
        {"site_id": site, "year": year, "country_code": "XS", "postcode": postcode}
        for site, year, postcode in [
            ("b", 2011, "1000"),
            ("a", 2012, None),
            ("a", 2011, "1001"),
            ("b", 2010, "x"),
        ]
    ]
    registry = geocoded(sites, PLACES)
    points = registry.read("site_points")
    keys = list(zip(points["site_id"].to_pylist(), points["year"].to_pylist(), strict=True))
    assert keys == [("a", 2011), ("a", 2012), ("b", 2010), ("b", 2011)]
    assert points["status"].to_pylist() == ["matched", "unmatched", "unmatched", "matched"]
    assert all(step.rows_in == step.rows_out == 4 for step in registry.flow)


def test_the_quality_table_adds_up_to_the_sites_of_each_year(geocoded: Geocode) -> None:
    sites = [
        {
            "site_id": f"s{n}",
            "firm_id": f"f{n % 2}",
            "year": 2010 + n % 2,
            "country_code": "XS",
            "postcode": p,
        }
        for n, p in enumerate(["1000", "1001", "1000", None, "9"])
    ]
    quality = geocoded(sites, PLACES).read("geocode_quality").to_pylist()
    assert {
        (row["year"], row["status"], row["match_level"], row["sites"], row["firms"]) for row in quality
    } == {
        (2010, "matched", "postcode", 2, 1),
        (2010, "unmatched", "none", 1, 1),
        (2011, "matched", "postcode", 1, 1),
        (2011, "unmatched", "none", 1, 1),
    }


def test_an_earlier_gazetteer_wins_only_where_it_knows_the_address_as_well(
    geocoded: Geocode, tmp_path: Path
) -> None:
    second = [("1000", "P0", 10.0), ("2000", "Q", 20.0), ("1001", "P1", 30.0)]
    names = ("postcode", "place", "latitude")
    table = pa.table({name: [row[i] for row in second] for i, name in enumerate(names)})
    pq.write_table(table.append_column("lon", pa.array([5.0] * 3)), tmp_path / "second.parquet")
    spec = GazetteerSpec(
        kind="gazetteer",
        name="second",
        title="Second",
        origin="Invented",
        licence="CC0-1.0",
        file="second.parquet",
        country_code="XS",
        columns={"postcode": "postcode", "place": "place", "latitude": "latitude", "longitude": "lon"},
    )
    sites = [
        {"country_code": "XS", "postcode": "1000", "place": "P0"},
        {"country_code": "XS", "postcode": "2000", "place": "Q"},
    ]
    points = geocoded(sites, PLACES, spec).read("site_points")
    assert points["gazetteer"].to_pylist() == ["places", "second"]
    assert points["latitude"].to_pylist() == [60.0, 20.0]


def test_places_without_coordinates_are_set_aside_in_the_flow(geocoded: Geocode) -> None:
    places = [*PLACES, {**PLACES[0], "latitude": None}, {**PLACES[0], "latitude": 95.0}]
    step = geocoded([{"country_code": "XS", "postcode": "1000"}], places).flow[0]
    assert (step.table, step.rows_in, step.rows_out, step.rows_set_aside) == ("places", 6, 4, 2)


def test_a_study_with_nothing_to_find_sites_by_is_refused(geocoded: Geocode) -> None:
    with pytest.raises(SpecError, match="nothing to find the sites by"):
        geocoded([{"country_code": "XS", "postcode": "1000"}])


def test_all_missing_files_are_named_at_once(geocoded: Geocode, tmp_path: Path) -> None:
    given = {"kind": "gazetteer", "title": "T", "origin": "O", "licence": "L", "country_code": "XS"}
    columns = {"postcode": "p", "latitude": "a", "longitude": "o"}
    specs = [
        GazetteerSpec.model_validate({**given, "name": n, "file": f"{n}.csv", "columns": columns})
        for n in ("one", "two")
    ]
    with pytest.raises(MissingInputError) as caught:
        geocoded([{"country_code": "XS", "postcode": "1000"}], (), *specs)
    assert [fault.file for fault in caught.value.faults] == ["one.csv", "two.csv"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("p,a\n1000,60\n", "no column 'o'"),
        ("p,a,o\n1000,60\n", "Expected 3 columns"),
        ("p,a,o\n1000,sixty,15\n", "sixty"),
        ("", "Empty"),
        ("p,a,o\n", "holds no place"),
        ("p,a,o\n1000,,15\n", "1 rows, none with coordinates"),
    ],
)
def test_a_broken_gazetteer_is_an_error_that_says_what_came(
    geocoded: Geocode, tmp_path: Path, text: str, told: str
) -> None:
    (tmp_path / "one.csv").write_text(text)
    spec = GazetteerSpec(
        kind="gazetteer",
        name="one",
        title="T",
        origin="O",
        licence="L",
        file="one.csv",
        format="csv",
        country_code="XS",
        columns={"postcode": "p", "latitude": "a", "longitude": "o"},
    )
    with pytest.raises(DataError, match=told):
        geocoded([{"country_code": "XS", "postcode": "1000"}], (), spec)


def test_a_broken_zoning_is_a_data_error(geocoded: Geocode, tmp_path: Path) -> None:
    spec = zoning(tmp_path)
    (tmp_path / "zones.geojson").write_text("no polygons")
    with pytest.raises(DataError, match="zones cannot be read"):
        geocoded([at(0.5, 0.5)], (), spec)


def test_the_same_inputs_give_the_same_bytes(geocoded: Geocode, tmp_path: Path) -> None:
    sites = [{"country_code": "XS", "postcode": "1000"}, {"country_code": "XS", "postcode": "3"}]
    first = (geocoded(sites, PLACES).tables.path_of("site_points")).read_bytes()
    assert geocoded(list(reversed(sites)), PLACES).tables.path_of("site_points").read_bytes() != first
    assert geocoded(sites, PLACES).tables.path_of("site_points").read_bytes() == first


def test_eutl_plants_are_found_by_postcode(shared_data: Path, tiny_study: Study, tmp_path: Path) -> None:
    plants = pd.read_csv(shared_data / "eutl/installations.csv.gz", dtype="str").sort_values("id")
    sample = plants[plants["country"] != "GR"].iloc[::20]
    sites = pa.table(
        {
            "site_id": sample["id"],
            "firm_id": sample["id"],
            "year": pa.array([2015] * len(sample), pa.int32()),
            "country_code": sample["country"],
            "postcode": sample["ZipCode"],
            "place": sample["City"],
        }
    )
    tables = TableFolder.at(tmp_path / "registry")
    tables.write("sites", sites)
    spec = GazetteerSpec.model_validate(tomllib.loads(SHIPPED.read_text(encoding="utf-8")))
    study = dataclasses.replace(tiny_study, places=(spec,), folders={spec.name: shared_data / "places"})
    points = geocode(study, Registry(tables), tmp_path / "points").read("site_points")
    by_postcode = sum(level == "postcode" for level in points["match_level"].to_pylist())
    assert by_postcode / len(sample) > 0.97
