"""The reference pages of specs and tables, written from the models and declarations themselves."""

import json
from collections.abc import Iterator

from clusterpanel.spec.clusters import ClusterSpec, DbscanDraw
from clusterpanel.spec.columns import (
    CLUSTER_COLUMNS,
    LIFE_COLUMNS,
    PLACE_COLUMNS,
    REQUIRED_COLUMNS,
    TABLE_COLUMNS,
    TABLE_KEYS,
    derived_columns,
    neighbour_columns,
)
from clusterpanel.spec.schema import KINDS, JsonSchema, resolved, spec_schema
from clusterpanel.spec.study import PanelSpec

GENERATED = "<!-- Written by scripts/make_reference.py; change the models and run it again. -->"
HEADS = {
    "source": ("Source specs", "data_specs/sources/NAME.toml"),
    "places": ("Places specs", "data_specs/places/NAME.toml"),
    "clusters": ("Cluster specs", "data_specs/clusters/NAME.toml"),
    "study": ("Studies", "data_specs/studies/NAME.toml"),
}
WORDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "null": "none",
}


def reference_files() -> dict[str, str]:
    """Return the text of every generated file of docs/reference, by its path below that folder."""
    schemas = {f"schema/{kind}.schema.json": _json(spec_schema(kind)) for kind in KINDS}
    return {"specs.md": specs_page(), "tables.md": tables_page(), **schemas}


def _json(schema: JsonSchema) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def specs_page() -> str:
    """Return the page that lists every key of every kind of spec."""
    intro = (
        "Specs are TOML files. Keys that are not listed here are refused; texts stand in quotes, and codes "
        "are texts, so that `01.10` stays `01.10`. `clusterpanel check STUDY` reports every fault of every "
        "file. The same rules as JSON schema: "
    )
    links = ", ".join(f"[{kind}](schema/{kind}.schema.json)" for kind in KINDS)
    lines = ["# Specs", "", GENERATED, "", f"{intro}{links}."]
    for kind in KINDS:
        lines += _kind_section(kind)
    return "\n".join(lines) + "\n"


def _kind_section(kind: str) -> Iterator[str]:
    root = spec_schema(kind)
    title, path = HEADS[kind]
    yield from ("", f"## {title}", "", f"`{path}`")
    tables = {} if "oneOf" in root else {"": root}
    tables |= root.get("$defs", {})
    for name, schema in tables.items():
        yield from ("", f"### {name}" if name else "### The file", "", schema.get("description", ""), "")
        yield from ("| key | value | default | meaning |", "| --- | --- | --- | --- |")
        required = schema.get("required", [])
        for key, value in schema["properties"].items():
            cells = (f"`{key}`", _value(value, root), _default(value, key in required), _meaning(value))
            yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _value(schema: JsonSchema, root: JsonSchema) -> str:
    if "$ref" in schema:
        return f"[{resolved(schema, root)['title']}](#{resolved(schema, root)['title'].lower()})"
    if "const" in schema or "enum" in schema:
        return ", ".join(f'`"{choice}"`' for choice in schema.get("enum", [schema.get("const")]))
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " or ".join(_value(branch, root) for branch in schema[key] if branch.get("type") != "null")
    if schema["type"] == "array":
        items = schema.get("prefixItems") or [schema["items"]]
        return f"list of {', '.join(_value(item, root) for item in items)}"
    if schema["type"] == "object":
        return f"table: name = {_value(_values_of(schema), root)}"
    return WORDS[schema["type"]] + _bounds(schema)


def _values_of(schema: JsonSchema) -> JsonSchema:
    patterns = list(schema.get("patternProperties", {}).values())
    return dict(patterns[0] if patterns else schema["additionalProperties"])


def _bounds(schema: JsonSchema) -> str:
    words = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most"}
    return "".join(f", {word} {schema[key]:,.10g}" for key, word in words.items() if key in schema)


def _default(schema: JsonSchema, is_required: bool) -> str:
    if is_required:
        return "required"
    default = schema.get("default")
    is_table = isinstance(default, dict) and ("$ref" in schema or "allOf" in schema)
    return "" if default is None or is_table else f"`{json.dumps(default, ensure_ascii=False)}`"


def _meaning(schema: JsonSchema) -> str:
    text = str(schema.get("description", ""))
    return f"{text}, {schema['minItems']} or more" if not text and "minItems" in schema else text


def tables_page() -> str:
    """Return the page that lists the canonical tables and the panel's columns."""
    lines = ["# Tables and panel columns", "", GENERATED, ""]
    lines += [
        "Keys are unique and never missing. Years are calendar years, identifiers and codes are text.",
        "",
    ]
    lines += ["## Canonical tables"]
    for table, columns in TABLE_COLUMNS.items():
        keys, required = TABLE_KEYS[table], REQUIRED_COLUMNS[table]
        lines += ["", f"### {table}", "", f"Key: {', '.join(f'`{key}`' for key in keys)}.", ""]
        lines += ["| column | type | required | holds |", "| --- | --- | --- | --- |"]
        for name, (kind, description) in columns.items():
            lines.append(f"| `{name}` | {kind} | {'yes' if name in required else ''} | {description} |")
        if table == "accounts":
            lines += ["", "Beside these, any measure whose name ends with its unit, such as `revenue_sek`."]
    return "\n".join([*lines, *_panel_section()]) + "\n"


def _panel_section() -> Iterator[str]:
    spec = PanelSpec(first_year=2000, last_year=2001, size="size", logs=("x",), lags=("x",))
    draw = DbscanDraw(method="dbscan", eps_km=1, minimum_members=2)
    clusters = ClusterSpec(
        name="any", title="", draw=draw, vintages=(2000,), radii_km=(5,), activity="activity"
    )
    neighbours = {
        name.replace("_5km", "_Rkm"): text.replace("5 km", "R km")
        for name, text in neighbour_columns(clusters)
    }
    neighbours |= {
        f"{whose}_ring_Q_Rkm": f"{whose}_count_Rkm less {whose}_count_Qkm, Q the next smaller radius"
        for whose in ("own", "all")
    }
    sections = {
        "Keys and the main site": PLACE_COLUMNS,
        "Life of the firm": LIFE_COLUMNS,
        "Measures, ratios and changes": {
            "x": "every measure of accounts; every ratio and flag, too, under its own name",
            **dict(derived_columns(spec)),
        },
        "Cluster": CLUSTER_COLUMNS,
        "Neighbours": {**neighbours, **{f"log_{name}": f"ln(1 + {name})" for name in neighbours}},
    }
    yield from (
        "",
        "## Panel columns",
        "",
        "One row per firm and year in which the firm has a site; in this order.",
    )
    for title, columns in sections.items():
        yield from ("", f"### {title}", "", "| column | holds |", "| --- | --- |")
        yield from (f"| `{name}` | {description} |" for name, description in columns.items())
    yield from ("", "`R` is each radius of the cluster spec: `5` for 5 km, `2_5` for 2.5 km.")
