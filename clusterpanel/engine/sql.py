"""The one place a DuckDB connection is opened: its memory, threads and spill folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

import duckdb

from clusterpanel.engine.limits import current_limits
from clusterpanel.errors import RunError

# DuckDB would otherwise look for extensions on the network when a query asks for one.
OFFLINE = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}


@contextmanager
def duckdb_session() -> Iterator[duckdb.DuckDBPyConnection]:
    """Open DuckDB in memory within the limits of the run, and close it after.

    Raises
    ------
    RunError
        The memory limit does not suffice, or the disk is full.
    """
    limits = current_limits()
    with TemporaryDirectory(dir=limits.spill, prefix="spill-", ignore_cleanup_errors=True) as spill:
        settings: dict[str, str | int] = {"temp_directory": spill, **OFFLINE}
        if limits.memory is not None:
            settings["memory_limit"] = limits.memory
        if limits.threads is not None:
            settings["threads"] = limits.threads
        with duckdb.connect(config=settings) as connection:
            try:
                yield connection
            except duckdb.OutOfMemoryException as error:
                raise RunError(
                    "the memory limit does not suffice", hint="Give more with --memory, such as --memory 8GB."
                ) from error
            except duckdb.IOException as error:
                if "space" not in str(error):
                    raise
                raise RunError("the disk is full", hint="Free some space and run again.") from error
