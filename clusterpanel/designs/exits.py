"""Refuse censored rows that pass for firms that stayed: they would make every hazard too low."""

from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc

from clusterpanel.errors import DataError, Fault

EXIT, CENSORED = "is_exit", "is_censored"


class ExitCheck:
    """Count exits that are told in rows after which nothing is seen.

    Parameters
    ----------
    needed : collection of str
        The columns a sample needs; nothing is checked where exits are not among them.
    known : collection of str
        The panel's columns.
    """

    def __init__(self, needed: Collection[str], known: Collection[str]) -> None:
        is_checked = EXIT in needed and CENSORED in known
        self.columns = (EXIT, CENSORED) if is_checked else ()
        self._told = 0

    def add(self, table: pa.Table) -> None:
        """Go on with a block."""
        if self.columns:
            is_told = pc.and_(pc.is_valid(table[EXIT]), pc.fill_null(table[CENSORED], False))
            self._told += pc.sum(is_told).as_py() or 0

    def refuse(self) -> None:
        """Refuse what was counted.

        Raises
        ------
        DataError
        """
        if self._told:
            came = (
                f"{EXIT} given in {self._told:,} rows where {CENSORED} says that the year after is not seen"
            )
            fault = Fault("panel", f"column {EXIT}", came, "missing there", f"Set {EXIT} to missing in them.")
            raise DataError("exits are told that were not seen", faults=[fault])
