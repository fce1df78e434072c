"""A sample's rows as they are in the panel, for what takes tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from clusterpanel.designs.exits import ExitCheck
from clusterpanel.designs.row_filter import RowFilter
from clusterpanel.engine.sample_flow import FlowStep
from clusterpanel.errors import NotIdentifiedError
from clusterpanel.panel.panel import Panel


@dataclass(frozen=True)
class Rows:
    """Rows of the panel and how they came to be these.

    Attributes
    ----------
    design : str
    table : pyarrow Table
        The columns asked for, sorted by firm and time.
    flow : tuple of FlowStep
    notes : tuple of str
    """

    design: str
    table: pa.Table
    flow: tuple[FlowStep, ...]
    notes: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """The number of rows."""
        return int(self.table.num_rows)


def draw_rows(
    design: str, where: Mapping[str, Sequence[object]], panel: Panel, columns: Sequence[str]
) -> Rows:
    """Return the panel's rows that meet the conditions and miss none of `columns`, all in memory.

    Raises
    ------
    NotIdentifiedError
        No row is left.
    SpecError
        A condition's values cannot be compared with its column.
    DataError
        Exits are told in rows after which nothing is seen.
    """
    exits = ExitCheck(columns, panel.columns)
    rows = RowFilter(design, where, list(dict.fromkeys(columns)), firm=panel.firm)
    table = panel.read(list(dict.fromkeys([panel.firm, panel.time, *columns, *where, *exits.columns])))
    exits.add(table)
    exits.refuse()
    keep = rows.keep(table)
    table = _plain(table if keep is None else table.filter(pa.array(keep)))
    flow = tuple(rows.flow())
    if not table.num_rows:
        raise NotIdentifiedError(f"the sample of {design} is empty", hint=why_empty(flow))
    return Rows(design, table, flow)


def why_empty(flow: Sequence[FlowStep]) -> str:
    """Return a sentence on where the rows of an empty sample went."""
    steps = [step for step in flow if step.rows_set_aside]
    told = "; ".join(f"{step.rows_set_aside} rows, to {step.step}: {step.reason}" for step in steps)
    is_missing_any = any(step.reason.endswith("is missing") for step in steps)
    why = " The panel's steps of the sample flow say why values are missing." if is_missing_any else ""
    return f"Set aside: {told}.{why}"


def _plain(table: pa.Table) -> pa.Table:
    """Spell out categorical columns, whose lists can name values that no row has."""
    for place, kind in enumerate(table.schema.types):
        if pa.types.is_dictionary(kind):
            name = table.column_names[place]
            table = table.set_column(place, name, table.column(place).cast(kind.value_type))
    return table
