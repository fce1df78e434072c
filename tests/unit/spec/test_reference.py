"""The generated reference pages are in step with the models, and say all they know."""

import json
from pathlib import Path

import pytest

from clusterpanel.spec.reference import reference_files, specs_page, tables_page
from clusterpanel.spec.schema import KINDS, schema_at, spec_schema

REFERENCE = Path(__file__).resolve().parents[3] / "docs" / "reference"


@pytest.mark.parametrize("name", list(reference_files()))
def test_reference_is_not_stale(name: str) -> None:
    written = (REFERENCE / name).read_text(encoding="utf-8")

    assert written == reference_files()[name], "run python scripts/make_reference.py"


def test_no_schema_is_left_over() -> None:
    kept = {f"schema/{file.name}" for file in (REFERENCE / "schema").iterdir()}

    assert kept == {name for name in reference_files() if name.startswith("schema/")}


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_key_of_every_spec_is_explained(kind: str) -> None:
    schema = spec_schema(kind)
    tables = [schema, *schema.get("$defs", {}).values()]
    silent = [
        key
        for table in tables
        for key, value in table.get("properties", {}).items()
        if "description" not in value
    ]

    assert silent == []


@pytest.mark.parametrize("kind", list(KINDS))
def test_schema_refuses_unknown_keys_everywhere(kind: str) -> None:
    schema = spec_schema(kind)
    tables = [table for table in (schema, *schema.get("$defs", {}).values()) if "properties" in table]

    assert all(table["additionalProperties"] is False for table in tables)
    assert json.loads(json.dumps(schema)) == schema


def test_pages_name_keys_and_columns() -> None:
    assert "| `eps_km` | number, above 0 | required |" in specs_page()
    assert "| `own_count_Rkm` |" in tables_page()
    assert "| `industry_code` | string | yes |" in tables_page()


def test_schema_at_follows_tags_arrays_and_tables() -> None:
    clusters = {"draw": {"method": "points"}, "industries": {"groups": {"paper": [1]}}}
    schema = spec_schema("clusters")

    assert "radius_km" in schema_at(schema, clusters, ("draw",))["properties"]
    assert schema_at(schema, clusters, ("industries", "groups", "paper", 0))["type"] == "string"
    assert schema_at(schema, clusters, ("draw", "eps_km")) == {}
