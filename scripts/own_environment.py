"""Make the virtual environment a script runs in, from the hashed lock file; standard library only."""

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
OLDEST_PYTHON = (3, 11)


def environment(name: str, lock: str, *, editable: bool) -> Path:
    """Return the interpreter of `.venv-<name>`, made or brought up to date where that is needed.

    The environment holds what ``requirements/<lock>.txt`` pins by hash and clusterpanel itself. If a folder
    ``wheelhouse`` holds the same lock file, everything comes from it and nothing from the network.
    """
    if sys.version_info < OLDEST_PYTHON:
        sys.exit(f"clusterpanel needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
    folder = REPOSITORY / f".venv-{name}"
    python = interpreter(folder)
    stamp = folder / "made-from"
    wanted = _digest(lock, editable)
    if python.exists() and stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return python
    print(f"Making {folder.name} (the first time takes some minutes) ...", flush=True)
    _create(folder)
    pins = f"{lock}.txt"
    _install(python, pins, "--require-hashes", "-r", str(REPOSITORY / "requirements" / pins))
    mode = ["--editable"] if editable else ["--force-reinstall"]
    _install(python, pins, "--no-deps", "--no-build-isolation", *mode, str(REPOSITORY))
    stamp.write_text(wanted, encoding="utf-8")
    return python


def interpreter(folder: Path) -> Path:
    """Return where a virtual environment keeps its interpreter on this system."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def run(python: Path, *arguments: str) -> int:
    """Run the environment's interpreter in the repository and return its exit code."""
    return subprocess.run([str(python), *arguments], cwd=REPOSITORY, check=False).returncode


def _create(folder: Path) -> None:
    try:
        venv.EnvBuilder(with_pip=True, clear=True).create(folder)
    except subprocess.CalledProcessError:
        sys.exit("Python came without pip's installer; on Debian and Ubuntu: apt install python3-venv.")


def _install(python: Path, lock: str, *arguments: str) -> None:
    wheelhouse = REPOSITORY / "wheelhouse"
    offline = ["--no-index", "--find-links", str(wheelhouse)] if (wheelhouse / lock).exists() else []
    quiet = ["--quiet", "--disable-pip-version-check", "--no-input"]
    if run(python, "-m", "pip", "install", *quiet, *offline, *arguments):
        sys.exit("The installation failed; pip's message above says why; the next run resumes it.")


def _digest(lock: str, editable: bool) -> str:
    """Digest all that decides what the environment holds; an installed copy also depends on the code."""
    files = [REPOSITORY / "requirements" / f"{lock}.txt", REPOSITORY / "pyproject.toml"]
    if not editable:
        files += sorted((REPOSITORY / "clusterpanel").rglob("*.py"))
        files += sorted((REPOSITORY / "clusterpanel").rglob("*.html"))
        files += sorted((REPOSITORY / "data_specs").rglob("*.toml"))
    digest = hashlib.sha256(sys.version.encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()
