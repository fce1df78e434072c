"""Tables kept as Parquet files in folders: the form in which a stage hands its work to the next."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import pyarrow as pa
import pyarrow.parquet as pq

from clusterpanel.engine.sample_flow import FlowStep, flow_steps, flow_table
from clusterpanel.errors import MissingInputError

FLOW = "sample_flow"


@dataclass(frozen=True)
class TableFolder:
    """Named tables in one or more folders, oldest first; a later folder's table hides an earlier one's.

    Attributes
    ----------
    paths : tuple of Path
        The folders; new tables are written to the last.
    """

    paths: tuple[Path, ...]

    @classmethod
    def at(cls, folder: Path | None) -> "TableFolder":
        """Return the tables in `folder`, or in a new temporary folder."""
        path = Path(mkdtemp(prefix="clusterpanel-")) if folder is None else folder
        path.mkdir(parents=True, exist_ok=True)
        return cls((path,))

    def extended(self, folder: Path | None) -> "TableFolder":
        """Return these tables and those of one more folder, which new tables are written to."""
        return TableFolder((*self.paths, *TableFolder.at(folder).paths))

    def path_of(self, name: str) -> Path:
        """Return the file of table `name`.

        Raises
        ------
        MissingInputError
            No folder has the table.
        """
        for folder in reversed(self.paths):
            if (path := folder / f"{name}.parquet").exists():
                return path
        raise MissingInputError(f"there is no table {name!r}", hint=f"There are: {', '.join(self.names())}.")

    def has(self, name: str) -> bool:
        """Say whether table `name` is there."""
        return name in self.names()

    def names(self) -> tuple[str, ...]:
        """Return the names of all tables."""
        return tuple(sorted({file.stem for folder in self.paths for file in folder.glob("*.parquet")}))

    def read(self, name: str, columns: Sequence[str] | None = None) -> pa.Table:
        """Read table `name`, or some columns of it."""
        return pq.read_table(self.path_of(name), columns=None if columns is None else list(columns))

    def write(self, name: str, table: pa.Table) -> None:
        """Write table `name` to the last folder."""
        pq.write_table(table, self.paths[-1] / f"{name}.parquet", compression="zstd")

    def write_flow(self, steps: Sequence[FlowStep]) -> None:
        """Write the sample flow of the stage that fills the last folder."""
        self.write(FLOW, flow_table(tuple(steps)))

    def read_flow(self) -> tuple[FlowStep, ...]:
        """Return the sample flow of every folder, oldest first."""
        files = [folder / f"{FLOW}.parquet" for folder in self.paths]
        return tuple(step for file in files if file.exists() for step in flow_steps(pq.read_table(file)))
