"""A copy of the small study whose files a test may change."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from clusterpanel.errors import Fault, SpecError
from clusterpanel.spec.read import read_study

SMALL = Path(__file__).resolve().parents[2] / "fixtures" / "good_specs" / "small"

Edit = tuple[str, str, str]
Faults = Callable[..., list[Fault]]


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Return the copy's folder."""
    return Path(shutil.copytree(SMALL, tmp_path / "small"))


@pytest.fixture
def faults(small: Path) -> Faults:
    """Return a function that replaces texts (file, old, new) and returns the faults of the study then."""

    def edited(*edits: Edit) -> list[Fault]:
        for name, old, new in edits:
            path = small / name
            text = path.read_text(encoding="utf-8")
            if old not in text:
                pytest.fail(f"{name} holds no {old!r}")
            path.write_text(text.replace(old, new, 1), encoding="utf-8")
        try:
            read_study(small / "studies" / "small.toml")
        except SpecError as error:
            return list(error.faults)
        return []

    return edited
