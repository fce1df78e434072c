"""Install clusterpanel from the wheels beside this file, without a network; safe to run twice.

`wheelhouse.py` puts a copy of this file into the folder it fills.
"""

import os
import subprocess
import sys
import venv
from pathlib import Path

WHEELS = Path(__file__).resolve().parent


def main() -> int:
    """Make the environment named on the command line and install into it."""
    if len(sys.argv) != 2:
        print(f"usage: {Path(sys.argv[0]).name} ENVIRONMENT", file=sys.stderr)
        return 2
    folder = Path(sys.argv[1])
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        venv.EnvBuilder(with_pip=True).create(folder)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--no-index", "--find-links", str(WHEELS)]
    for lock in sorted(WHEELS.glob("*.txt")):
        subprocess.run([*pip, "--require-hashes", "-r", str(lock)], check=True)
    subprocess.run([*pip, "--no-deps", "--force-reinstall", "clusterpanel"], check=True)
    print(f"Installed. Try: {python} -m clusterpanel --help")
    return 0


if __name__ == "__main__":
    sys.exit(main())
