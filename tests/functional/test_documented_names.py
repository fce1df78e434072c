"""Every name of the package that a document tells can be imported as it is told."""

import re
from pathlib import Path
from pkgutil import resolve_name

import pytest

import clusterpanel

REPOSITORY = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md")])
SHORT = re.compile(r"\bcp\.([A-Za-z_]\w*)")
DOTTED = re.compile(r"\bclusterpanel\.[a-z_]\w*(?:\.[A-Za-z_]\w*)*")
IMPORTED = re.compile(r"^from (clusterpanel[\w.]*) import ([\w, ]+)$", re.MULTILINE)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: str(d.relative_to(REPOSITORY)))
def test_names_told_are_there(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    assert set(SHORT.findall(text)) <= set(clusterpanel.__all__)
    for name in DOTTED.findall(text):
        assert resolve_name(name) is not None
    for module, names in IMPORTED.findall(text):
        for name in names.split(","):
            assert resolve_name(f"{module}:{name.strip()}") is not None


def test_every_name_of_the_front_can_be_had() -> None:
    assert all(getattr(clusterpanel, name) is not None for name in clusterpanel.__all__)
