"""Write docs/reference/command-line.md from the commands themselves.

python scripts/make_cli_reference.py            write the page
python scripts/make_cli_reference.py --check    fail if the page is stale
"""

import inspect
import sys
from pathlib import Path
from typing import Any

import typer

from clusterpanel.cli.app import app

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "command-line.md"
OPENING = """# Command line

<!-- Written by scripts/make_cli_reference.py; edit the commands, not this page. -->

`clusterpanel COMMAND --help` prints the same. `STUDY` is the path of a study's TOML file or the name of a
shipped study. Findings go to standard output, progress and errors to standard error.
"""
EXIT_CODES = """
## Exit codes

| code | meaning |
|---:|---|
| 0 | done |
| 2 | the command was not understood |
| 10 | the sample holds no answer to a design; the report says which and why (without clusters: no report) |
| 11 | the same, where a design's solver stopped short |
| 12 | an exhibit would reveal a firm |
| 65 | the data break the contract of their spec |
| 66 | a named file is not there or cannot be read |
| 70 | a fault of clusterpanel itself: please report the line it prints, which holds none of your data |
| 73 | the results cannot be written |
| 75 | the run itself failed: another run holds the folder, the disk or memory is full; try again |
| 78 | the study asks for something that is not there |
"""


def page() -> str:
    """Return the text of the reference page."""
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    sections = [_section(name, command) for name, command in commands.items()]
    return "\n".join([OPENING, *sections]) + EXIT_CODES


def _section(name: str, command: Any) -> str:
    arguments = " ".join(str(p.metavar) for p in command.params if p.param_type_name == "argument")
    lines = [f"## clusterpanel {name}", "", f"    clusterpanel {name} {arguments} [OPTIONS]", ""]
    lines += [inspect.cleandoc(command.help), "", "| option | meaning |", "|---|---|"]
    lines += [_row(option) for option in command.params if option.name != "help"]
    return "\n".join([*lines, "", _code(command.epilog), ""])


def _row(option: Any) -> str:
    is_argument = option.param_type_name == "argument"
    names = [option.metavar] if is_argument else [*option.opts, *option.secondary_opts]
    text = ", ".join(f"`{name}`" for name in names)
    if option.metavar and not is_argument:
        text += f" `{option.metavar}`"
    notes = [option.help or ""]
    if option.required:
        notes.append("Required.")
    elif option.default is not None and not isinstance(option.default, bool):
        notes.append(f"Default: `{option.default}`.")
    return f"| {text} | {' '.join(notes)} |"


def _code(epilog: str) -> str:
    return f"Example: `{epilog.removeprefix('Example: ')}`"


def main() -> None:
    """Write the page, or check that it is as it would be written."""
    text = page()
    if "--check" in sys.argv:
        if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
            sys.exit("docs/reference/command-line.md is stale; run: python scripts/make_cli_reference.py")
        return
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
