"""What the commands print: findings to standard output, progress and errors to standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

NO_WIDTH = 10_000


def output() -> Console:
    """Return the console of standard output."""
    from rich.console import Console

    # Off a terminal nothing is wrapped: a pipe has no width.
    return Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else NO_WIDTH)


def errors() -> Console:
    """Return the console of standard error."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


def show_error(message: str) -> None:
    """Print an error, in colour on a terminal."""
    from rich.text import Text

    errors().print(Text.assemble(("error: ", "bold red"), message))


def say(message: str) -> None:
    """Print a line of findings as it is, so that a path or command in it can be copied."""
    from rich.text import Text

    output().print(Text(message))


def say_prose(message: str, style: str = "") -> None:
    """Print sentences, wrapped between words on a terminal."""
    from rich.text import Text

    output().print(Text(message, style=style), soft_wrap=False)


def show_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under a title; whole numbers are grouped by thousands and set to the right.

    On a narrow terminal cells are folded, but for those that name a row.
    """
    from rich.table import Table
    from rich.text import Text

    cells = [list(row) for row in rows]
    if not cells:
        return
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for place, name in enumerate(columns):
        is_count = all(isinstance(row[place], int) for row in cells)
        is_whole = is_count or place == 0
        table.add_column(name, justify="right" if is_count else "left", no_wrap=is_whole, overflow="fold")
    for row in cells:
        table.add_row(*(Text(f"{cell:,}" if isinstance(cell, int) else str(cell)) for cell in row))
    console = output()
    console.print(table)
    console.print()
