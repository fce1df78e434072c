"""Progress of a run on standard error."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column

from clusterpanel.cli.screen import errors
from clusterpanel.engine.progress import QUIET_SECONDS, PassEvent
from clusterpanel.pipeline.progress import Progress as Told
from clusterpanel.pipeline.progress import StageEvent

DAMAGED = "the stored files of stage {} were changed or are incomplete; it is built again"

NAME_WIDTH, BAR_WIDTH = 34, 24


@contextmanager
def stage_progress(wanted: bool | None) -> Iterator[Told]:
    """Yield what a run tells its stages to.

    Parameters
    ----------
    wanted : bool or None
        Whether to show a bar; None: only on a terminal. That a stage was damaged is told in any case.
    """
    console = errors()
    is_shown = console.is_terminal if wanted is None else wanted
    # Of one width, so that the bar stands still, and narrow enough for 80 columns.
    stage = Column(width=NAME_WIDTH, no_wrap=True, overflow="ellipsis")
    columns = (
        TextColumn("{task.description}", table_column=stage, markup=False),
        BarColumn(BAR_WIDTH),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=not is_shown) as bar:
        task = bar.add_task("starting", total=None)
        row = PassRow(bar)

        def tell(event: StageEvent | PassEvent) -> None:
            if isinstance(event, PassEvent):
                return row.tell(event)
            if event.what == "damaged":
                console.print(DAMAGED.format(event.stage), markup=False)
            done = event.place - (event.what == "starts")
            return bar.update(task, total=event.total, completed=done, description=event.stage)

        yield tell
        bar.update(task, description="done")


class PassRow:
    """A row beneath the stages', in per cent, while a pass over the panel takes long."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._row = bar.add_task("", total=100, visible=False)
        self._began: float | None = None

    def tell(self, event: PassEvent) -> None:
        """Show how far a pass is, once it takes longer than `QUIET_SECONDS`."""
        if event.is_over:
            self._began = None
            return self._bar.reset(self._row, visible=False)
        self._began = self._began or monotonic()
        return self._bar.update(
            self._row,
            completed=100 * event.rows // event.of_rows,
            description=event.what,
            visible=monotonic() - self._began >= QUIET_SECONDS,
        )


@contextmanager
def waiting(text: str) -> Iterator[None]:
    """Show that something is under way, on a terminal only."""
    console = errors()
    if console.is_terminal:
        with console.status(text):
            yield
    else:
        yield
