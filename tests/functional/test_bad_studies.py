"""Each study that asks well of data that cannot answer ends in its own words and code, and reveals no firm.

Each case is the small study with a few changes: `expected.toml` names texts to replace, and files beside it
take the place of its own.
"""

import os
import re
import shutil
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest

from clusterpanel.cli.entry import main
from clusterpanel.errors import DataError
from clusterpanel.panel.panel import Panel

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
SMALL = FIXTURES / "good_specs" / "small"
BAD = FIXTURES / "bad_studies"
CASES = sorted(folder.name for folder in BAD.iterdir() if folder.is_dir())
EXPECTED = "expected.toml"
SECRET = re.compile(r"\b(?:00f-|[FSG])\d{3}\b|Mill Road")
READ_BY_PEOPLE = {".json", ".csv", ".html", ".svg", ".md", ".tex"}


class Done(NamedTuple):
    """How a command ended."""

    code: int
    told: str


Run = Callable[..., Done]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line as a process would, without the seconds a new one takes to start."""

    def one(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["clusterpanel", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        captured = capsys.readouterr()
        return Done(code, captured.out + captured.err)

    return one


def expected_of(case: str) -> dict[str, Any]:
    return tomllib.loads((BAD / case / EXPECTED).read_text(encoding="utf-8"))


def study_of(case: str, folder: Path) -> Path:
    """Copy the small study, replace its files by the case's own, then its texts."""
    shutil.copytree(SMALL, folder)
    shutil.copytree(BAD / case, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(EXPECTED))
    for edit in expected_of(case).get("edits", []):
        file = folder / edit["file"]
        pattern = edit["pattern"] if "pattern" in edit else re.escape(edit["old"])
        new = edit["new"] if "pattern" in edit else edit["new"].replace("\\", r"\\")
        text, replaced = re.subn(pattern, new, file.read_text(encoding="utf-8"), flags=re.MULTILINE)
        assert replaced, f"{case}: {edit} changes nothing"
        file.write_text(text, encoding="utf-8")
    return folder / "studies" / "small.toml"


def half_written(out: Path) -> list[str]:
    """Name what a stopped run must not leave: files set aside, and stages without their record."""
    aside = [path.name for path in out.rglob(".*-*")]
    stages = [path for path in (out / "store").glob("*") if path.is_dir()]
    return aside + [stage.name for stage in stages if not (stage / "_stage.json").is_file()]


@pytest.mark.parametrize("case", CASES)
def test_a_bad_study_has_its_own_end(case: str, run: Run, tmp_path: Path) -> None:
    expected = expected_of(case)
    out = tmp_path / "out"

    done = run("run", study_of(case, tmp_path / "study"), "--out", out)

    assert done.code == expected["exit_code"], done.told
    assert [text for text in expected["texts"] if text not in done.told] == [], done.told
    assert half_written(out) == []
    assert (out / "report").exists() == expected["has_report"]
    assert (out / "manifest.json").exists() == expected["has_report"]
    if expected["has_report"]:
        page = (out / "report" / "index.html").read_text(encoding="utf-8")
        failed = re.findall(r"^not identified: (\w+):", done.told, re.MULTILINE)
        assert [name for name in failed if name not in page] == []
        assert [text for text in expected.get("report_says", []) if text not in page] == []
    assert_no_firm_is_named(done.told, out)


def assert_no_firm_is_named(told: str, out: Path) -> None:
    assert SECRET.findall(told) == []
    files = [path for path in out.rglob("*") if path.suffix in READ_BY_PEOPLE]
    named = {path.name for path in files if SECRET.search(path.read_text(encoding="utf-8"))}
    assert named == set()


def test_the_study_they_are_made_of_runs(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = run("run", SMALL / "studies" / "small.toml", "--out", out)
    assert done.code == 0, done.told
    assert_no_firm_is_named(done.told, out)


def test_a_bad_study_leaves_the_last_report_as_it_was(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run("run", SMALL / "studies" / "small.toml", "--out", out).code == 0
    before = {path: path.read_bytes() for path in (out / "report").rglob("*") if path.is_file()}
    manifest = (out / "manifest.json").read_bytes()
    assert run("run", study_of("zoning_broken", tmp_path / "study"), "--out", out).code == 65
    assert {path: path.read_bytes() for path in (out / "report").rglob("*") if path.is_file()} == before
    assert (out / "manifest.json").read_bytes() == manifest
    assert half_written(out) == []


def test_an_output_folder_that_cannot_be_exits_73(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file")
    for out in (tmp_path / "file", tmp_path / "file" / "out", tmp_path / ("x" * 400)):
        done = run("run", SMALL / "studies" / "small.toml", "--out", out)
        assert done.code == 73, done.told
        assert "--out" in done.told
    assert (tmp_path / "file").read_text() == "a file"


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="the superuser may write everywhere")
def test_an_output_folder_without_the_right_to_write_exits_73(run: Run, tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    done = run("run", SMALL / "studies" / "small.toml", "--out", tmp_path / "closed")
    assert done.code == 73, done.told
    assert "change who may write" in done.told


def test_a_panel_with_a_firm_year_twice_is_refused_without_naming_it() -> None:
    frame = pd.DataFrame({"firm_id": ["F001", "F001", "F002"], "year": [2001, 2001, 2001]})
    with pytest.raises(DataError) as raised:
        Panel.from_frame(frame)
    message = str(raised.value)
    assert raised.value.exit_code == 65
    assert "firm_id" in message
    assert "year" in message
    assert not SECRET.search(message)


def test_every_case_says_why_it_is_bad() -> None:
    assert len(CASES) >= 50
    assert [case for case in CASES if not expected_of(case)["why"].endswith(".")] == []
