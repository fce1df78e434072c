"""Risk sets as a fold: what a block of firms adds to the numbers at risk and to the events."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from clusterpanel.engine.local import run_fold
from clusterpanel.errors import DataError
from clusterpanel.models.arrays import Flags, Floats, Integers, Levels
from clusterpanel.models.survival.time_grid import TimeGrid, Times, grid_of

ROWS_PER_BLOCK = 65_536
ENTERED, WENT_ON, CENSORED = 0, 1, 2


class Episodes(NamedTuple):
    """Stretches of time under observation, open at the start: at risk where ``entry < time <= stop``.

    Attributes
    ----------
    entry, stop : float or integer array, shape (episodes,)
        In one unit of time; `stop` after `entry`.
    causes : bool or integer array, shape (episodes,)
        0 where an episode ends by censoring, else the number of the cause of the event.
    groups : integer array, shape (episodes,)
        0 to ``groups - 1``.
    weights : float array, shape (episodes,), or None
    firms : integer array, shape (episodes,), or None
        Non-decreasing codes of the firms, each firm's episodes in order of time. Where a firm's episode
        starts as its last one stops, in the same group, it is not counted as censored in between.
    """

    entry: Times
    stop: Times
    causes: Flags | Integers | Levels
    groups: Integers | Levels
    weights: Floats | None = None
    firms: Integers | Levels | None = None

    def blocks(self, rows: int = ROWS_PER_BLOCK) -> Iterator["Episodes"]:
        """Yield views of the episodes, some whole firms each."""
        first, count = 0, len(self.stop)
        while first < count:
            last = min(first + rows, count)
            if self.firms is not None and last < count:
                last = int(np.searchsorted(self.firms, self.firms[last - 1], side="right"))
            yield self._part(slice(first, last))
            first = last

    def _part(self, part: slice) -> "Episodes":
        return Episodes(
            self.entry[part],
            self.stop[part],
            self.causes[part],
            self.groups[part],
            None if self.weights is None else self.weights[part],
            None if self.firms is None else self.firms[part],
        )

    @property
    def is_event(self) -> Flags:
        """Whether each episode ends with an event."""
        return np.asarray(self.causes, dtype=np.bool_)


@dataclass(frozen=True)
class RiskSets:
    """Who is at risk and who ends, by group and time.

    Attributes
    ----------
    times : float array, shape (times,)
        Ascending; among them each at which an episode ends.
    at_risk : float array, shape (groups, times)
        The number under observation just before each time.
    events : float array, shape (causes, groups, times)
    censored : float array, shape (groups, times)
        Those who leave observation at each time without an event.
    weighted_at_risk, weighted_events : float arrays
        The same, each episode counted by its weight; the same arrays where there are no weights.
    """

    times: Floats
    at_risk: Floats
    events: Floats
    censored: Floats
    weighted_at_risk: Floats
    weighted_events: Floats

    @property
    def has_weights(self) -> bool:
        """Whether episodes count by weights."""
        return self.weighted_at_risk is not self.at_risk


@dataclass(frozen=True)
class RiskFold:
    """The fold of the risk sets.

    Attributes
    ----------
    grid : TimeGrid
    groups, causes : int
        With one cause, events of all causes count alike.
    has_weights : bool
    """

    grid: TimeGrid
    groups: int
    causes: int = 1
    has_weights: bool = False

    def step(self, block: Episodes) -> tuple[Floats, Floats]:
        """Return one block's counts by kind, group and time, and the sums of its weights.

        Raises
        ------
        DataError
            An episode does not end after its start, or has a group or cause that is not there.
        """
        from clusterpanel.models.survival.count_kernels import count_rows

        causes = _levels(block.is_event if self.causes == 1 else block.causes)
        groups = _levels(block.groups)
        self._check(block, causes, groups)
        shape = (self.causes + 3, self.groups, len(self.grid.times))
        counts, weighted = np.zeros(shape), np.zeros(shape if self.has_weights else (0, 0, 0))
        count_rows(
            self.grid.after(block.entry),
            self.grid.at(block.stop),
            causes,
            groups,
            _goes_on(block),
            np.empty(0) if block.weights is None else block.weights,
            counts,
            weighted,
        )
        return counts, weighted

    def _check(self, block: Episodes, causes: Levels, groups: Levels) -> None:
        # Missing times fail the comparison, infinite ones the sum.
        wrong = int((~((block.stop > block.entry) & np.isfinite(block.stop - block.entry))).sum())
        if wrong:
            raise DataError(
                f"{wrong:,} episodes do not end after they start",
                hint="Check that times are there and finite, and that stop is after start.",
            )
        for name, codes, size in (("causes", causes, self.causes + 1), ("groups", groups, self.groups)):
            if codes.min() < 0 or codes.max() >= size:
                raise DataError(f"{name} of episodes go beyond 0 to {size - 1}")

    def merge(self, left: tuple[Floats, Floats], right: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
        """Return the sum."""
        for total, added in zip(left, right, strict=True):
            np.add(total, added, out=total)
        return left

    def solve(self, moments: tuple[Floats, Floats]) -> RiskSets:
        """Return the risk sets."""
        counts, weighted = moments
        at_risk, events = _at_risk(counts), counts[CENSORED + 1 :]
        censored = counts[CENSORED] - counts[WENT_ON]
        if not self.has_weights:
            return RiskSets(self.grid.times, at_risk, events, censored, at_risk, events)
        # What sums of weights leave behind by rounding is no risk set.
        weights = np.where(at_risk > 0, _at_risk(weighted), 0.0)
        return RiskSets(self.grid.times, at_risk, events, censored, weights, weighted[CENSORED + 1 :])


def risk_sets(
    episodes: Episodes | Sequence[Episodes], groups: int, causes: int = 1, threads: int = 1
) -> RiskSets:
    """Return the risk sets of episodes, in one piece or in blocks of whole firms.

    Parameters
    ----------
    episodes : Episodes or sequence of Episodes
    groups, causes : int
        With one cause, events of all causes count alike.
    threads : int

    Raises
    ------
    DataError
        An episode does not end after its start, or there is none.
    """
    blocks: Sequence[Episodes] = [episodes] if isinstance(episodes, Episodes) else episodes
    has_weights = any(block.weights is not None for block in blocks)
    grid = grid_of(piece.stop for block in blocks for piece in block.blocks())
    # A block makes a table of all cells; it is to have more rows than that.
    cells = (causes + 3) * groups * len(grid.times)
    pieces = (piece for block in blocks for piece in block.blocks(max(ROWS_PER_BLOCK, cells)))
    return run_fold(RiskFold(grid, groups, causes, has_weights), pieces, threads)


def _at_risk(counts: Floats) -> Floats:
    left = counts[CENSORED:].sum(axis=0)
    changes = counts[ENTERED].copy()
    changes[:, 1:] -= left[:, :-1]
    return np.cumsum(changes, axis=1)


def _goes_on(block: Episodes) -> Levels:
    """Return which rows the firm's next one goes on from, in the same group; nothing without firms."""
    if block.firms is None:
        return np.empty(0, dtype=np.int32)
    goes_on = np.zeros(len(block.stop), dtype=np.int32)
    goes_on[:-1] = (
        (block.firms[1:] == block.firms[:-1])
        & (block.groups[1:] == block.groups[:-1])
        & (block.entry[1:] == block.stop[:-1])
        & (block.causes[:-1] == 0)
    )
    return goes_on


def _levels(codes: Flags | Integers | Levels) -> Levels:
    return codes.astype(np.int32, copy=False)
