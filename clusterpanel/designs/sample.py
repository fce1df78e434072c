"""The sample of a design: the rows that hold every column it needs, with each loss counted."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from clusterpanel.designs.encode import is_missing
from clusterpanel.engine.sample_flow import FlowStep
from clusterpanel.errors import DataError, Fault, NotIdentifiedError, SpecError
from clusterpanel.models.arrays import Flags
from clusterpanel.panel.panel import Panel
from clusterpanel.spec.design import DesignSpec
from clusterpanel.spec.faults import SHOWN_CHOICES

MISSING = "is missing"
EXIT, CENSORED = "is_exit", "is_censored"


@dataclass(frozen=True)
class Sample:
    """Rows of the panel and how they came to be these.

    Attributes
    ----------
    design : str
        The design's name.
    table : pyarrow Table
        The columns the design needs, sorted by firm and year.
    flow : tuple of FlowStep
    notes : tuple of str
        Sentences on what was dropped, for the report.
    """

    design: str
    table: pa.Table
    flow: tuple[FlowStep, ...] = field(default=())
    notes: tuple[str, ...] = field(default=())

    @property
    def rows(self) -> int:
        """The number of rows."""
        return int(self.table.num_rows)

    def kept(self, keep: Flags, step: str, reason: str) -> "Sample":
        """Return the sample of some rows; the flow gains a step if any row goes."""
        lost = self.rows - int(keep.sum())
        return self if lost == 0 else self.thinned(keep, [(step, reason, lost)])

    def thinned(self, keep: Flags, losses: Sequence[tuple[str, str, int]]) -> "Sample":
        """Return the sample of some rows, with a flow step per loss: step, reason, rows."""
        flow, rows = list(self.flow), self.rows
        for step, reason, lost in losses:
            flow.append(FlowStep(self.design, step, "panel", rows, rows - lost, lost, reason=reason))
            rows -= lost
        return replace(self, table=self.table.filter(pa.array(keep)), flow=tuple(flow))

    def only(self, columns: Sequence[str]) -> "Sample":
        """Return the sample with some of its columns, once the others are read."""
        return replace(self, table=self.table.select(list(dict.fromkeys(columns))))

    def noted(self, *notes: str) -> "Sample":
        """Return the sample with more notes."""
        return replace(self, notes=(*self.notes, *notes))


def draw_sample(design: DesignSpec, panel: Panel, columns: list[str]) -> Sample:
    """Return the panel's rows that meet the design's conditions and miss none of `columns`.

    Raises
    ------
    NotIdentifiedError
        No row is left.
    SpecError
        A condition's values cannot be compared with its column.
    DataError
        Exits are told in rows after which nothing is seen.
    """
    if EXIT in columns and CENSORED in panel.columns:
        _check_exits(panel)
    wanted = list(dict.fromkeys([panel.firm, panel.time, *columns, *design.where]))
    table = _plain(panel.read(wanted))
    start = FlowStep(design.name, "read the panel", "panel", table.num_rows, table.num_rows)
    sample = _only_where(design, Sample(design.name, table, (start,)), panel.firm)
    for name in dict.fromkeys(columns):
        step = f"keep rows with {name}"
        sample = sample.kept(~is_missing(sample.table.column(name)), step, f"{name} {MISSING}")
    if sample.rows == 0:
        raise NotIdentifiedError(f"the sample of {design.name} is empty", hint=_why_empty(sample))
    return sample


def _check_exits(panel: Panel) -> None:
    """Refuse censored rows that pass for firms that stayed: they would make every hazard too low."""
    table = panel.read([EXIT, CENSORED])
    told = pc.sum(pc.and_(pc.is_valid(table[EXIT]), pc.fill_null(table[CENSORED], False))).as_py()
    if told:
        came = f"{EXIT} given in {told:,} rows where {CENSORED} says that the year after is not seen"
        fault = Fault("panel", f"column {EXIT}", came, "missing there", f"Set {EXIT} to missing in them.")
        raise DataError("exits are told that were not seen", faults=[fault])


def _why_empty(sample: Sample) -> str:
    steps = sample.flow[1:]
    told = "; ".join(f"{step.rows_set_aside} rows, to {step.step}: {step.reason}" for step in steps)
    is_missing_any = any(step.reason.endswith(MISSING) for step in steps)
    why = " The panel's steps of the sample flow say why values are missing." if is_missing_any else ""
    return f"Set aside: {told}.{why}"


def _plain(table: pa.Table) -> pa.Table:
    """Spell out categorical columns, whose lists can name values that no row has."""
    for place, kind in enumerate(table.schema.types):
        if pa.types.is_dictionary(kind):
            name = table.column_names[place]
            table = table.set_column(place, name, table.column(place).cast(kind.value_type))
    return table


def _only_where(design: DesignSpec, sample: Sample, firm: str) -> Sample:
    for name, values in design.where.items():
        column = sample.table.column(name)
        try:
            wanted = pa.array(list(values)).cast(column.type)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError):
            fault = Fault(design.name, f"where {name}", str(list(values)), f"values of type {column.type}")
            raise SpecError("a condition cannot be compared with its column", faults=[fault]) from None
        keep = pc.is_in(column, value_set=wanted).to_numpy().astype(np.bool_)
        texts = ", ".join(str(value) for value in values)
        may_be_told = not keep.any() and name != firm and not name.endswith("_id")
        reason = f"{name} is none of these{_held(column) if may_be_told else ''}"
        sample = sample.kept(keep, f"keep rows where {name} is {texts}", reason)
    return sample


def _held(column: pa.ChunkedArray) -> str:
    """Say which values a column of few has, unless they are measured."""
    values = pc.unique(column.drop_null())
    is_short = 0 < len(values) <= SHOWN_CHOICES and not pa.types.is_floating(column.type)
    return f" (it is {', '.join(sorted(str(value) for value in values.to_pylist()))})" if is_short else ""
