"""Check the project: style, types, floors, tests.

Run with any Python from 3.11 on:  python3 scripts/test.py
It makes its own environment in .venv-test, needs no root, and is safe to run twice. Words after the script's
name go to pytest, such as  python3 scripts/test.py tests/unit -k ols
"""

import sys

from own_environment import environment, run

CHECKS = (
    ("style", ("-m", "ruff", "check", ".")),
    ("format", ("-m", "ruff", "format", "--check", ".")),
    ("types", ("-m", "mypy")),
    ("floors", ("-c", "from importlinter.cli import lint_imports_command; lint_imports_command()")),
)


def main() -> int:
    """Run every check, tests last; return 0 only if all passed."""
    python = environment("test", "test", editable=True)
    wanted = sys.argv[1:]
    failed = [] if wanted else [name for name, command in CHECKS if run(python, *command)]
    if run(python, "-m", "pytest", *(wanted or ["-n", "2", "--dist", "loadfile"])):
        failed.append("tests")
    if failed:
        print(f"Failed: {', '.join(failed)}.", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
