"""A design that is not identified does not stop a run: why it is not is stored in the place of its result."""

import json
from pathlib import Path

FAILURES = "_failures.json"


def write_failure(name: str, reason: str, folder: Path) -> None:
    """Store why `name` has no result."""
    (folder / FAILURES).write_text(json.dumps({name: reason}, ensure_ascii=False), encoding="utf-8")


def read_failures(folder: Path) -> dict[str, str]:
    """Return why results are missing from a stage's folder, by name."""
    file = folder / FAILURES
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else {}
