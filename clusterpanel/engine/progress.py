"""Tell how far a pass over a panel is: a bar on a terminal or in a notebook, or what a caller asks for."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from importlib.util import find_spec
from time import monotonic
from typing import TypeVar

Block = TypeVar("Block")

# A pass that takes no longer needs no bar.
QUIET_SECONDS = 1.0


@dataclass(frozen=True)
class PassEvent:
    """How far a pass is.

    Attributes
    ----------
    what : str
        What the pass does, in words.
    rows, of_rows : int
        Rows that are done, and all rows.
    is_over : bool
        Whether nothing more of this pass will be told; true as well where it stops short.
    """

    what: str
    rows: int
    of_rows: int
    is_over: bool = False


Tell = Callable[[PassEvent], None]

_TELL: ContextVar[Tell | None] = ContextVar("clusterpanel_passes", default=None)


def silent(_: PassEvent) -> None:
    """Tell nobody."""


@contextmanager
def passes_told_to(tell: Tell) -> Iterator[None]:
    """Tell of passes over a panel inside a ``with`` to `tell` in place of drawing bars."""
    before = _TELL.set(tell)
    try:
        yield
    finally:
        _TELL.reset(before)


@contextmanager
def passes_shown(wanted: bool | None) -> Iterator[None]:
    """Draw bars (True), none (False), or as it is (None): on a terminal or in a notebook only."""
    if wanted is None:
        yield
        return
    with passes_told_to(PassBar() if wanted else silent):
        yield


def watched(
    blocks: Iterable[Block], what: str, of_rows: int, rows_of: Callable[[Block], int]
) -> Iterator[Block]:
    """Yield blocks as they come and tell of the pass; what is told first is told after the first block."""
    tell, rows = _TELL.get(), 0
    tell = tell or (PassBar() if is_watched() else silent)
    try:
        for block in blocks:
            rows += rows_of(block)
            yield block
            tell(PassEvent(what, rows, of_rows))
    finally:
        tell(PassEvent(what, rows, of_rows, is_over=True))


def is_watched() -> bool:
    """Say whether somebody sits before a terminal, or a notebook that can draw bars."""
    from rich.console import Console

    console = Console(stderr=True)
    return console.is_terminal or (console.is_jupyter and find_spec("ipywidgets") is not None)


class PassBar:
    """A bar on standard error, drawn once a pass has taken `QUIET_SECONDS` and taken away when it is over."""

    def __init__(self, quiet_seconds: float = QUIET_SECONDS) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        text = TextColumn("{task.description}", markup=False)
        columns = (text, BarColumn(24), TaskProgressColumn(), TimeRemainingColumn())
        console = Console(stderr=True)
        # Off a terminal nothing can be taken away: there the last state is printed, once.
        self._progress = Progress(*columns, console=console, transient=console.is_terminal)
        self._task = self._progress.add_task("", total=None)
        self._quiet_seconds = quiet_seconds
        self._began: float | None = None

    def __call__(self, event: PassEvent) -> None:
        """Draw what is told."""
        self._began = self._began or monotonic()
        if event.is_over:
            self._progress.stop()
            self._began = None
            return
        if monotonic() - self._began >= self._quiet_seconds:
            self._progress.start()
        self._progress.update(self._task, completed=event.rows, total=event.of_rows, description=event.what)
