"""Find the first and the last year of a text file, however tall it is."""

from pathlib import Path
from typing import NamedTuple

import duckdb

from clusterpanel.engine.sql import duckdb_session
from clusterpanel.registry.quoting import sql_text
from clusterpanel.spec.source import SourceTable

YEAR = "(17|18|19|20|21)[0-9]{2}"


class YearRange(NamedTuple):
    """The first and the last year of a file, which may be the same."""

    first: int
    last: int


def year_range(text: Path, written: SourceTable, width: int, position: int) -> YearRange | None:
    """Return the least and greatest year in a column of years or dates, leaving out rows that cannot be read.

    Parameters
    ----------
    text : Path
        The file as UTF-8.
    written : SourceTable
        How it is written: separator, quote and header.
    width, position : int
        The number of its columns, and the one that holds the years, from 0.
    """
    columns = ", ".join(f"{sql_text(f'c{place}')}: 'VARCHAR'" for place in range(width))
    options = (
        f"auto_detect=false, delim={sql_text(written.separator)}, quote={sql_text(written.quote)}, "
        f"escape={sql_text(written.quote)}, header={str(written.header).lower()}, columns={{{columns}}}, "
        "ignore_errors=true"
    )
    year = f"TRY_CAST(regexp_extract(c{position}, {sql_text(YEAR)}) AS INTEGER)"
    with duckdb_session() as connection:
        try:
            ((first, last),) = connection.execute(
                f"FROM read_csv({sql_text(str(text))}, {options}) SELECT min({year}), max({year})"
            ).fetchall()
        except duckdb.Error:
            return None
    return None if first is None else YearRange(first, last)
