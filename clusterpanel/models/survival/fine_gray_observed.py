"""How likely it is to be still observed, by the product-limit estimator: what weighs those who stay at risk.

Fine and Gray (1999, JASA 94) weigh by G, the chance not to be censored yet; with late entry Geskus (2011,
Biometrics 67) multiplies by H, the chance to have entered by then. A firm that failed of another cause at T
weighs ``W(t-) / W(T-)`` at t, with W = G H. Events at a time come before censoring there, and entry after
both, as in R's ``survival::finegray``; unlike there, case weights count in G and H as well.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from clusterpanel.engine.local import run_fold
from clusterpanel.errors import DataError, NotIdentifiedError
from clusterpanel.models.arrays import ArrayBlock, Flags, Floats, Integers, Levels, ModelSource
from clusterpanel.models.survival.cox_rows import strata_of
from clusterpanel.models.survival.episodes import EVENT, OUTCOMES, START, STOP
from clusterpanel.models.survival.risk_cells import RiskCells

# Jump times of this many blocks are kept apart before those that are the same are joined.
MOST_PARTS = 32
NOBODY = (
    "nobody is under observation between a failure of another cause and a later entry: the chance to have {} "
    "by then cannot be told"
)
START_LATER = "Start at an age, or take strata, at which some firms are observed throughout."

Times = tuple[Integers, Floats]


@dataclass(frozen=True)
class Observed:
    """The weights, as a step function of each stratum's time.

    Attributes
    ----------
    jumps : RiskCells
        The times at which somebody is censored or enters.
    after : float array, shape (jumps,)
        The weight after each jump; 1 before the first of a stratum.
    censored, entered : float array, shape (jumps,)
        Share of those who might that are censored, or have entered, at the jump.
    at_risk, present : float array, shape (jumps,)
        How many might.
    """

    jumps: RiskCells
    after: Floats
    censored: Floats
    entered: Floats
    at_risk: Floats
    present: Floats

    def before(self, strata: Levels, times: Floats) -> Floats:
        """Return the weight just before each time of a stratum."""
        from clusterpanel.models.survival import fine_gray_kernels

        observed = np.ones(len(times))
        if self.jumps.size:
            fine_gray_kernels.write_observed(self.jumps.index, strata, times, self.after, observed)
        return observed


@dataclass
class Ends:
    """Jump times of some blocks, and firms whose rows break a rule."""

    faults: Integers
    parts: list[Times] = field(default_factory=list)


@dataclass(frozen=True)
class JumpFold:
    """The fold of the times at which firms are censored or enter."""

    levels: int

    def step(self, block: ArrayBlock) -> Ends:
        """Return one block's times."""
        is_first, is_last, faults = ends_of(block)
        censored = is_last & (block.values[EVENT] == 0)
        strata = strata_of(block) if block.effects.shape[1] else np.zeros(block.rows, dtype=np.int32)
        times = np.concatenate([block.values[STOP, censored], block.values[START, is_first]])
        places = np.concatenate([strata[censored], strata[is_first]]).astype(np.int64)
        return Ends(faults, [_distinct(places, times)])

    def merge(self, left: Ends, right: Ends) -> Ends:
        """Return both blocks' times, in the memory of `left`."""
        left.faults += right.faults
        left.parts += right.parts
        if len(left.parts) > MOST_PARTS:
            left.parts = [_joined(left.parts)]
        return left

    def solve(self, moments: Ends) -> RiskCells:
        """Return the jumps.

        Raises
        ------
        DataError
            Firms' rows break a rule; all rules are told at once.
        """
        rules = (
            "with a gap or an overlap between rows",
            "that fail before their last row",
            "in several strata",
        )
        found = [
            f"{count:,} firms {rule}" for count, rule in zip(moments.faults, rules, strict=True) if count
        ]
        if found:
            raise DataError(
                f"subdistribution hazards cannot be weighted: {', '.join(found)}",
                hint="Fill gaps, end each firm with its exit, and take strata that never change for a firm.",
            )
        return RiskCells.of(*_joined(moments.parts), self.levels)


@dataclass(frozen=True)
class ObservedFold:
    """The fold of the counts at the jumps."""

    jumps: RiskCells
    cause: int

    def step(self, block: ArrayBlock) -> Floats:
        """Return one block's counts."""
        from clusterpanel.models.survival import fine_gray_kernels

        counts = np.zeros((5, self.jumps.size + 1))
        is_first, is_last, _ = ends_of(block)
        fine_gray_kernels.count_observed(
            self.jumps.index,
            block.values[:OUTCOMES],
            strata_of(block),
            block.weights,
            is_first,
            is_last,
            self.cause,
            counts,
        )
        return counts

    def merge(self, left: Floats, right: Floats) -> Floats:
        """Return the sum, in the memory of `left`."""
        left += right
        return left

    def solve(self, moments: Floats) -> Observed:
        """Return the weights.

        Raises
        ------
        NotIdentifiedError
            Nobody is observed between a failure and a later entry.
        """
        censored, entered = moments[0, :-1], moments[2, :-1]
        at_risk, present = (np.maximum(moments[place].cumsum()[:-1], 0.0) for place in (1, 3))
        shares = [_share(censored, at_risk), _share(entered, present)]
        failed = self.jumps.cumulated(moments[4, :-1].copy())
        if ((shares[1] >= 1) & (failed > 0)).any():
            raise NotIdentifiedError(NOBODY.format("entered"), hint=START_LATER)
        # Before the first failure of another cause nobody is weighed: all at once are no jump then.
        is_needed = failed > 0
        stays = np.where((shares[0] >= 1) & ~is_needed, 1.0, 1 - shares[0])
        steps = stays / np.where(shares[1] >= 1, 1.0, 1 - shares[1])
        after = np.concatenate(
            [np.cumprod(steps[a:b]) for a, b in zip(self.jumps.offsets, self.jumps.offsets[1:], strict=False)]
        )
        return Observed(self.jumps, after, shares[0], shares[1], at_risk, present)


def observed_weights(source: ModelSource, cause: int, threads: int = 1) -> Observed:
    """Return the weights of those who stay at risk.

    Parameters
    ----------
    source : ModelSource
        A survival source of any events; 0 is censored.
    cause : int
        The event that is explained; who fails of another is weighed.
    threads : int

    Raises
    ------
    DataError
        A firm's rows leave a gap, overlap, go on after an event, or lie in several strata.
    NotIdentifiedError
        Nobody is observed between a failure and a later entry.
    """
    levels = source.effect_levels[0] if source.effect_levels else 1
    times = source.only([EVENT, START, STOP])
    jumps = run_fold(JumpFold(levels), times.blocks(), threads)
    return run_fold(ObservedFold(jumps, cause), times.blocks(), threads)


def ends_of(block: ArrayBlock) -> tuple[Flags, Flags, Integers]:
    """Return which rows are the first and the last of their firm, and how many firms break each rule."""
    from clusterpanel.models.survival import fine_gray_kernels

    is_first, is_last = np.empty(block.rows, dtype=np.bool_), np.empty(block.rows, dtype=np.bool_)
    faults = np.zeros(3, dtype=np.int64)
    fine_gray_kernels.mark_ends(
        block.values[:OUTCOMES], strata_of(block), block.starts, is_first, is_last, faults
    )
    return is_first, is_last, faults


def _share(events: Floats, at_risk: Floats) -> Floats:
    share: Floats = np.divide(events, at_risk, out=np.zeros(len(events)), where=events > 0)
    # Sums of weights that are the same but for rounding.
    share[share > 1 - 1e-12] = 1.0
    return share


def _distinct(strata: Integers, times: Floats) -> Times:
    """Return the distinct pairs of stratum and time, sorted by both."""
    order = np.lexsort((times, strata))
    strata, times = strata[order], times[order]
    is_new = np.ones(len(times), dtype=np.bool_)
    is_new[1:] = (strata[1:] != strata[:-1]) | (times[1:] != times[:-1])
    return strata[is_new], times[is_new]


def _joined(parts: Iterable[Times]) -> Times:
    strata, times = zip(*parts, strict=True)
    return _distinct(np.concatenate(strata), np.concatenate(times))
