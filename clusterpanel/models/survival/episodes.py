"""Intervals under observation: their checks, and the event times of each stratum."""

from dataclasses import dataclass, field

import numpy as np

from clusterpanel.engine.local import run_fold
from clusterpanel.errors import DataError, Fault, NotIdentifiedError, SpecError
from clusterpanel.models.arrays import ArrayBlock, Flags, Floats, Integers, ModelSource
from clusterpanel.models.survival.risk_cells import RiskCells

EVENT, START, STOP = 0, 1, 2
OUTCOMES = 3
# Offsets are logarithms; risk scores and their squares must stay finite.
MOST_OFFSET = 100.0
# Event times of this many blocks are kept apart before those that are the same are joined.
MOST_PARTS = 32

Times = tuple[Integers, Floats]


@dataclass(frozen=True)
class CheckedEpisodes:
    """A sample of intervals that may be fitted.

    Attributes
    ----------
    cells : RiskCells
        Of the event that is explained.
    rows : int
    events : int
        Rows whose event is explained.
    other_events : int
        Rows that end with another cause, and are censored there.
    """

    cells: RiskCells
    rows: int
    events: int
    other_events: int


@dataclass
class EpisodeTotals:
    """What some blocks hold.

    Attributes
    ----------
    rows, events, other_events : int
    zero_length, backward, not_finite, no_code, no_offset : int
        Rows that break a rule: start and stop the same, start after stop, a time that is no finite number,
        an event that is no whole number from 0 on, an offset that is out of range.
    parts : list of (integer array, float array)
        Distinct pairs of stratum and event time, sorted, of some blocks each.
    """

    rows: int
    events: int
    other_events: int
    zero_length: int
    backward: int
    not_finite: int
    no_code: int
    no_offset: int
    parts: list[Times] = field(default_factory=list)


@dataclass(frozen=True)
class EpisodeFold:
    """The fold of the checks and event times.

    Attributes
    ----------
    cause : int or None
        The event that is explained; None for any.
    levels : int
        The number of strata.
    """

    cause: int | None
    levels: int

    def step(self, block: ArrayBlock) -> EpisodeTotals:
        """Return one block's totals."""
        event, start, stop = block.values[EVENT], block.values[START], block.values[STOP]
        fails = is_failing(event, self.cause)
        strata = block.effects[:, 0] if block.effects.shape[1] else np.zeros(block.rows, dtype=np.int32)
        is_finite = np.isfinite(start) & np.isfinite(stop)
        with np.errstate(invalid="ignore"):
            no_code = ~((event >= 0) & (event == np.floor(event)) & np.isfinite(event))
        events = int(np.count_nonzero(fails))
        return EpisodeTotals(
            rows=block.rows,
            events=events,
            other_events=int(np.count_nonzero(event)) - events,
            zero_length=int(np.count_nonzero((start == stop) & is_finite)),
            backward=int(np.count_nonzero((start > stop) & is_finite)),
            not_finite=int(np.count_nonzero(~is_finite)),
            no_code=int(np.count_nonzero(no_code)),
            no_offset=int(np.count_nonzero(~(np.abs(block.offset) <= MOST_OFFSET))),
            parts=[_distinct(strata[fails].astype(np.int64), stop[fails])],
        )

    def merge(self, left: EpisodeTotals, right: EpisodeTotals) -> EpisodeTotals:
        """Return both blocks' totals, in the memory of `left`."""
        left.rows += right.rows
        left.events += right.events
        left.other_events += right.other_events
        left.zero_length += right.zero_length
        left.backward += right.backward
        left.not_finite += right.not_finite
        left.no_code += right.no_code
        left.no_offset += right.no_offset
        left.parts += right.parts
        if len(left.parts) > MOST_PARTS:
            left.parts = [_joined(left.parts)]
        return left

    def solve(self, moments: EpisodeTotals) -> CheckedEpisodes:
        """Return the cells, the rows being in order.

        Raises
        ------
        DataError
            Rows break a rule; all rules are told at once.
        NotIdentifiedError
            There are fewer than two events.
        """
        _check_rows(moments)
        _check_events(moments, self.cause)
        cells = RiskCells.of(*_joined(moments.parts), self.levels)
        return CheckedEpisodes(cells, moments.rows, moments.events, moments.other_events)


def check_episodes(source: ModelSource, cause: int | None = None, threads: int = 1) -> CheckedEpisodes:
    """Read the events and times of a survival source once, and return its cells.

    Parameters
    ----------
    source : ModelSource
        Three outcomes: event (0 = censored, otherwise the cause's number), start, stop; its one effect, if it
        has one, holds the strata.
    cause : int or None
        The event that is explained, other causes being censored; None for any event.
    threads : int

    Raises
    ------
    SpecError
        The source is of another kind.
    DataError
        Intervals without length, backward or not finite, or events that are no numbers from 0 on.
    NotIdentifiedError
        There are no events, or one.
    """
    _check_source(source)
    levels = source.effect_levels[0] if source.effect_levels else 1
    times = source.only([EVENT, START, STOP])
    return run_fold(EpisodeFold(cause, levels), times.blocks(), threads)


def is_failing(event: Floats, cause: int | None) -> Flags:
    """Say which rows end with the event that is explained."""
    return event > 0 if cause is None else event == cause


def _check_source(source: ModelSource) -> None:
    """Refuse what risk sets have no place for.

    Raises
    ------
    SpecError
    """
    if source.outcomes != OUTCOMES:
        raise SpecError(f"a survival model takes event, start and stop; {source.outcomes} outcomes came")
    if source.absorbs_firm or source.firm_slopes_count:
        raise SpecError(
            f"a survival model cannot absorb effects of {source.firm_name}",
            hint="Choose strata, a frailty, or another comparison.",
        )
    if len(source.effect_levels) > 1 or (source.effect_names and not source.has_plain_effects):
        raise SpecError(
            f"a survival model takes one stratum of each row; {', '.join(source.effect_names)} came",
            hint="Join the strata's columns, such as region_code^year, and give them no slopes.",
        )


def _check_rows(totals: EpisodeTotals) -> None:
    found = (
        (totals.not_finite, "start or stop missing or infinite", "finite numbers"),
        (totals.backward, "start after stop", "start before stop"),
        (totals.zero_length, "start equal to stop", "start before stop"),
        (totals.no_code, "events that are no code", "0 for censored, 1, 2, ... for causes"),
        (totals.no_offset, "an offset missing or out of range", f"up to {MOST_OFFSET:g} either way"),
    )
    faults = [
        Fault("the sample", "", f"{count:,} rows with {came}", allowed)
        for count, came, allowed in found
        if count
    ]
    if faults:
        raise DataError(
            f"intervals of {totals.rows:,} rows break the rules of risk sets",
            hint="A row is at risk after its start and up to its stop: check entry and exit dates.",
            faults=faults,
        )


def _check_events(totals: EpisodeTotals, cause: int | None) -> None:
    if totals.events > 1:
        return
    what = "event" if cause is None else f"event of cause {cause}"
    count = "no" if not totals.events else "one"
    raise NotIdentifiedError(
        f"the sample has {count} {what} in {totals.rows:,} rows: hazard ratios need two or more",
        hint="Widen the sample, or choose another event.",
    )


def _distinct(strata: Integers, times: Floats) -> Times:
    """Return the distinct pairs of stratum and time, sorted by both."""
    order = np.lexsort((times, strata))
    strata, times = strata[order], times[order]
    is_new = np.ones(len(times), dtype=np.bool_)
    is_new[1:] = (strata[1:] != strata[:-1]) | (times[1:] != times[:-1])
    return strata[is_new], times[is_new]


def _joined(parts: list[Times]) -> Times:
    strata, times = zip(*parts, strict=True)
    return _distinct(np.concatenate(strata), np.concatenate(times))
