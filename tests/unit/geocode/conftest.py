"""A small study and registry for geocoding, made in a temporary folder."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pcsv
import pytest

from clusterpanel.engine.table_folder import TableFolder
from clusterpanel.geocode.geocode import geocode
from clusterpanel.registry.registry import Registry
from clusterpanel.spec.clusters import ClusterSpec, DbscanDraw
from clusterpanel.spec.places import GazetteerSpec, PlacesSpec
from clusterpanel.spec.source import Column, SourceSpec, SourceTable
from clusterpanel.spec.study import Study, StudySpec

Rows = Sequence[Mapping[str, Any]]
Geocode = Callable[..., Registry]

PLACES = ("country_code", "postcode", "place", "region_code", "region_name", "latitude", "longitude")
TEXTS = ("site_id", "firm_id", "country_code", "postcode", "place", "region_code", "address")


def gazetteer_spec(name: str = "places", **changes: Any) -> GazetteerSpec:
    columns = {column: column for column in PLACES}
    given = {"kind": "gazetteer", "name": name, "title": "Places", "origin": "Invented", "licence": "CC0-1.0"}
    return GazetteerSpec.model_validate(
        {**given, "file": f"{name}.csv", "format": "csv", "columns": columns, **changes}
    )


def source_spec(crs: str = "EPSG:4326") -> SourceSpec:
    columns = tuple(Column(name=name, to=name) for name in ("site_id", "easting", "northing"))
    table = SourceTable(table="sites", file="sites.csv", columns=columns)
    return SourceSpec(
        name="tiny", title="Tiny", origin="Invented", licence="CC0-1.0", crs=crs, tables=(table,)
    )


def study_of(folder: Path, places: tuple[PlacesSpec, ...], crs: str = "EPSG:4326") -> Study:
    design = {"name": "d", "comparison": "pooled", "outcome": "is_exit", "exposure": "in_cluster"}
    spec = StudySpec.model_validate(
        {
            "name": "tiny",
            "title": "Tiny",
            "sources": ["tiny"],
            "clusters": "tiny",
            "panel": {"first_year": 2010, "last_year": 2020, "size": "employment"},
            "designs": [design],
        }
    )
    draw = DbscanDraw(method="dbscan", eps_km=1, minimum_members=2)
    clusters = ClusterSpec(name="tiny", title="Tiny", draw=draw, vintages=(2010,))
    folders = dict.fromkeys(("tiny", *(place.name for place in places)), folder)
    return Study(folder / "tiny.toml", spec, (source_spec(crs),), places, clusters, folders)


def write_places(path: Path, rows: Rows) -> None:
    table = {name: [row.get(name) for row in rows] for name in PLACES}
    pcsv.write_csv(pa.table(table), path)


def registry_of(folder: Path, sites: Rows) -> Registry:
    names = list(dict.fromkeys(["site_id", "firm_id", "year", *(name for row in sites for name in row)]))
    numbered = [
        {"site_id": f"s{number:03}", "firm_id": f"f{number:03}", "year": 2010, **row}
        for number, row in enumerate(sites)
    ]
    types = {"year": pa.int32(), **dict.fromkeys(TEXTS, pa.string())}
    schema = pa.schema([(name, types.get(name, pa.float64())) for name in names])
    tables = TableFolder.at(folder)
    tables.write("sites", pa.Table.from_pylist(numbered, schema=schema))
    return Registry(tables)


@pytest.fixture
def geocoded(tmp_path: Path) -> Geocode:
    """Geocode sites (rows as dicts) with places (rows as dicts); zonings and other gazetteers as specs."""

    def run(sites: Rows, places: Rows = (), *others: PlacesSpec, crs: str = "EPSG:4326") -> Registry:
        specs: tuple[PlacesSpec, ...] = others
        if places:
            write_places(tmp_path / "places.csv", places)
            specs = (gazetteer_spec(), *others)
        registry = registry_of(tmp_path / "registry", sites)
        return geocode(study_of(tmp_path, specs, crs), registry, tmp_path / "points")

    return run


@pytest.fixture
def tiny_study(tmp_path: Path) -> Study:
    """A study without places."""
    return study_of(tmp_path, ())
