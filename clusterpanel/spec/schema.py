"""The JSON schema of the four kinds of spec, and the way to one place in it."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from clusterpanel.spec.clusters import ClusterSpec
from clusterpanel.spec.faults import Place
from clusterpanel.spec.places import PlacesSpec
from clusterpanel.spec.source import SourceSpec
from clusterpanel.spec.study import StudySpec

JsonSchema = dict[str, Any]

SOURCE: TypeAdapter[SourceSpec] = TypeAdapter(SourceSpec)
PLACES: TypeAdapter[PlacesSpec] = TypeAdapter(PlacesSpec)
CLUSTERS: TypeAdapter[ClusterSpec] = TypeAdapter(ClusterSpec)
STUDY: TypeAdapter[StudySpec] = TypeAdapter(StudySpec)
KINDS: dict[str, TypeAdapter[Any]] = {
    "source": SOURCE,
    "places": PLACES,
    "clusters": CLUSTERS,
    "study": STUDY,
}


def spec_schema(kind: str) -> JsonSchema:
    """Return the JSON schema (draft 2020-12) of one kind of spec: source, places, clusters or study."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **KINDS[kind].json_schema(by_alias=True),
    }


def resolved(schema: JsonSchema, root: JsonSchema) -> JsonSchema:
    """Return what a schema refers to."""
    reference = schema.get("$ref")
    return root["$defs"][reference.rsplit("/", 1)[1]] if reference else schema


def schema_at(root: JsonSchema, data: object, place: Place) -> JsonSchema:
    """Return the schema of the value at a place of `data`; empty where the schema knows no such place."""
    schema = root
    for element in place:
        schema = _branch(resolved(schema, root), root, data)
        schema = _step(schema, element)
        data = data.get(element) if isinstance(data, Mapping) else _item(data, element)
    return _branch(resolved(schema, root), root, data)


def _item(data: object, element: str | int) -> object:
    is_item = isinstance(data, list | tuple) and isinstance(element, int) and element < len(data)
    return data[element] if is_item else None  # type: ignore[index]


def _branch(schema: JsonSchema, root: JsonSchema, data: object) -> JsonSchema:
    """Return the branch of a tagged union that the data choose, else the table that shares most keys."""
    if discriminator := schema.get("discriminator"):
        tag = data.get(discriminator["propertyName"]) if isinstance(data, Mapping) else None
        reference = discriminator["mapping"].get(tag)
        return resolved({"$ref": reference}, root) if reference else schema
    branches = [resolved(branch, root) for branch in (*schema.get("anyOf", ()), *schema.get("oneOf", ()))]
    tables = [branch for branch in branches if branch.get("type") == "object"]
    given = set(data) if isinstance(data, Mapping) else set()
    return max(tables, key=lambda table: len(given & set(table.get("properties", ()))), default=schema)


def _step(schema: JsonSchema, element: str | int) -> JsonSchema:
    if isinstance(element, int):
        return dict(schema.get("items", {}))
    if element in schema.get("properties", {}):
        return dict(schema["properties"][element])
    patterns = list(schema.get("patternProperties", {}).values())
    others = schema.get("additionalProperties")
    return dict(patterns[0]) if patterns else dict(others) if isinstance(others, dict) else {}
