"""Turn what pydantic found wrong with a file into faults that a user of the file understands."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from clusterpanel.errors import Fault
from clusterpanel.spec.faults import (
    Place,
    did_you_mean,
    listed,
    shown_value,
    value_at,
    where_text,
    written_key,
)
from clusterpanel.spec.schema import JsonSchema, schema_at
from clusterpanel.spec.vcov import ALLOWED as ALLOWED_VCOV

ALLOWED = {
    "string_type": "text in quotes",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list in brackets",
    "dict_type": "a table",
    "model_type": "a table",
    "finite_number": "a finite number",
    "string_pattern_mismatch": "a name of lower-case letters, digits and _ that starts with a letter",
}
WORDS = {"integer": "a whole number", "number": "a number", "array": "a list", "object": "a table"}
TAGGED = ("vcov",)
"""Keys of one of several tables: pydantic puts the table's tag behind them, which is a key of it too."""
BOUNDS = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
    "too_short": ("at least this many items:", "min_length"),
    "string_too_short": ("at least this many characters:", "min_length"),
    "string_too_long": ("at most this many characters:", "max_length"),
}


def violations(
    error: ValidationError, shown: str, data: Mapping[str, Any], schema: JsonSchema
) -> dict[Place, Fault]:
    """Return a fault for each place pydantic complains of; branches of a union are merged into one.

    Parameters
    ----------
    error : ValidationError
        What a strict validation raised.
    shown : str
        The file as the user named it.
    data : mapping
        The file's content, floats as `WrittenFloat`.
    schema : dict
        The JSON schema of the file's kind, which knows the allowed keys.
    """
    places: dict[Place, list[dict[str, Any]]] = {}
    for found in error.errors(include_url=False):
        places.setdefault(_place(found, data), []).append(dict(found))
    # A union reports each branch, and a list its length once an item is wrong: the innermost place counts.
    innermost = [
        place
        for place in places
        if not any(other[: len(place)] == place and other != place for other in places)
    ]
    return {place: _fault(places[place], place, shown, data, schema) for place in innermost}


def _place(found: Mapping[str, Any], data: object) -> Place:
    """Return the place in the file, without the names pydantic gives to the branches of a union."""
    place: Place = ()
    location = found["loc"]
    for position, element in enumerate(location):
        if position and location[position - 1] in TAGGED:
            continue
        key = written_key(value_at(data, place), element)
        is_missing_key = found["type"] == "missing" and position == len(location) - 1
        if is_missing_key or value_at(data, (*place, key)) is not None:
            place = (*place, key)
    if found["type"].startswith("union_tag"):
        place = (*place, found["ctx"]["discriminator"].strip("'"))
    return place


def _fault(
    found: list[dict[str, Any]], place: Place, shown: str, data: Mapping[str, Any], schema: JsonSchema
) -> Fault:
    kind = found[0]["type"]
    where = where_text(data, place)
    if kind == "extra_forbidden":
        keys = list(schema_at(schema, data, place[:-1]).get("properties", {}))
        return Fault(
            shown, where, f'unknown key "{place[-1]}"', listed(keys), did_you_mean(str(place[-1]), keys)
        )
    if kind in {"missing", "union_tag_not_found"}:
        return Fault(shown, where, "nothing", _wanted(schema, data, place))
    value = value_at(data, place)
    if found[0]["loc"][-1:] == ("[key]",):
        value = str(place[-1])
    is_of_tables = place[-1] in TAGGED
    allowed = ALLOWED_VCOV if is_of_tables else " or ".join(dict.fromkeys(_allowed(one) for one in found))
    return Fault(shown, where, shown_value(value), allowed, _hint(found, value))


def _wanted(schema: JsonSchema, data: object, place: Place) -> str:
    described = schema_at(schema, data, place)
    choices = described.get("enum") or ([described["const"]] if "const" in described else [])
    kind = f"this key, which is required ({WORDS.get(described.get('type', ''), 'text')})"
    if not choices and not described and (tags := schema_at(schema, data, place[:-1]).get("discriminator")):
        choices = list(tags["mapping"])
    words = f"{kind}: {listed(choices)}" if choices else kind
    return f"{words}. {described['description']}".rstrip(".") if "description" in described else words


def _choices(found: Mapping[str, Any]) -> list[str]:
    context = found.get("ctx", {})
    text = str(context.get("expected", context.get("expected_tags", ""))).replace(" or ", ", ")
    return [choice.strip("'\"") for choice in text.split(", ") if choice]


def _allowed(found: Mapping[str, Any]) -> str:
    kind = found["type"]
    if kind in {"literal_error", "union_tag_invalid"}:
        return listed(_choices(found))
    if kind in BOUNDS:
        words, key = BOUNDS[kind]
        return f"{words} {found['ctx'][key]:g}"
    return ALLOWED.get(kind, str(found["msg"]).removeprefix("Value error, "))


def _hint(found: list[dict[str, Any]], value: object) -> str:
    kinds = {one["type"] for one in found}
    if "string_type" in kinds and isinstance(value, int | float) and not isinstance(value, bool):
        return f'Put it in quotes: "{shown_value(value)}". Codes are text.'
    if "tuple_type" in kinds and isinstance(value, str):
        return f'Put it in brackets: ["{value}"].'
    if kinds & {"int_type", "float_type", "bool_type"} and isinstance(value, str):
        return (
            "Take the quotes away."
            if value.replace(".", "", 1).isdigit() or value in {"true", "false"}
            else ""
        )
    choices = [choice for one in found for choice in _choices(one)]
    return did_you_mean(value, choices) if isinstance(value, str) else ""
