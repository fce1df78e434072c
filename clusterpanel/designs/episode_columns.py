"""The event, start and stop of a survival design's rows, made of a block of the panel."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from clusterpanel.designs.encode import as_floats
from clusterpanel.models.arrays import Floats

UNKNOWN = "unknown"
YEAR = 1.0
NEITHER = -1.0


@dataclass(frozen=True)
class EpisodeColumns:
    """What the outcomes of a survival design are made of.

    Attributes
    ----------
    event : str
        The yes/no column of rows that end with the event.
    start, stop : str or None
        The columns of time. No stop: a row lasts one unit of time; no start: rows have no times.
    cause : str or None
        The column of text that says why, read where there is an event; missing there means "unknown".
    causes : tuple of str
        The causes 1, 2, ...; rows that end by another are censored there.
    """

    event: str
    start: str | None = None
    stop: str | None = None
    cause: str | None = None
    causes: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """What the outcomes are called: event and, where rows have times, start and stop."""
        if self.start is None:
            return (self.event,)
        return (self.event, self.start, f"{self.start} + 1" if self.stop is None else self.stop)

    @property
    def needed(self) -> tuple[str, ...]:
        """The panel columns that no row may miss."""
        return tuple(name for name in (self.event, self.start, self.stop) if name is not None)

    @property
    def sources(self) -> tuple[str, ...]:
        """The panel columns that are read."""
        return self.needed if self.cause is None else (*self.needed, self.cause)

    def columns(self, table: pa.Table) -> list[Floats]:
        """Return the outcomes of some rows: 0 where there is no event, else 1 or the cause's number.

        What is neither yes nor no stays as it is, or is `NEITHER` where causes are told apart.
        """
        event = as_floats(table.column(self.event))
        if self.cause is not None:
            numbers = self._numbers(table.column(self.cause))
            event = np.where(event == 1, numbers, np.where(event == 0, 0.0, NEITHER))
        if self.start is None:
            return [event]
        start = as_floats(table.column(self.start))
        stop = start + YEAR if self.stop is None else as_floats(table.column(self.stop))
        return [event, start, stop]

    def _numbers(self, column: pa.ChunkedArray) -> Floats:
        numbers = pc.index_in(as_plain_texts(column), value_set=pa.array(self.causes, pa.string()))
        return as_floats(pc.fill_null(pc.add(numbers, 1), 0))


def as_plain_texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column of causes as texts, the missing ones unknown."""
    return pc.fill_null(pc.cast(column, pa.string()), UNKNOWN)
