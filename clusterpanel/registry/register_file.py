"""One file of a register and the canonical table it fills, with its faults."""

from dataclasses import dataclass
from pathlib import Path

from clusterpanel.errors import DataError, Fault
from clusterpanel.spec.source import SourceSpec, SourceTable, TableName
from clusterpanel.spec.study import Study

TEXT_FORMATS = ("csv", "fixed_width")


@dataclass(frozen=True)
class RegisterFile:
    """One entry under ``[[tables]]`` of a source spec.

    Attributes
    ----------
    number : int
        Its place among all files of the study, from 0; names its tables in DuckDB.
    source : SourceSpec
    table : SourceTable
    path : Path
        Where the file is.
    """

    number: int
    source: SourceSpec
    table: SourceTable
    path: Path

    @property
    def name(self) -> str:
        """The file as the spec names it."""
        return self.table.file

    @property
    def canonical(self) -> TableName:
        """The canonical table it fills."""
        return self.table.table

    @property
    def is_text(self) -> bool:
        """Whether the file's values are all text, so that an empty one is text too."""
        return self.table.format in TEXT_FORMATS

    def fault(self, where: str, came: str, allowed: str, hint: str = "") -> Fault:
        """Return a fault of this file."""
        return Fault(self.name, where, came, allowed, hint)

    def data_error(self, where: str, came: str, allowed: str, hint: str = "") -> DataError:
        """Return the error of one fault in the data of this file."""
        return DataError(f"{self.name} cannot be read", faults=[self.fault(where, came, allowed, hint)])

    def spec_fault(self, where: str, came: str, allowed: str) -> Fault:
        """Return a fault in what the spec says of this file."""
        place = f"table {self.canonical} ({self.name}), {where}"
        return Fault(f"source {self.source.name}", place, came, allowed)


def register_files(study: Study) -> tuple[RegisterFile, ...]:
    """Return every file of every source of the study, in the order of the specs."""
    tables = [(source, table) for source in study.sources for table in source.tables]
    return tuple(
        RegisterFile(number, source, table, study.folder_of(source.name) / table.file)
        for number, (source, table) in enumerate(tables)
    )
