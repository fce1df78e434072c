"""Collect every wheel that a room without internet needs, and the script that installs them there.

Outside:  python3 scripts/wheelhouse.py
Inside:   python3 wheelhouse/install.py ENVIRONMENT

The wheels fit the system this runs on; for another one say so, such as
python3 scripts/wheelhouse.py --platform win_amd64 --python 3.12
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from own_environment import REPOSITORY, environment


def main() -> int:
    """Download the locked wheels, build clusterpanel's own, and write the installer beside them."""
    options = _arguments()
    folder = Path(options.to)
    folder.mkdir(parents=True, exist_ok=True)
    python = str(environment("demo", "run", editable=False))
    lock = REPOSITORY / "requirements" / f"{options.lock}.txt"
    target = [f"--platform={options.platform}"] if options.platform else []
    target += [f"--python-version={options.python}"] if options.python else []
    pip = [python, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    wheels = ["--only-binary=:all:", "--require-hashes", "-r", str(lock), "-d", str(folder)]
    subprocess.run([*pip, "download", *target, *wheels], check=True)
    own = ["--no-deps", "--no-build-isolation", "-w", str(folder), str(REPOSITORY)]
    subprocess.run([*pip, "wheel", *own], check=True)
    shutil.copyfile(lock, folder / lock.name)
    shutil.copyfile(Path(__file__).with_name("install_offline.py"), folder / "install.py")
    print(f"{len(list(folder.glob('*.whl')))} wheels in {folder}")
    print(f"Inside the room: python3 {folder.name}/install.py ENVIRONMENT")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Collect the wheels to carry into a room without internet.")
    parser.add_argument("--to", default=str(REPOSITORY / "wheelhouse"), help="the folder to fill")
    parser.add_argument("--lock", choices=("run", "test"), default="run", help="what the room will do")
    parser.add_argument("--platform", help="another system's tag, such as win_amd64 or manylinux_2_28_x86_64")
    parser.add_argument("--python", help="another Python, such as 3.12")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
