"""The sample flow: rows in and rows made equal rows out and rows set aside, at every step."""

from dataclasses import asdict, dataclass, fields
from typing import cast

import pyarrow as pa

from clusterpanel.errors import ClusterpanelError


@dataclass(frozen=True)
class FlowStep:
    """One step's rows.

    Attributes
    ----------
    stage : str
        The stage that took the step: ingest, geocode, clusters, panel, or a design's name.
    step : str
        What was done, in plain words.
    table : str
        The table whose rows are counted.
    rows_in, rows_out, rows_set_aside, rows_made : int
        ``rows_in + rows_made == rows_out + rows_set_aside``; rows are made where one becomes many.
    reason : str
        Why rows were set aside; empty if none were.
    """

    stage: str
    step: str
    table: str
    rows_in: int
    rows_out: int
    rows_set_aside: int = 0
    rows_made: int = 0
    reason: str = ""

    def __post_init__(self) -> None:
        if self.rows_in + self.rows_made != self.rows_out + self.rows_set_aside:
            message = (
                f"rows went missing in {self.stage}, {self.step}: {self.rows_in} in, {self.rows_made} made, "
                f"{self.rows_out} out, {self.rows_set_aside} set aside"
            )
            raise ClusterpanelError(message, hint="This is a fault of clusterpanel; please report it.")


FLOW_SCHEMA = pa.schema(
    [(field.name, pa.int64() if field.type is int else pa.string()) for field in fields(FlowStep)]
)


def flow_table(steps: tuple[FlowStep, ...]) -> pa.Table:
    """Return the steps as a table, one row each."""
    return pa.Table.from_pylist([asdict(step) for step in steps], schema=FLOW_SCHEMA)


def flow_steps(table: pa.Table) -> tuple[FlowStep, ...]:
    """Return the steps that `flow_table` wrote."""
    return tuple(FlowStep(**cast(dict[str, object], row)) for row in table.to_pylist())  # type: ignore[arg-type]
