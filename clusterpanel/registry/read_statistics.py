"""Read SAS, Stata and SPSS by pyreadstat, once, in chunks, to Parquet kept by content."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from clusterpanel.registry.column_names import find_columns
from clusterpanel.registry.plain_text import check_readable
from clusterpanel.registry.read_arrow import ArrowFile, not_readable, open_arrow
from clusterpanel.registry.register_file import RegisterFile

ROWS_PER_CHUNK = 100_000


def open_statistics(file: RegisterFile, converted: Path) -> ArrowFile:
    """Check the columns of a SAS, Stata or SPSS file and convert it to Parquet, unless that is done already.

    Codes stay codes: value labels are not applied. The Parquet file is named by the SHA-256 of the file's
    bytes, so that a changed file is converted anew and an unchanged one is not.

    Parameters
    ----------
    file : RegisterFile
    converted : Path
        The folder of converted files.

    Raises
    ------
    DataError, MissingInputError
        As `check_readable` and `find_columns`; or the file is damaged or has no rows.
    """
    check_readable(file)
    find_columns(file, _column_names(file))
    with file.path.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    parquet = converted / f"{digest}.parquet"
    if not parquet.exists():
        converted.mkdir(parents=True, exist_ok=True)
        unfinished = parquet.with_suffix(".unfinished")
        _convert(file, unfinished)
        unfinished.replace(parquet)
    return open_arrow(file, parquet)


def _column_names(file: RegisterFile) -> list[str]:
    from pyreadstat import ReadstatError

    try:
        _, meta = _reader(file)(str(file.path), metadataonly=True)
    except ReadstatError as error:
        raise not_readable(file) from error
    return list(meta.column_names)


def _reader(file: RegisterFile) -> Callable[..., Any]:
    import pyreadstat

    readers: dict[str, Callable[..., Any]] = {
        "sas": pyreadstat.read_sas7bdat,
        "stata": pyreadstat.read_dta,
        "spss": pyreadstat.read_sav,
    }
    is_transport = file.path.suffix.lower() == ".xpt"
    return pyreadstat.read_xport if is_transport else readers[file.table.format]


def _convert(file: RegisterFile, path: Path) -> None:
    from pyreadstat import ReadstatError

    chunks = _chunks(file)
    try:
        first, text_columns = next(chunks)
        schema = _schema(first, text_columns)
        with pq.ParquetWriter(path, schema, compression="zstd") as writer:
            writer.write_table(_as_arrow(first, schema))
            for chunk, _ in chunks:
                writer.write_table(_as_arrow(chunk, schema))
    except (ReadstatError, StopIteration) as error:
        path.unlink(missing_ok=True)
        raise not_readable(file) from error


def _chunks(file: RegisterFile) -> Iterator[tuple[pd.DataFrame, set[str]]]:
    from pyreadstat import read_file_in_chunks

    for chunk, meta in read_file_in_chunks(_reader(file), str(file.path), chunksize=ROWS_PER_CHUNK):
        kinds = meta.readstat_variable_types
        yield chunk, {name for name in chunk.columns if kinds[name] == "string"}


def _schema(chunk: pd.DataFrame, text_columns: set[str]) -> pa.Schema:
    """Return a schema that holds for all chunks: a number that is not stored as one here is a date."""
    fields = []
    for name in chunk.columns:
        if name in text_columns:
            fields.append(pa.field(name, pa.string()))
        elif pd.api.types.is_numeric_dtype(chunk[name]):
            fields.append(pa.field(name, pa.float64()))
        else:
            fields.append(pa.field(name, pa.timestamp("us")))
    return pa.schema(fields)


def _as_arrow(chunk: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    arrays = []
    for field in schema:
        values = chunk[field.name]
        if pa.types.is_timestamp(field.type):
            values = pd.to_datetime(values).astype("datetime64[us]")
        arrays.append(pa.array(values, type=field.type, from_pandas=True))
    return pa.Table.from_arrays(arrays, schema=schema)
