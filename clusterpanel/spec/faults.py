"""Say where in a spec something is wrong, what came, what was allowed, and what was perhaps meant."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from difflib import get_close_matches
from typing import Any

Place = tuple[str | int, ...]
"""The keys and list positions (from 0) that lead to a value of a spec."""

SHOWN_CHARACTERS = 60
SHOWN_CHOICES = 16
LABEL_KEYS = ("name", "table", "to", "design")


class WrittenFloat(float):
    """A TOML float that remembers how it was written: 13.20 is not 13.2 when it is a code."""

    written: str

    def __new__(cls, written: str) -> "WrittenFloat":
        """Read a float and keep its text."""
        number = super().__new__(cls, written)
        number.written = written
        return number


def shown_value(value: object) -> str:
    """Return a value as it would stand in a TOML file, cut short."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list | tuple):
        text = f"[{', '.join(shown_value(item) for item in value)}]"
    elif isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, WrittenFloat):
        text = value.written
    elif isinstance(value, datetime | date | time):
        text = f"the date or time {value.isoformat()}"
    else:
        text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[: SHOWN_CHARACTERS - 1]}…"


def listed(choices: Iterable[str]) -> str:
    """Return all choices, separated by commas."""
    return ", ".join(choices) or "none"


def nearest(word: str, choices: Iterable[str]) -> str:
    """Return the choices separated by commas; of a long list those most like `word`, and how many more."""
    names = list(dict.fromkeys(choices))
    if len(names) <= SHOWN_CHOICES:
        return listed(names)
    near = get_close_matches(word, names, n=SHOWN_CHOICES // 2, cutoff=0.0)
    return f"{listed(near)} and {len(names) - len(near)} more"


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """Return ``Did you mean "x"?`` for the nearest choice, or an empty text."""
    known = {choice.lower(): choice for choice in choices}
    near = get_close_matches(word.lower(), known, n=1)
    return f'Did you mean "{known[near[0]]}"?' if near else ""


def value_at(data: object, place: Place) -> Any:
    """Return the value at a place, or None where there is none."""
    for element in place:
        is_key = isinstance(data, Mapping) and element in data
        is_item = isinstance(data, list | tuple) and isinstance(element, int) and element < len(data)
        if not is_key and not is_item:
            return None
        data = data[element]  # type: ignore[index]
    return data


def where_text(data: object, place: Place) -> str:
    """Return a place in words, such as ``[[designs]] 2 (wage_within), key absorb``."""
    if place and all(isinstance(key, str) for key in place) and isinstance(value_at(data, place), dict):
        return f"[{'.'.join(map(str, place))}]"
    parts: list[str] = []
    keys: list[str] = []
    for position, element in enumerate(place):
        before, here = place[:position], place[: position + 1]
        if isinstance(element, str):
            keys.append(element)
            if not parts and _ends_table_header(data, here, place):
                parts.append(f"[{'.'.join(keys)}]")
                keys = []
        elif isinstance(value_at(data, here), dict):
            header = ".".join(_keys_since_header(parts, keys, before))
            parts.append(f"{header} {element + 1}{_label(value_at(data, here))}")
            keys = []
        else:
            parts += [f"key {'.'.join(keys)}"] if keys else []
            parts.append(f"item {element + 1}")
            keys = []
    return ", ".join([*parts, f"key {'.'.join(keys)}"] if keys else parts)


def _ends_table_header(data: object, here: Place, place: Place) -> bool:
    """Say whether `here` is the innermost TOML table above a value that is no table's array."""
    rest = place[len(here) :]
    is_table = isinstance(value_at(data, here), dict)
    child = value_at(data, place[: len(here) + 1])
    deeper = len(rest) > 1 and (isinstance(child, dict) or isinstance(value_at(child, rest[1:2]), dict))
    return is_table and bool(rest) and not deeper


def _keys_since_header(parts: Sequence[str], keys: Sequence[str], before: Place) -> list[str]:
    """Return the array's name: in double brackets where it starts the place."""
    return list(keys) if parts or not before else [f"[[{'.'.join(keys)}]]"]


def _label(table: Mapping[str, object]) -> str:
    texts = (table.get(key) for key in LABEL_KEYS)
    return next((f" ({text})" for text in texts if isinstance(text, str)), "")


def written_key(table: object, key: str | int) -> str | int:
    """Return the key as the file has it: ``missing_values`` where pydantic says ``missingValues``."""
    snake = re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", str(key))
    return snake if isinstance(table, dict) and key not in table and snake in table else key
