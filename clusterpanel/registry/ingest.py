"""ingest: a study's register files become canonical tables, and every row is accounted for."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import duckdb

from clusterpanel.engine.limits import current_limits
from clusterpanel.engine.sample_flow import FlowStep
from clusterpanel.engine.sql import duckdb_session
from clusterpanel.errors import ClusterpanelError, DataError, Fault, MissingInputError, SpecError
from clusterpanel.registry.convert import convert
from clusterpanel.registry.mapping import check_mapping
from clusterpanel.registry.quarantine import find_lines, list_broken_rows, start_faults, too_many
from clusterpanel.registry.raw_rows import RawRows
from clusterpanel.registry.readers import open_file
from clusterpanel.registry.register_file import RegisterFile, register_files
from clusterpanel.registry.registry import Registry
from clusterpanel.registry.shared_firms import refuse_strangers
from clusterpanel.registry.unique_keys import unite_files
from clusterpanel.registry.write_tables import write_registry
from clusterpanel.registry.years import date_rows
from clusterpanel.spec.source import TableName
from clusterpanel.spec.study import Study

CONVERTED = "converted"
Given = TypeVar("Given")
Made = TypeVar("Made")


def ingest(study: Study, folder: Path | None = None) -> Registry:
    """Read the registers of a study into canonical tables.

    Every file is checked before the first is read, and nothing is written before the last is read.

    Parameters
    ----------
    study : Study
    folder : Path, optional
        Where the tables are written; a new temporary folder by default. Its subfolder ``converted`` keeps
        SAS, Stata and SPSS files as Parquet, by content.

    Returns
    -------
    Registry
        The canonical tables the sources map to, each sorted by its key; ``quarantine``, one row per cell or
        row that could not be mapped; and the sample flow.

    Raises
    ------
    SpecError
        A source table cannot become its canonical table.
    MissingInputError
        A file is not there or may not be read.
    DataError
        A file is empty, damaged, in another encoding, or lacks columns; more rows of a file than
        ``max_quarantined_share`` cannot be mapped; a table has no row in the study's years; or two tables
        have no firm in common.
        All faults of all files at once.
    """
    files = register_files(study)
    with _work_folder() as work, duckdb_session() as connection:
        _for_each(lambda file: check_mapping(file, connection), files)
        converted = work if folder is None else folder / CONVERTED
        opened = _for_each(lambda file: open_file(file, work, converted), files)
        start_faults(connection)
        raw = _for_each(lambda given: given.load(connection), opened)
        flow = [*_convert_files(connection, study, files, raw), *_unite_tables(connection, files)]
        _refuse_too_many_faults(connection, files, raw)
        _refuse_empty_tables(study, flow)
        refuse_strangers(connection, {file.canonical for file in files})
        return write_registry(connection, files, flow, folder)


def check_files(study: Study) -> None:
    """Check that every register file of a study is there, can be read and has its columns; read no rows.

    Raises
    ------
    SpecError, MissingInputError, DataError
        As `ingest`, for what the beginnings of the files show.
    """
    files = register_files(study)
    with _work_folder() as work, duckdb_session() as connection:
        _for_each(lambda file: check_mapping(file, connection), files)
        _for_each(lambda file: open_file(file, work, work), files)


@contextmanager
def _work_folder() -> Iterator[Path]:
    with TemporaryDirectory(dir=current_limits().spill, prefix="text-") as work:
        yield Path(work)


def _for_each(do: Callable[[Given], Made], given: Iterable[Given]) -> list[Made]:
    """Do something for each file; raise the faults of all files at once."""
    made, errors = [], []
    for one in given:
        try:
            made.append(do(one))
        except (SpecError, MissingInputError, DataError) as error:
            errors.append(error)
    if errors:
        raise _united(errors)
    return made


def _united(errors: Sequence[ClusterpanelError]) -> ClusterpanelError:
    # What the user must mend first decides the exit code: the spec, then the absent file, then the data.
    kinds = (SpecError, MissingInputError, DataError)
    kind = next(kind for kind in kinds if any(isinstance(error, kind) for error in errors))
    faults = list(dict.fromkeys(fault for error in errors for fault in error.faults))
    message = errors[0].message if len(errors) == 1 else "the register files are not as their specs say"
    return kind(message, faults=faults)


def _convert_files(
    connection: duckdb.DuckDBPyConnection, study: Study, files: Sequence[RegisterFile], raw: Sequence[RawRows]
) -> Iterable[FlowStep]:
    for file, rows in zip(files, raw, strict=True):
        list_broken_rows(connection, file, rows)
        yield _step("read", file, rows.delivered, rows.taken, "the columns of the row cannot be told apart")
        kept = convert(connection, file, rows)
        yield _step("convert", file, rows.taken, kept, "a cell breaks its column's type or constraints")
        yield from date_rows(connection, file, study.panel.first_year, study.panel.last_year)


def _step(what: str, file: RegisterFile, rows_in: int, rows_out: int, reason: str) -> FlowStep:
    aside = rows_in - rows_out
    step = f"{what} {file.name}"
    return FlowStep("ingest", step, file.canonical, rows_in, rows_out, aside, reason=reason if aside else "")


def _unite_tables(connection: duckdb.DuckDBPyConnection, files: Sequence[RegisterFile]) -> Iterable[FlowStep]:
    by_table: dict[TableName, list[RegisterFile]] = {}
    for file in files:
        by_table.setdefault(file.canonical, []).append(file)
    for table, its_files in by_table.items():
        yield unite_files(connection, table, its_files)
    for table in ("sites", "accounts"):
        if "firms" in by_table and table in by_table:
            yield _orphans(connection, table)


def _orphans(connection: duckdb.DuckDBPyConnection, table: str) -> FlowStep:
    ((rows, orphans),) = connection.execute(
        f"FROM {table} SELECT count(*), count(*) FILTER (firm_id NOT IN (FROM firms SELECT firm_id))"
    ).fetchall()
    reason = f"{orphans} rows name a firm that the firms table lacks; they stay" if orphans else ""
    return FlowStep("ingest", "look up firms", table, rows, rows, reason=reason)


def _refuse_too_many_faults(
    connection: duckdb.DuckDBPyConnection, files: Sequence[RegisterFile], raw: Sequence[RawRows]
) -> None:
    faults: list[Fault] = []
    for file, rows in zip(files, raw, strict=True):
        find_lines(connection, file, rows)
        faults += too_many(connection, file, rows)
    if faults:
        raise DataError("too many rows cannot be mapped", faults=faults)


def _refuse_empty_tables(study: Study, flow: Sequence[FlowStep]) -> None:
    years = f"{study.panel.first_year} to {study.panel.last_year}"
    left = {step.table: step.rows_out for step in flow}
    faults = [
        Fault(f"study {study.name}", f"table {table}", "no row in the study's years", f"rows in {years}")
        for table, rows in left.items()
        if rows == 0
    ]
    if faults:
        raise DataError(
            "a table is empty", faults=faults, hint="Check first_year and last_year under [panel]."
        )
