"""Rows that fit perfectly: levels with no event or only events, and regressors that foretell every event."""

from collections.abc import Sequence

import numpy as np

from clusterpanel.errors import NotIdentifiedError
from clusterpanel.models.arrays import Codes, Flags, Floats


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


def check_regressors(events: Floats, regressors: Floats, names: Sequence[str]) -> None:
    """Refuse regressors that alone foretell events, whose coefficient would be infinite.

    Raises
    ------
    NotIdentifiedError
        All events, or all other rows, lie at one end of a regressor's values.
    """
    happened = events > 0
    for name, values in zip(names, regressors.T, strict=True):
        low, high = values.min(), values.max()
        if low == high:
            continue
        for rows, what in ((happened, "events"), (~happened, "rows without an event")):
            inside = values[rows]
            if inside.min() == high or inside.max() == low:
                # Neither how many events nor a number they share: both may be one firm's, and are printed.
                end = "highest" if inside.min() == high else "lowest"
                at = f"{name} = {inside[0]:g}" if (low, high) == (0, 1) else f"the {end} {name} of all"
                raise NotIdentifiedError(
                    f"the hazard ratio of {name} is not identified: all {what} have {at}",
                    hint="Leave the regressor out, or widen the sample until both values see events.",
                )
        if (
            values[happened].min() >= values[~happened].max()
            or values[happened].max() <= values[~happened].min()
        ):
            raise NotIdentifiedError(
                f"the hazard ratio of {name} is not identified: it separates events from the other rows",
                hint="A regressor that foretells every event is most likely made from the outcome.",
            )
