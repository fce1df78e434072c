"""Simulate a register, run the whole study on it, and say where the report is.

Run with any Python from 3.11 on:  python3 scripts/demo.py
It makes its own environment in .venv-demo, needs no root, and is safe to run twice.
"""

import sys

from own_environment import REPOSITORY, environment, run

REGISTER = REPOSITORY / "demo" / "register"
RESULTS = REPOSITORY / "demo" / "results"


def main() -> int:
    """Simulate and run; return the exit code of the first step that fails."""
    python = environment("demo", "run", editable=False)
    clusterpanel = ("-m", "clusterpanel")
    if not (REGISTER / "truth.json").exists() and (
        failed := run(python, *clusterpanel, "simulate", str(REGISTER))
    ):
        return failed
    data = f"simulated={REGISTER}"
    return run(python, *clusterpanel, "run", "simulated", "--data", data, "--out", str(RESULTS))


if __name__ == "__main__":
    sys.exit(main())
