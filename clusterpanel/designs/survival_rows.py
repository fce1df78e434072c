"""The rows of a survival design as episodes: when each starts and ends, how, and in which group."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from clusterpanel.designs.combination import AGE, check_design
from clusterpanel.designs.encode import as_floats, as_texts, dictionary, encode
from clusterpanel.designs.exposure_groups import ExposureGroups, group_exposure
from clusterpanel.designs.rows import Rows
from clusterpanel.designs.survival_table import draw_table
from clusterpanel.designs.yes_no import check_yes_no
from clusterpanel.errors import Fault, NotIdentifiedError, SpecError
from clusterpanel.models.arrays import Codes, Flags, Levels
from clusterpanel.models.survival.risk_counts import Episodes
from clusterpanel.models.survival.time_grid import Times
from clusterpanel.panel.panel import Panel
from clusterpanel.spec.design import DesignSpec
from clusterpanel.spec.faults import did_you_mean, listed

UNKNOWN = "unknown"


@dataclass(frozen=True)
class SurvivalTimes:
    """The panel columns that say when a row starts and ends.

    Attributes
    ----------
    start : str
        By default the firm's age in whole years.
    stop : str or None
        None: a row lasts one unit of time.
    """

    start: str = AGE
    stop: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are needed."""
        return (self.start,) if self.stop is None else (self.start, self.stop)


AGES = SurvivalTimes()


@dataclass(frozen=True)
class SurvivalRows:
    """The sample of a survival design.

    Attributes
    ----------
    rows : Rows
        The table, and how it came to be.
    episodes : Episodes
        One per row, sorted by firm, with groups and firms.
    groups : ExposureGroups
    firms : Codes
    causes : tuple of str
        The causes 1, 2, ...; one nameless cause where none are told apart.
    strata : Codes or None
    units : Codes or None
        What errors are grouped by, where it is asked for.
    firm_names : ChunkedArray or None
        The name of each firm; the table has its number.
    """

    rows: Rows
    episodes: Episodes
    groups: ExposureGroups
    firms: Codes
    causes: tuple[str, ...]
    strata: Codes | None = None
    units: Codes | None = None
    firm_names: pa.ChunkedArray | None = None

    @property
    def cells(self) -> Episodes:
        """The episodes with a group for each stratum and group, the strata's groups together."""
        if self.strata is None:
            return self.episodes
        joint = self.strata.codes.astype(np.int64) * len(self.groups.labels) + self.groups.codes
        return self.episodes._replace(groups=joint)

    @property
    def stratum_count(self) -> int:
        """The number of strata."""
        return 1 if self.strata is None else self.strata.levels

    def firms_by_group(self) -> dict[str, int]:
        """Return how many firms are ever in each group."""
        size = len(self.groups.labels)
        seen = np.zeros((self.firms.levels, size), dtype=np.bool_)
        seen[self.firms.codes, self.groups.codes] = True
        return dict(zip(self.groups.labels, seen.sum(axis=0).tolist(), strict=True))

    def changes(self) -> Flags:
        """Return where, between a row and the next, a firm's group changes."""
        same_firm = np.diff(self.firms.codes) == 0
        return np.asarray(same_firm & (np.diff(self.groups.codes) != 0))

    def digest(self) -> str:
        """Return the digest of all that is counted."""
        digest = hashlib.sha256(repr((self.groups.labels, self.causes)).encode())
        arrays = [*self.episodes, None if self.strata is None else self.strata.codes]
        for array in arrays:
            if array is not None:
                digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()


def draw_survival_rows(
    design: DesignSpec,
    panel: Panel,
    times: SurvivalTimes = AGES,
    *,
    cause: str | None = None,
    strata: Sequence[str] = (),
    grouped_by: str | None = None,
) -> SurvivalRows:
    """Return a design's rows as episodes.

    Parameters
    ----------
    design : DesignSpec
        Its outcome is yes where the row ends with the event; its exposure makes the groups.
    panel : Panel
    times : SurvivalTimes
        The design's own, where it names some, come first.
    cause : str, optional
        The column of text that says why, read where the outcome is yes; missing there means "unknown".
    strata : sequence of str
        Columns whose joint values make the strata.
    grouped_by : str, optional
        The column that errors are to be grouped by.

    Raises
    ------
    NotIdentifiedError
        The sample is empty, all rows share one exposure, or none has the event.
    SpecError
        The panel lacks a column, or the design asks for what survival curves cannot do.
    DataError
        Exits are told in rows after which nothing is seen.
    """
    check_design(design, panel)
    times = times if design.start is None else SurvivalTimes(design.start, design.stop)
    beside, units = _given(cause), _given(grouped_by)
    wanted = {"times": times.columns, "cause": beside, "strata": strata, "grouped_by": units}
    check_columns(design, panel, wanted)
    needed = [design.outcome, *times.columns, design.exposure, *strata, *units]
    rows, names = draw_table(design, panel, needed, beside)
    events = as_floats(rows.table.column(design.outcome))
    check_yes_no(design, [events])
    groups = group_exposure(design, rows.table.column(design.exposure))
    firms = Codes(panel.firm, rows.table.column(panel.firm).to_numpy(), len(names))
    start, stop = _times(rows.table, times)
    codes, causes = _causes(rows.table, events > 0, cause)
    weights = None if design.weights is None else as_floats(rows.table.column(design.weights.column))
    return SurvivalRows(
        # The columns that are arrays now need not be kept twice.
        replace(rows, table=rows.table.select(list(dict.fromkeys([panel.time, *units])))),
        Episodes(start, stop, codes, groups.codes, weights, firms.codes),
        groups,
        firms,
        causes,
        encode(rows.table, "^".join(strata)) if strata else None,
        None if grouped_by is None else firms if grouped_by == panel.firm else encode(rows.table, grouped_by),
        names,
    )


def check_columns(design: DesignSpec, panel: Panel, wanted: dict[str, Sequence[str]]) -> None:
    """Refuse columns that the panel lacks.

    Raises
    ------
    SpecError
    """
    known = panel.columns
    faults = [
        Fault(design.name, where, name, f"a column of the panel ({listed(known)})", did_you_mean(name, known))
        for where, names in wanted.items()
        for name in names
        if name not in known
    ]
    if faults:
        raise SpecError(f"the curves of {design.name} cannot be estimated", faults=faults)


def require_events(rows: SurvivalRows) -> None:
    """Refuse a sample in which nothing happens.

    Raises
    ------
    NotIdentifiedError
    """
    if not rows.episodes.is_event.any():
        raise NotIdentifiedError(
            f"no row of {rows.rows.design} has the event", hint="Widen the sample until something happens."
        )


def number_of(rows: SurvivalRows, column: str, cause: str) -> int:
    """Return the number of a cause.

    Raises
    ------
    SpecError
        No event has it.
    """
    if cause not in rows.causes:
        fault = Fault(rows.rows.design, column, cause, listed(rows.causes), did_you_mean(cause, rows.causes))
        raise SpecError("no event has the cause of interest", faults=[fault])
    return rows.causes.index(cause) + 1


def _given(column: str | None) -> list[str]:
    return [] if column is None else [column]


def _times(table: pa.Table, times: SurvivalTimes) -> tuple[Times, Times]:
    start = _numbers(table.column(times.start))
    if times.stop is not None:
        return start, _numbers(table.column(times.stop))
    stop: Times = start + np.ones(1, dtype=start.dtype)
    return start, stop


def _numbers(column: pa.ChunkedArray) -> Times:
    """Return whole numbers as they are, which takes half the room, and others as float64."""
    small = {pa.int8(), pa.int16(), pa.uint8(), pa.uint16(), pa.int32()}
    if column.type in small and not column.null_count:
        return np.asarray(pc.cast(column, pa.int32()).to_numpy())
    return as_floats(column)


def _causes(table: pa.Table, is_event: Flags, cause: str | None) -> tuple[Flags | Levels, tuple[str, ...]]:
    if cause is None:
        return is_event, ("",)
    named = dictionary(table.column(cause))
    names = np.array([*as_texts(named.dictionary).to_pylist(), UNKNOWN], dtype=object)
    codes = named.indices.fill_null(len(names) - 1).to_numpy()
    told = sorted({str(name) for name in names[np.unique(codes[is_event])]})
    number = {name: place + 1 for place, name in enumerate(told)}
    of_value = np.array([number.get(str(name), 0) for name in names], dtype=np.int32)
    return np.where(is_event, of_value[codes], 0), tuple(told)
