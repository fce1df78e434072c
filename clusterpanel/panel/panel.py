"""The panel: one row per firm and year, sorted by firm, in blocks that split no firm."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pyarrow as pa

from clusterpanel.engine.firm_blocks import FirmBlocks, MemoryBlocks, ParquetBlocks
from clusterpanel.engine.sample_flow import FlowStep
from clusterpanel.errors import DataError, Fault
from clusterpanel.panel.key import sorted_by_key


@dataclass(frozen=True)
class Panel:
    """A firm-year table with unique, never-missing keys.

    Attributes
    ----------
    data : FirmBlocks
        The rows, in memory or in Parquet.
    firm, time : str
        The key columns.
    flow : tuple of FlowStep
        The sample flow that led here.
    """

    data: FirmBlocks
    firm: str = "firm_id"
    time: str = "year"
    flow: tuple[FlowStep, ...] = field(default=())

    @classmethod
    def from_frame(cls, frame: object, firm: str = "firm_id", time: str = "year") -> "Panel":
        """Make a panel of a pandas, polars or Arrow table; the table itself is left as it is.

        Raises
        ------
        DataError
            A key column is absent, has missing values, or a firm-year occurs twice.
        """
        return cls(MemoryBlocks(sorted_by_key(_as_arrow(frame), firm, time), firm), firm, time)

    @classmethod
    def open(
        cls, path: Path, flow: tuple[FlowStep, ...] = (), firm: str = "firm_id", time: str = "year"
    ) -> "Panel":
        """Open a panel in Parquet; its rows stay there until they are asked for.

        Parameters
        ----------
        path : Path
            A file, or a folder with files that are read in the order of their names. Rows are sorted by firm
            and time, and no row group splits a firm: as the panel stage and `write_firm_blocks` write them.
        flow : tuple of FlowStep
            The sample flow that led here.
        firm, time : str
            The key columns.

        Raises
        ------
        MissingInputError
            There is no such file.
        DataError
            A key column is absent, or files are not alike. That a row group splits a firm is found, and
            refused, when rows are first read.
        """
        data = ParquetBlocks(Path(path), firm)
        absent = [name for name in (firm, time) if name not in data.schema.names]
        if absent:
            columns = ", ".join(data.schema.names)
            faults = [Fault("panel", f"column {name}", "no such column", columns) for name in absent]
            raise DataError("the panel's key columns are not there", faults=faults)
        return cls(data, firm, time, flow)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of all columns."""
        return tuple(self.data.schema.names)

    def read(self, columns: Sequence[str]) -> pa.Table:
        """Return some columns of all rows."""
        return self.data.read(columns)

    def blocks(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """Yield some columns in blocks of whole firms, with the same borders each time."""
        return self.data.blocks(columns)


def _as_arrow(frame: object) -> pa.Table:
    if isinstance(frame, pa.Table):
        return frame
    if isinstance(frame, pd.DataFrame):
        return pa.Table.from_pandas(frame, preserve_index=False)
    if hasattr(frame, "__arrow_c_stream__"):
        return pa.table(frame)
    raise DataError(
        "a panel is made of a table", hint=f"Came {type(frame).__name__}; give pandas, polars or Arrow."
    )
