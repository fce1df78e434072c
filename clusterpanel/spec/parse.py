"""Read one TOML file into a spec: strictly, and with every fault of the file."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from clusterpanel.errors import Fault
from clusterpanel.spec.faults import Place, WrittenFloat, shown_value, value_at, where_text
from clusterpanel.spec.violations import violations

Spec = TypeVar("Spec")
Spec_co = TypeVar("Spec_co", covariant=True)

LINE = re.compile(r"(?P<what>.*) \(at (?P<where>line (?P<line>\d+), column \d+)\)")
LEADING_ZERO = re.compile(r"(?<![\w.\"'-])0\d[\d.]*")
BARE_WORD = re.compile(r"=\s*\[?\s*([A-Za-z_]\w*)")


@dataclass(frozen=True)
class SpecFile(Generic[Spec_co]):
    """One spec's file, what was read from it, and what is wrong with it.

    Attributes
    ----------
    shown : str
        The file as the user named it.
    path : Path
    data : dict
        The TOML as it was written.
    model : SourceSpec, GazetteerSpec, ZoningSpec, ClusterSpec, StudySpec or None
        The spec, without its faulty optional keys; None where it cannot be made.
    faults : mapping of Place to Fault
        What is wrong with the file by itself.
    """

    shown: str
    path: Path
    data: Mapping[str, Any]
    model: Spec_co | None
    faults: Mapping[Place, Fault] = field(default_factory=dict)

    def fault(self, place: Place, came: str, allowed: str, hint: str = "") -> Fault:
        """Return a fault at a place of this file."""
        return Fault(self.shown, where_text(self.data, place), came, allowed, hint)

    def fault_of(self, place: Place, allowed: str, hint: str = "") -> Fault:
        """Return a fault about the value at a place of this file."""
        value = value_at(self.data, place)
        return self.fault(place, "nothing" if value is None else shown_value(value), allowed, hint)


def read_spec(path: Path, shown: str, adapter: TypeAdapter[Spec]) -> SpecFile[Spec]:
    """Read a spec; its faults are kept with it, not raised.

    Parameters
    ----------
    path : Path
    shown : str
        The file as the user named it, for messages.
    adapter : TypeAdapter
        The kind of spec.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
        data = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return SpecFile(shown, path, {}, None, {(): _unreadable(error, path, shown)})
    written = tomllib.loads(text, parse_float=WrittenFloat)
    try:
        return SpecFile(shown, path, written, _validated(adapter, data))
    except ValidationError as error:
        faults = violations(error, shown, written, adapter.json_schema(by_alias=True))
    return SpecFile(shown, path, written, _salvaged(adapter, data, faults), faults)


def _validated(adapter: TypeAdapter[Spec], data: object) -> Spec:
    return adapter.validate_python(_with_tuples(data), strict=True)


def _with_tuples(data: object) -> object:
    """Return TOML's lists as tuples, the only lists a strict frozen model takes."""
    if isinstance(data, dict):
        return {key: _with_tuples(value) for key, value in data.items()}
    return tuple(_with_tuples(item) for item in data) if isinstance(data, list) else data


def _salvaged(adapter: TypeAdapter[Spec], data: dict[str, Any], places: Iterable[Place]) -> Spec | None:
    """Return the spec without its faulty keys, so that the rest can be checked; None where it needs them."""
    kept = deepcopy(data)
    for place in places:
        _remove(kept, place)
    try:
        return _validated(adapter, kept)
    except ValidationError:
        return None


def _remove(data: dict[str, Any], place: Place) -> None:
    """Remove the innermost key on the way to a place, and the tables that it leaves empty."""
    keys = [position for position, element in enumerate(place) if isinstance(element, str)]
    for position in reversed(keys):
        if isinstance(table := value_at(data, place[:position]), dict):
            table.pop(place[position], None)
            if table or position == 0 or isinstance(place[position - 1], int):
                return


def _unreadable(error: Exception, path: Path, shown: str) -> Fault:
    if isinstance(error, UnicodeDecodeError):
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        return Fault(
            shown, f"line {line}", "bytes that are no UTF-8", "UTF-8 text", "Save the file as UTF-8."
        )
    if isinstance(error, OSError):
        return Fault(shown, "", f"a file that cannot be read ({error.strerror})", "a readable TOML file")
    return _broken_toml(str(error), path.read_bytes().decode("utf-8-sig").splitlines(), shown)


def _broken_toml(message: str, lines: list[str], shown: str) -> Fault:
    found = LINE.fullmatch(message)
    if found is None:
        what = message.partition(" (at")[0]
        hint = _toml_hint(lines[-1] if lines else "", what) or "Is a quote or bracket left open?"
        return Fault(shown, f"line {len(lines)}, the end", what, "TOML", hint)
    line = lines[int(found["line"]) - 1].strip() if int(found["line"]) <= len(lines) else ""
    came = f"{found['what']}: {line}" if line else found["what"]
    return Fault(shown, found["where"], came, "TOML", _toml_hint(line, found["what"]))


def _toml_hint(line: str, what: str) -> str:
    if what.startswith("Cannot overwrite"):
        return "The key or table is there twice."
    if "Illegal character" in what:
        return "Is a quote left open?"
    if code := LEADING_ZERO.search(line):
        return f'Put it in quotes: "{code[0]}". Codes are text.'
    if "\\" in line:
        return "In double quotes a backslash starts an escape: write / in paths, or use single quotes."
    if (word := BARE_WORD.search(line)) and word[1] not in {"true", "false", "inf", "nan"}:
        return f'Put text in quotes: "{word[1]}".'
    return ""
