"""How much memory and how many threads a run may take, set once and read where work goes to an engine."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Limits:
    """What a run may take of the machine.

    Attributes
    ----------
    memory : str or None
        The most memory DuckDB may take, such as ``2GB``; None leaves DuckDB's own limit.
    threads : int or None
        The most threads; None leaves one per core.
    spill : Path or None
        The folder for what does not fit in memory; None is a temporary folder.
    """

    memory: str | None = None
    threads: int | None = None
    spill: Path | None = None


NO_LIMITS = Limits()
_LIMITS: ContextVar[Limits] = ContextVar("clusterpanel_limits", default=NO_LIMITS)


def current_limits() -> Limits:
    """Return the limits in force."""
    return _LIMITS.get()


@contextmanager
def work_within(limits: Limits) -> Iterator[None]:
    """Put limits in force for the work inside a ``with``."""
    before = _LIMITS.set(limits)
    try:
        yield
    finally:
        _LIMITS.reset(before)
