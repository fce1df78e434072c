"""Options that several commands share, and how their text is read."""

import re
from pathlib import Path
from typing import Annotated

import typer

MEMORY = re.compile(r"\d+(\.\d+)?\s?([KMGT]i?B)", re.IGNORECASE)


def read_folders(given: list[str] | None) -> dict[str, Path]:
    """Return the folder of each NAME=FOLDER.

    Raises
    ------
    BadParameter
        A text is not of that form, or a name comes twice.
    """
    folders: dict[str, Path] = {}
    for text in given or []:
        name, sign, folder = text.partition("=")
        if not (name and sign and folder):
            raise typer.BadParameter(f"came {text!r}; give NAME=FOLDER", param_hint="--data")
        if name in folders:
            raise typer.BadParameter(f"{name} is given twice", param_hint="--data")
        folders[name] = Path(folder).expanduser()
    return folders


def read_memory(text: str | None) -> str | None:
    """Return an amount of memory as it came.

    Raises
    ------
    BadParameter
        It is no number with a unit.
    """
    if text is not None and not MEMORY.fullmatch(text):
        raise typer.BadParameter(f"came {text!r}; give a number with a unit, such as 2GB or 500MB")
    return text


StudyName = Annotated[
    str, typer.Argument(metavar="STUDY", help="The study's TOML file, or the name of a shipped study.")
]
OutFolder = Annotated[
    Path, typer.Option("--out", metavar="FOLDER", help="The folder for results; made if it is not there.")
]
DataFolders = Annotated[
    list[str] | None,
    typer.Option(
        "--data",
        metavar="NAME=FOLDER",
        help="The folder of a source's, gazetteer's or zoning's files; may be given several times. "
        "The environment variable CLUSTERPANEL_DATA_ followed by NAME in capitals does the same.",
    ),
]
Memory = Annotated[
    str | None,
    typer.Option(
        "--memory", metavar="AMOUNT", help="The most memory for tables, such as 2GB.", callback=read_memory
    ),
]
Threads = Annotated[
    int | None, typer.Option("--threads", min=1, help="The most threads for tables; by default one per core.")
]
ShowProgress = Annotated[
    bool | None,
    typer.Option("--progress/--no-progress", help="Show progress; by default where errors go to a terminal."),
]
