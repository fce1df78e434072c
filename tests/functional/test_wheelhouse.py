"""The wheels for a room without internet: collected, then installed and used with the network off."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
NO_NETWORK = {
    "PIP_NO_INDEX": "1",
    "PIP_CONFIG_FILE": os.devnull,
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
}


def network_off() -> list[str]:
    """Return the prefix that takes the network away, where the system has one."""
    unshare = shutil.which("unshare")
    if (
        unshare is None
        or subprocess.run([unshare, "-rn", "true"], capture_output=True, check=False).returncode
    ):
        return []
    return [unshare, "-rn"]


def run(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheelhouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("carried") / "wheelhouse"
    collect = [sys.executable, str(REPOSITORY / "scripts" / "wheelhouse.py"), "--to", str(folder)]
    run(collect, REPOSITORY, dict(os.environ))
    return folder


def test_the_wheels_install_and_run_without_a_network(wheelhouse: Path, tmp_path: Path) -> None:
    environment = os.environ | NO_NETWORK
    install = [*network_off(), sys.executable, str(wheelhouse / "install.py"), str(tmp_path / "room")]
    run(install, tmp_path, environment)
    run(install, tmp_path, environment)
    python = tmp_path / "room" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    found = run(
        [*network_off(), str(python), "-m", "clusterpanel", "simulate", "register", "--firm-years", "3000"],
        tmp_path,
        environment,
    )
    assert "imulated" in found
    assert (tmp_path / "register" / "truth.json").exists()


def test_the_wheel_ships_the_specs_and_the_type_marker(wheelhouse: Path) -> None:
    wheel = next(wheelhouse.glob("clusterpanel-*.whl"))
    names = run([sys.executable, "-m", "zipfile", "-l", str(wheel)], wheelhouse, dict(os.environ))
    for file in ("data_specs/studies/eutl.toml", "data_specs/studies/simulated.toml", "py.typed"):
        assert f"clusterpanel/{file}" in names
