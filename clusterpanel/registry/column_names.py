"""Find a spec's columns among the columns a file has."""

from collections.abc import Sequence
from difflib import get_close_matches

from clusterpanel.errors import DataError
from clusterpanel.registry.register_file import RegisterFile

SHOWN_NAMES = 20


def find_columns(file: RegisterFile, names: Sequence[str], hint: str = "") -> tuple[int, ...]:
    """Return the position of each column of the spec among the names in the file, from 0.

    Raises
    ------
    DataError
        Columns are missing, or a name the spec uses is there more than once; all of them at once.
    """
    wanted = dict.fromkeys(column.name for column in file.table.columns)
    shown = ", ".join(names[:SHOWN_NAMES]) + (" ..." if len(names) > SHOWN_NAMES else "")
    faults = []
    for name in wanted:
        where = f"column {name}"
        if name not in names:
            faults.append(file.fault(where, "no such column", shown, _suggestion(name, names) or hint))
        elif (times := names.count(name)) > 1:
            faults.append(file.fault(where, f"{times} columns of this name", "one", "Rename all but one."))
    if faults:
        raise DataError(f"{file.name} does not have the columns its spec names", faults=faults)
    return tuple(names.index(column.name) for column in file.table.columns)


def _suggestion(name: str, names: Sequence[str]) -> str:
    lower = {other.lower(): other for other in names}
    close = get_close_matches(name.lower(), lower, n=1)
    return f"Did you mean {lower[close[0]]}?" if close else ""
