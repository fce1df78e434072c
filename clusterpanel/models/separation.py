"""Rows that fit perfectly: levels with no event or only events, and regressors that foretell every event."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clusterpanel.engine.local import run_fold
from clusterpanel.errors import NotIdentifiedError
from clusterpanel.models.arrays import ArrayBlock, Codes, Flags, Floats, ModelSource
from clusterpanel.models.families import Family


def rows_of_mixed_levels(
    events: Floats, effects: Sequence[Codes]
) -> tuple[Flags, dict[str, tuple[int, int]]]:
    """Return which rows lie in no level without or with only events, and what each effect drops.

    Their effects would run off to infinity, so such rows say nothing of the coefficients. Dropping one
    effect's levels can leave another's one-sided, hence the repetition.

    Returns
    -------
    flags, shape (rows,)
    dict of effect name to (rows, levels) dropped
    """
    keep = np.ones(len(events), dtype=np.bool_)
    dropped = {effect.name: (0, 0) for effect in effects}
    while True:
        before = int(keep.sum())
        for effect in effects:
            bad = _one_sided_levels(events, effect, keep)
            rows, levels = dropped[effect.name]
            lost = keep & bad[effect.codes]
            dropped[effect.name] = (rows + int(lost.sum()), levels + int(bad.sum()))
            keep &= ~lost
        if int(keep.sum()) == before:
            return keep, dropped


def _one_sided_levels(events: Floats, effect: Codes, keep: Flags) -> Flags:
    rows = np.bincount(effect.codes[keep], minlength=effect.levels)
    happened = np.bincount(effect.codes[keep], weights=events[keep], minlength=effect.levels)
    one_sided: Flags = (rows > 0) & ((happened == 0) | (happened == rows))
    return one_sided


@dataclass
class Ranges:
    """The least and largest values of each regressor among events and among the other rows.

    Attributes
    ----------
    lowest, highest : float array, shape (2, regressors)
        Of the rows without an event, then of those with one.
    """

    lowest: Floats
    highest: Floats


@dataclass(frozen=True)
class RangeFold:
    """The fold of the regressors' ranges."""

    def step(self, block: ArrayBlock) -> Ranges:
        """Return one block's ranges."""
        outcome, regressors = block.values[0], block.values[1:]
        lowest = np.full((2, len(regressors)), np.inf)
        highest = -lowest
        for place in range(2):
            inside = regressors[:, (outcome > 0) == bool(place)]
            lowest[place] = inside.min(axis=1, initial=np.inf)
            highest[place] = inside.max(axis=1, initial=-np.inf)
        return Ranges(lowest, highest)

    def merge(self, left: Ranges, right: Ranges) -> Ranges:
        """Return the ranges of both."""
        return Ranges(np.minimum(left.lowest, right.lowest), np.maximum(left.highest, right.highest))

    def solve(self, moments: Ranges) -> Ranges:
        """Return the ranges as they are."""
        return moments


def ranges_by_outcome(source: ModelSource, threads: int = 1) -> Ranges:
    """Return the regressors' ranges among events and among the other rows."""
    return run_fold(RangeFold(), source.blocks(), threads)


def check_regressors(ranges: Ranges, names: Sequence[str], family: Family) -> None:
    """Refuse regressors that alone foretell events, whose coefficient would be infinite.

    Raises
    ------
    NotIdentifiedError
        All events, or all other rows, lie at one end of a regressor's values.
    """
    for place, name in enumerate(names):
        low, high = ranges.lowest[:, place], ranges.highest[:, place]
        if low.min() == high.max():
            continue
        for side, what in ((1, "events"), (0, "rows without an event")):
            if low[side] == high.max() or high[side] == low.min():
                # Neither how many events nor a number they share: both may be one firm's, and are printed.
                end = "highest" if low[side] == high.max() else "lowest"
                is_yes_no = (low.min(), high.max()) == (0, 1)
                at = f"{name} = {low[side]:g}" if is_yes_no else f"the {end} {name} of all"
                raise NotIdentifiedError(
                    f"the {family.effect} of {name} is not identified: all {what} have {at}",
                    hint="Leave the regressor out, or widen the sample until both values see events.",
                )
        if low[1] >= high[0] or high[1] <= low[0]:
            raise NotIdentifiedError(
                f"the {family.effect} of {name} is not identified: it separates events from the other rows",
                hint="A regressor that foretells every event is most likely made from the outcome.",
            )
