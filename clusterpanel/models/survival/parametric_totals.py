"""What a parametric survival model needs to know of its sample before it climbs."""

from dataclasses import dataclass, fields, replace

import numpy as np

from clusterpanel.engine.local import run_fold
from clusterpanel.errors import DataError, NotIdentifiedError
from clusterpanel.models.absorb import Absorbed
from clusterpanel.models.arrays import ArrayBlock, Floats, ModelSource
from clusterpanel.models.collinear import Collinear, find_collinear
from clusterpanel.models.survival.episodes import check_episodes
from clusterpanel.models.survival.parametric_passes import OUTCOMES


@dataclass
class Totals:
    """Sums over a sample, weighted where it has weights.

    Attributes
    ----------
    weight, events, exposure : float
        Rows, events, and time at risk.
    early, causes : int
        Rows that start before time 0, and rows whose event is neither 0 nor 1.
    sums : float array, shape (regressors,)
        Of the regressors about the centre.
    squares : float array, shape (regressors, regressors)
        Of their cross-products about the centre.
    """

    weight: float
    events: float
    exposure: float
    early: int
    causes: int
    sums: Floats
    squares: Floats

    @property
    def spread(self) -> Floats:
        """Cross-products of the regressors about their means."""
        spread: Floats = self.squares - np.outer(self.sums, self.sums) / self.weight
        return spread

    def only(self, kept: list[int]) -> "Totals":
        """Return the sums of some of the regressors."""
        return replace(self, sums=self.sums[kept], squares=self.squares[np.ix_(kept, kept)])


@dataclass(frozen=True)
class TotalsFold:
    """The fold of the sums about a centre."""

    centre: Floats

    def step(self, block: ArrayBlock) -> Totals:
        """Return one block's sums."""
        event, start, stop = block.values[:OUTCOMES]
        weights = block.weights if len(block.weights) else np.ones(block.rows)
        columns = block.values[OUTCOMES:] - self.centre[:, None]
        return Totals(
            weight=float(weights.sum()),
            events=float(weights @ event),
            exposure=float(weights @ (stop - start)),
            early=int((start < 0).sum()),
            causes=int(((event != 0) & (event != 1)).sum()),
            sums=columns @ weights,
            squares=(columns * weights) @ columns.T,
        )

    def merge(self, left: Totals, right: Totals) -> Totals:
        """Return the sum."""
        return Totals(*(getattr(left, item.name) + getattr(right, item.name) for item in fields(Totals)))

    def solve(self, moments: Totals) -> Totals:
        """Return the sums as they are."""
        return moments


def centre_of(source: ModelSource) -> Floats:
    """Return the regressors' means over the first block, exact for one that never changes there."""
    values = next(source.blocks()).values[source.outcomes :]
    if not len(values):
        return np.empty(0)
    is_fixed = values.min(axis=1) == values.max(axis=1)
    centre: Floats = np.where(is_fixed, values[:, 0], values.mean(axis=1))
    return centre


def totals_of(source: ModelSource, centre: Floats, threads: int, *, needs_clock: bool) -> Totals:
    """Return a sample's sums.

    Parameters
    ----------
    source : ModelSource
    centre : float array, shape (regressors,)
    threads : int
    needs_clock : bool
        Time is counted from 0, of which the model takes the logarithm.

    Raises
    ------
    DataError
        Intervals without length, backward or not finite, an event that is neither 0 nor 1, or time that runs
        from before 0 where it must not.
    NotIdentifiedError
        There are no events, or one.
    """
    check_episodes(source, threads=threads)
    totals = run_fold(TotalsFold(centre), source.blocks(), threads)
    if totals.causes:
        raise DataError(
            f"the events of {totals.causes} rows are neither 0 nor 1",
            hint="Choose one cause of exit; an exit by another is censored.",
        )
    if needs_clock and totals.early:
        raise DataError(
            f"{totals.early} rows start before time 0, of which the model takes the logarithm",
            hint="Count time from the firm's birth.",
        )
    return totals


def keep_regressors(source: ModelSource, totals: Totals) -> tuple[tuple[Collinear, ...], list[int]]:
    """Return the regressors that say nothing of their own beside a constant, and the places of the others.

    Raises
    ------
    NotIdentifiedError
        The first regressor, the exposure, is one of them.
    """
    if not source.names:
        return (), []
    spread, nothing = totals.spread, np.zeros(len(source.names))
    whole = np.diag(spread).copy()
    # What rounding leaves of a regressor that never changes is nothing.
    whole[whole <= 1e-14 * np.diag(totals.squares)] = 0.0
    within = Absorbed(
        slopes=np.empty((0, len(whole))),
        point=nothing,
        within=whole,
        explained=nothing,
        rest=spread,
        rank=0,
    )
    found = find_collinear(source.names, whole, within, (), None)
    dropped = {item.name: item.reason for item in found}
    if source.names[0] in dropped:
        raise NotIdentifiedError(
            f"the effect of {source.names[0]} is not identified: {dropped[source.names[0]]}",
            hint="Choose a sample in which the exposure varies.",
        )
    return found, [place for place, name in enumerate(source.names) if name not in dropped]
