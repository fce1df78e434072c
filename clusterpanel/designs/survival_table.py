"""The rows that survival designs count, read block by block and kept in small types."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from clusterpanel.designs.encode import dictionary
from clusterpanel.designs.exits import ExitCheck
from clusterpanel.designs.row_filter import RowFilter
from clusterpanel.designs.rows import Rows, why_empty
from clusterpanel.errors import NotIdentifiedError
from clusterpanel.panel.panel import Panel
from clusterpanel.spec.design import DesignSpec


def draw_table(
    design: DesignSpec, panel: Panel, needed: Sequence[str], beside: Sequence[str] = ()
) -> tuple[Rows, pa.ChunkedArray]:
    """Return the rows of a design, and the names of their firms.

    Parameters
    ----------
    design : DesignSpec
        Its conditions and weights are those of the rows.
    panel : Panel
    needed : sequence of str
        Columns no row may miss.
    beside : sequence of str
        Further columns, which rows may miss.

    Returns
    -------
    rows : Rows
        In the firms' column stand whole numbers from 0 on instead of names; texts are dictionaries.
    names : ChunkedArray
        The name of each firm.

    Raises
    ------
    NotIdentifiedError
        No row is left.
    SpecError
        A condition's values cannot be compared with its column.
    DataError
        Exits are told in rows after which nothing is seen, or a weight is negative.
    """
    weights = [] if design.weights is None else [design.weights.column]
    needed = list(dict.fromkeys([*needed, *weights]))
    exits = ExitCheck(needed, panel.columns)
    rows = RowFilter(design.name, design.where, needed, weights=next(iter(weights), None), firm=panel.firm)
    wanted = list(dict.fromkeys([panel.firm, panel.time, *needed, *beside]))
    read = list(dict.fromkeys([*wanted, *design.where, *exits.columns]))
    kept, names = _read(panel, (wanted, read), exits, rows)
    exits.refuse()
    flow = tuple(rows.flow())
    if not kept:
        raise NotIdentifiedError(f"the sample of {design.name} is empty", hint=why_empty(flow))
    return Rows(design.name, pa.concat_tables(kept), flow), pa.chunked_array(names)


def _read(
    panel: Panel, columns: tuple[list[str], list[str]], exits: ExitCheck, rows: RowFilter
) -> tuple[list[pa.Table], list[pa.Array]]:
    wanted, read = columns
    kept: list[pa.Table] = []
    names: list[pa.Array] = []
    for table in panel.blocks(read):
        exits.add(table)
        keep = rows.keep(table)
        part = table.select(wanted)
        part = part if keep is None else part.filter(pa.array(keep))
        if part.num_rows:
            firms = dictionary(part.column(panel.firm))
            # Blocks hold whole firms, whose rows are together: numbers go on from block to block.
            numbers = pc.add(firms.indices, pa.scalar(sum(map(len, names)), pa.int32()))
            kept.append(_small(part.set_column(part.column_names.index(panel.firm), panel.firm, numbers)))
            names.append(firms.dictionary)
    return kept, names


def _small(table: pa.Table) -> pa.Table:
    """Make dictionaries of texts; those that are there can list values no row has, and are made again."""
    for place, kind in enumerate(table.schema.types):
        is_coded = pa.types.is_dictionary(kind)
        if is_coded or pa.types.is_string(kind) or pa.types.is_large_string(kind):
            column = table.column(place).cast(kind.value_type) if is_coded else table.column(place)
            table = table.set_column(place, table.column_names[place], column.dictionary_encode())
    return table
