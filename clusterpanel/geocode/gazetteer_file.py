"""Read gazetteer files: Parquet or delimited text to one table of texts and degrees."""

from pathlib import Path
from typing import Final, Literal

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from clusterpanel.engine.sample_flow import FlowStep
from clusterpanel.errors import DataError, Fault, MissingInputError
from clusterpanel.geocode.gazetteer import Gazetteer, gazetteer_of
from clusterpanel.spec.places import GazetteerColumn, GazetteerSpec
from clusterpanel.spec.study import Study

TEXTS: Final[tuple[GazetteerColumn, ...]] = (
    "country_code",
    "postcode",
    "place",
    "region_code",
    "region_name",
)
DEGREES: Final[dict[Literal["latitude", "longitude"], float]] = {"latitude": 90.0, "longitude": 180.0}


def read_gazetteers(study: Study) -> tuple[tuple[Gazetteer, ...], tuple[FlowStep, ...]]:
    """Read every gazetteer of the study.

    Raises
    ------
    MissingInputError
        A file is not there.
    DataError
        A file cannot be read, lacks a column, or holds coordinates that are no numbers.
    """
    files = [(spec, study.folder_of(spec.name) / spec.file) for spec in study.gazetteers]
    missing = [
        Fault(spec.file, "", "no such file", "a file", f"{spec.name}.toml names it.")
        for spec, file in files
        if not file.is_file()
    ]
    if missing:
        raise MissingInputError(
            "gazetteers are missing", faults=missing, hint="Name their folder with --data."
        )
    gazetteers, steps = [], []
    for spec, file in files:
        table = _read(spec, file)
        used = table.dropna(subset=list(DEGREES))
        if used.empty:
            fault = Fault(
                spec.file, "", f"{len(table)} rows, none with coordinates", "places with coordinates"
            )
            raise DataError("a gazetteer holds no place", faults=[fault])
        gazetteers.append(gazetteer_of(spec.name, used))
        steps.append(_flow(spec, len(table), len(used)))
    return tuple(gazetteers), tuple(steps)


def _flow(spec: GazetteerSpec, read: int, used: int) -> FlowStep:
    reason = "" if read == used else "places without coordinates, or with coordinates off the globe"
    return FlowStep(
        "geocode", "read gazetteer", spec.name, read, used, rows_set_aside=read - used, reason=reason
    )


def _read(spec: GazetteerSpec, file: Path) -> pd.DataFrame:
    raw = _read_parquet(spec, file) if spec.format == "parquet" else _read_text(spec, file)
    absent = pa.nulls(raw.num_rows, pa.string())
    texts = {
        name: raw[spec.columns[name]].cast(pa.string()) if name in spec.columns else absent for name in TEXTS
    }
    if spec.country_code is not None and "country_code" not in spec.columns:
        texts["country_code"] = pa.array([spec.country_code] * raw.num_rows, pa.string())
    columns = spec.columns
    degrees = [_degrees(spec, columns[name], raw[columns[name]], limit) for name, limit in DEGREES.items()]
    frame: pd.DataFrame = pa.table([*texts.values(), *degrees], names=[*texts, *DEGREES]).to_pandas()
    frame[list(TEXTS)] = frame[list(TEXTS)].astype("str").fillna("")
    return frame


def _read_parquet(spec: GazetteerSpec, file: Path) -> pa.Table:
    wanted = list(dict.fromkeys(spec.columns.values()))
    try:
        _check_columns(spec, pq.read_schema(file).names)
        return pq.read_table(file, columns=wanted)
    except pa.ArrowException as error:
        raise _unreadable(spec, error) from error


def _read_text(spec: GazetteerSpec, file: Path) -> pa.Table:
    wanted = list(dict.fromkeys(spec.columns.values()))
    options = pcsv.ConvertOptions(
        column_types=dict.fromkeys(wanted, pa.string()), strings_can_be_null=True, null_values=[""]
    )
    try:
        table = pcsv.read_csv(
            str(file),
            read_options=pcsv.ReadOptions(encoding=spec.encoding),
            parse_options=pcsv.ParseOptions(delimiter=spec.separator),
            convert_options=options,
        )
    except (pa.ArrowException, UnicodeDecodeError, LookupError) as error:
        raise _unreadable(spec, error) from error
    _check_columns(spec, table.column_names)
    return table.select(wanted)


def _unreadable(spec: GazetteerSpec, error: Exception) -> DataError:
    came = str(error).splitlines()[0]
    allowed = f"a {spec.format} file as {spec.name}.toml describes it"
    hint = (
        f"Compare encoding ({spec.encoding}) and separator ({spec.separator}) there."
        if spec.format == "csv"
        else ""
    )
    return DataError("a gazetteer cannot be read", faults=[Fault(spec.file, "", came, allowed, hint)])


def _check_columns(spec: GazetteerSpec, names: list[str]) -> None:
    allowed = ", ".join(names)
    faults = [
        Fault(spec.file, "header", f"no column {column!r}", allowed, f"{spec.name}.toml maps it to {name}.")
        for name, column in spec.columns.items()
        if column not in names
    ]
    if faults:
        is_one = spec.format == "csv" and len(names) == 1
        hint = f"The header is one column: is {spec.separator} its separator?" if is_one else ""
        raise DataError("a gazetteer lacks columns", hint=hint, faults=faults)


def _no_degrees(spec: GazetteerSpec, name: str, column: pa.ChunkedArray) -> DataError:
    texts = pd.Series(column.to_pandas()).dropna()
    wrong = texts[pd.to_numeric(texts, errors="coerce").isna()]
    came = f"{wrong.iloc[0]!r} in row {wrong.index[0] + 1}" if len(wrong) else f"values of type {column.type}"
    more = f", and {len(wrong) - 1:,} more that are no numbers" if len(wrong) > 1 else ""
    fault = Fault(spec.file, f"column {name}", came + more, "degrees with a decimal point, such as 59.325")
    return DataError("a gazetteer's coordinates are no numbers", faults=[fault])


def _degrees(spec: GazetteerSpec, name: str, column: pa.ChunkedArray, limit: float) -> pa.ChunkedArray:
    try:
        degrees = pc.cast(column, pa.float64())
    except pa.ArrowInvalid as error:
        raise _no_degrees(spec, name, column) from error
    on_globe = pc.less_equal(pc.abs(degrees), limit)
    return pc.if_else(on_globe, degrees, None)
