"""The files of a Parquet panel, and the proof that their row groups split no firm."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from clusterpanel.errors import DataError, Fault, MissingInputError

WRITE = "Sort the rows by firm and write them with write_firm_blocks."


class RowGroup(NamedTuple):
    """A row group of one of the files."""

    path: Path
    place: int

    def __str__(self) -> str:
        return f"row group {self.place} of {self.path.name}"


class FirmRange(NamedTuple):
    """The lowest and highest firm of a row group; None where every firm is missing."""

    lowest: object
    highest: object


def files_of(path: Path) -> tuple[Path, ...]:
    """Return the file, or a folder's Parquet files in the order of their names.

    Raises
    ------
    MissingInputError
        There is no such file or folder, or no Parquet file in it.
    """
    files = tuple(sorted(path.glob("*.parquet"))) if path.is_dir() else (path,)
    if not files or not files[0].exists():
        raise MissingInputError(
            f"there is no panel at {path}", hint="Give a Parquet file, or a folder with files *.parquet."
        )
    return files


def same_schema(files: Sequence[Path]) -> pa.Schema:
    """Return the schema all files share.

    Raises
    ------
    DataError
        A file has other columns or types than the first.
    """
    first, *others = ((file, pq.read_schema(file)) for file in files)
    faults = [
        Fault(file.name, "columns", ", ".join(_unlike(schema, first[1])), f"those of {first[0].name}")
        for file, schema in others
        if not schema.equals(first[1])
    ]
    if faults:
        raise DataError("the files of the panel are not alike", faults=faults)
    return first[1]


def _unlike(schema: pa.Schema, other: pa.Schema) -> list[str]:
    mine, others = ({field.name: field.type for field in fields} for fields in (schema, other))
    absent = [f"no {name}" for name in others if name not in mine]
    unlike = [f"{name} of type {kind}" for name, kind in mine.items() if others.get(name) != kind]
    return absent + unlike or ["another order of columns"]


def check_whole_firms(files: Sequence[Path], firm: str) -> None:
    """Refuse row groups that are not sorted by firm, one after the other, or that split a firm.

    The least and greatest firm that Parquet's footers hold suffice unless they are absent or cut short; then
    the firms are read.

    Raises
    ------
    DataError
    """
    before: tuple[RowGroup, FirmRange] | None = None
    for group, told in _ranges(files, firm):
        found = told
        if before is not None and not _is_after(found, before[1]):
            before, found = (before[0], _read_range(before[0], firm)), _read_range(group, firm)
            if not _is_after(found, before[1]):
                raise DataError(_fault(group, found, before[1]), hint=WRITE)
        before = group, found


def _is_after(later: FirmRange, earlier: FirmRange) -> bool:
    return bool(later.lowest > earlier.highest)  # type: ignore[operator]


def _fault(group: RowGroup, found: FirmRange, before: FirmRange) -> str:
    if found.lowest == before.highest:
        return f"{group} splits a firm: it goes on with the last firm of the row group before"
    return f"{group} is not sorted by firm: it has firms that come before the last one's"


def _ranges(files: Sequence[Path], firm: str) -> Iterator[tuple[RowGroup, FirmRange]]:
    for path in files:
        metadata = pq.read_metadata(path)
        if firm not in metadata.schema.names:
            fault = Fault(path.name, f"column {firm}", "no such column", ", ".join(metadata.schema.names))
            raise DataError("the panel's key columns are not there", faults=[fault])
        place = metadata.schema.names.index(firm)
        for number in range(metadata.num_row_groups):
            if not metadata.row_group(number).num_rows:
                continue
            group = RowGroup(path, number)
            told = metadata.row_group(number).column(place).statistics
            is_told = told is not None and told.has_min_max
            yield group, FirmRange(told.min, told.max) if is_told else _read_range(group, firm)


def _read_range(group: RowGroup, firm: str) -> FirmRange:
    with pq.ParquetFile(group.path) as file:
        column = file.read_row_group(group.place, columns=[firm]).column(0)
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
    found = pc.min_max(column).as_py()
    if found["min"] is None:
        raise DataError(f"{group} has missing values of {firm}", hint="Every row needs its firm.")
    return FirmRange(found["min"], found["max"])
