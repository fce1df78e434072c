"""A run that is killed at any moment goes on, and ends with the very bytes of a run left alone."""

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from clusterpanel.pipeline.digests import folder_digests

STUDY = Path(__file__).resolve().parents[1] / "fixtures" / "good_specs" / "small" / "studies" / "small.toml"
KILLS = 3


def command(out: Path) -> list[str]:
    return [sys.executable, "-m", "clusterpanel", "run", str(STUDY), "--out", str(out)]


def run(out: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(out), capture_output=True, text=True, check=False, timeout=300)


def results(out: Path) -> dict[str, str]:
    """Return the digest of all the run wrote, but for what it remembers of its inputs' file times."""
    files = folder_digests(out)
    return {name: digest for name, digest in files.items() if name not in {".lock", "store/_inputs.json"}}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    done = run(out)
    assert done.returncode == 0, done.stderr
    return out


def is_killed(out: Path, seconds: float) -> bool:
    """Start a run, wait until it has begun a stage and that long after, and kill it unless it is done."""
    process = subprocess.Popen(command(out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and not list((out / "store").glob(".part-*")):
        time.sleep(0.002)
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return True
    return False


def test_killed_at_random_moments_it_ends_with_the_same_bytes(undisturbed: Path, tmp_path: Path) -> None:
    # Moments count from the first stage on, so that the first run is caught at work on any machine.
    moments = np.random.default_rng(20).uniform(0, 0.5, KILLS).tolist()
    kills = [is_killed(tmp_path, seconds) for seconds in moments]
    done = run(tmp_path)
    assert kills[0]
    assert done.returncode == 0, done.stderr
    assert results(tmp_path) == results(undisturbed)
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith((".part-", ".old-"))]


@pytest.mark.parametrize("stage", ["panel", "report"])
def test_killed_in_a_stage_it_ends_with_the_same_bytes(undisturbed: Path, tmp_path: Path, stage: str) -> None:
    process = subprocess.Popen(command(tmp_path), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and not list((tmp_path / "store").glob(f".part-{stage}-*")):
        time.sleep(0.002)
    process.kill()
    process.wait()
    done = run(tmp_path)
    assert done.returncode == 0, done.stderr
    assert results(tmp_path) == results(undisturbed)


@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot be made to stand still on Windows")
def test_a_second_run_in_the_same_folder_is_turned_away(tmp_path: Path) -> None:
    first = subprocess.Popen(command(tmp_path), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while first.poll() is None and not (tmp_path / "store" / ".part-spill").exists():
            time.sleep(0.005)
        first.send_signal(signal.SIGSTOP)
        assert first.poll() is None
        second = run(tmp_path)
    finally:
        first.kill()
        first.wait()
    assert second.returncode == 75
    assert "another run holds the folder" in second.stderr


@pytest.mark.parametrize("name", ["panel-*/panel.parquet", "design-wage_pooled-*/_stage.json"])
def test_an_edited_file_of_the_store_is_built_again_and_told(
    undisturbed: Path, tmp_path: Path, name: str
) -> None:
    shutil.copytree(undisturbed, tmp_path / "out")
    (file,) = (tmp_path / "out" / "store").glob(name)
    with file.open("ab") as opened:
        opened.write(b"!")
    done = run(tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "built again" in done.stderr
    assert results(tmp_path / "out") == results(undisturbed)


def test_an_edited_report_is_replaced(undisturbed: Path, tmp_path: Path) -> None:
    shutil.copytree(undisturbed, tmp_path / "out")
    (tmp_path / "out" / "report" / "index.html").write_text("edited")
    done = run(tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert results(tmp_path / "out") == results(undisturbed)
