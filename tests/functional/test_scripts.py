"""The first command of the README in a clean copy of the repository, from nothing to a report, twice."""

import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
SHIPPED = ("clusterpanel", "data_specs", "requirements", "scripts", "pyproject.toml", "README.md", "LICENSE")


def clean_copy(folder: Path) -> Path:
    """Copy what a checkout holds; no environment, no results."""
    for name in SHIPPED:
        source = REPOSITORY / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, folder / name)
    return folder


def demo(folder: Path) -> str:
    command = [sys.executable, str(folder / "scripts" / "demo.py")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder.parent, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_demo_makes_its_environment_and_a_report_and_runs_again(tmp_path: Path) -> None:
    folder = clean_copy(tmp_path / "checkout")
    first = demo(folder)
    report = folder / "demo" / "results" / "report" / "index.html"
    assert report.exists()
    assert "index.html" in first
    page = report.read_bytes()
    assert "Making" not in demo(folder), "the second run made the environment again"
    assert report.read_bytes() == page
