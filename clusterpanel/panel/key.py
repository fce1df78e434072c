"""The panel's key: firm and time, both there, never missing, once each, and the rows in their order."""

import pyarrow as pa
import pyarrow.compute as pc

from clusterpanel.errors import DataError, Fault


def sorted_by_key(table: pa.Table, firm: str, time: str) -> pa.Table:
    """Return the table sorted by firm and time, its key checked; a sorted table is not sorted again.

    Raises
    ------
    DataError
        A key column is absent, has missing values, or a firm-year occurs twice.
    """
    _refuse(_absent(table, firm, time), "the panel's key columns are not there")
    table = _with_plain_keys(table, firm, time)
    _refuse(_missing(table, firm, time), "the panel's key is broken")
    if not _is_ascending(table, firm, time):
        table = table.sort_by([(firm, "ascending"), (time, "ascending")])
    _refuse(_repeated(table, firm, time), "the panel's key is broken")
    return table


def _refuse(faults: list[Fault], message: str) -> None:
    if faults:
        raise DataError(message, faults=faults)


def _absent(table: pa.Table, *key: str) -> list[Fault]:
    columns = ", ".join(table.column_names)
    return [
        Fault("panel", f"column {name}", "no such column", columns)
        for name in key
        if name not in table.column_names
    ]


def _missing(table: pa.Table, *key: str) -> list[Fault]:
    counts = {name: pc.sum(pc.is_null(table.column(name), nan_is_null=True)).as_py() or 0 for name in key}
    return [
        Fault("panel", f"column {name}", f"{count} missing values", "none")
        for name, count in counts.items()
        if count
    ]


def _repeated(table: pa.Table, firm: str, time: str) -> list[Fault]:
    repeated = pc.sum(_is_same(table, firm, time)).as_py() or 0
    return [Fault("panel", f"key {firm}, {time}", f"{repeated} firm-years repeated", "once each")] * (
        repeated > 0
    )


def _with_plain_keys(table: pa.Table, *key: str) -> pa.Table:
    """Spell out categorical keys, which cannot be sorted by what they name."""
    for name in key:
        kind = table.schema.field(name).type
        if pa.types.is_dictionary(kind):
            plain = table.column(name).cast(kind.value_type)
            table = table.set_column(table.column_names.index(name), name, plain)
    return table


def _is_ascending(table: pa.Table, firm: str, time: str) -> bool:
    before, after = table.slice(0, max(table.num_rows - 1, 0)), table.slice(1)
    next_firm = pc.greater(after[firm], before[firm])
    next_time = pc.greater_equal(after[time], before[time])
    same_firm = pc.equal(after[firm], before[firm])
    is_after = pc.or_(next_firm, pc.and_(same_firm, next_time))
    return bool(pc.all(is_after, min_count=0).as_py())


def _is_same(table: pa.Table, firm: str, time: str) -> pa.ChunkedArray:
    before, after = table.slice(0, max(table.num_rows - 1, 0)), table.slice(1)
    return pc.and_(pc.equal(after[firm], before[firm]), pc.equal(after[time], before[time]))
