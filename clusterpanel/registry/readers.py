"""Which reader opens which format."""

from pathlib import Path

from clusterpanel.registry.raw_rows import OpenFile
from clusterpanel.registry.read_arrow import open_arrow
from clusterpanel.registry.read_csv import open_csv
from clusterpanel.registry.read_fixed_width import open_fixed_width
from clusterpanel.registry.read_statistics import open_statistics
from clusterpanel.registry.register_file import RegisterFile


def open_file(file: RegisterFile, work: Path, converted: Path) -> OpenFile:
    """Check that a file can be read and has its columns.

    Parameters
    ----------
    file : RegisterFile
    work : Path
        A folder for texts in another encoding, gone after the run.
    converted : Path
        The folder where SAS, Stata and SPSS files are kept as Parquet.

    Raises
    ------
    DataError, MissingInputError, SpecError
        What the reader of the format found, all faults of the file at once.
    """
    match file.table.format:
        case "csv":
            return open_csv(file, work)
        case "fixed_width":
            return open_fixed_width(file, work)
        case "parquet" | "arrow":
            return open_arrow(file)
        case "sas" | "stata" | "spss":
            return open_statistics(file, converted)
