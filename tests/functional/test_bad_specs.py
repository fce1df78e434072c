"""Each bad spec is refused with its own fault, told where it is and what would be right."""

import tomllib
from pathlib import Path

import pytest

from clusterpanel.errors import ClusterpanelError
from clusterpanel.spec.read import read_study

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
BAD = sorted(folder.name for folder in (FIXTURES / "bad_specs").iterdir() if folder.is_dir())


@pytest.mark.parametrize("case", BAD)
def test_bad_spec_is_refused_with_its_faults(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FIXTURES / "bad_specs")
    expected = tomllib.loads((Path(case) / "expected.toml").read_text(encoding="utf-8"))

    with pytest.raises(ClusterpanelError) as caught:
        read_study(Path(case) / "study.toml")

    message = str(caught.value)
    assert caught.value.exit_code == expected["exit_code"]
    assert [text for text in expected["texts"] if text not in message] == []
    assert len(caught.value.faults) == expected["faults"], message
    assert [fault for fault in caught.value.faults if str(fault) not in message] == []
    assert str(FIXTURES) not in message, "a message names files as the user did"


def test_there_are_enough_bad_specs() -> None:
    assert len(BAD) >= 28


def test_no_fixture_is_refused_for_a_second_reason() -> None:
    """The study that the bad specs are made from is read without a fault."""
    study = read_study(FIXTURES / "good_specs" / "small" / "studies" / "small.toml", check_files=True)

    assert study.name == "small"
