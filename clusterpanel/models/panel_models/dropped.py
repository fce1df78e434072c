"""Which terms of a panel model are collinear, and the reason in words."""

from collections.abc import Sequence

import numpy as np

from clusterpanel.errors import NotIdentifiedError
from clusterpanel.models.arrays import Floats, Integers
from clusterpanel.models.collinear import Collinear
from clusterpanel.models.panel_models.rank import TOLERANCE, independent

EXPLAINED = "the effects explain it"
# Standardised slopes this small are rounding.
LOADING = 1e-5


def collinear_terms(
    gram: Floats, names: Sequence[str], first: Integers, shown: Integers, effects: Sequence[str]
) -> tuple[Integers, tuple[Collinear, ...]]:
    """Return the terms to keep, in their order, and what was dropped of those that are shown.

    Parameters
    ----------
    gram : float array, shape (1 + terms, 1 + terms)
        Cross-products of the rows as they are, the outcome first.
    names : sequence of str
        Of the terms.
    first : integer array
        Terms that are kept before all others: a constant and the effects' dummies.
    shown : integer array
        Terms in the order of their precedence after these.
    effects : sequence of str
        The effects that the dummies stand for.

    Raises
    ------
    NotIdentifiedError
        The first term, the exposure, is collinear.
    """
    order = np.concatenate([first, shown])
    totals = np.diag(gram)[order]
    kept = order[independent(gram[np.ix_(order, order)], totals)]
    base = kept[np.isin(kept, first)]
    dropped = []
    for place in shown[~np.isin(shown, kept)]:
        reason = _reason(gram, names, base, kept, int(place))
        if reason == EXPLAINED:
            reason = f"{reason} ({', '.join(effects)})"
        dropped.append(Collinear(names[place - 1], reason))
    if any(item.name == names[0] for item in dropped):
        reason = next(item.reason for item in dropped if item.name == names[0])
        raise NotIdentifiedError(
            f"the effect of {names[0]} is not identified: {reason}",
            hint="Absorb fewer effects, or choose a comparison in which the exposure varies.",
        )
    return np.sort(kept), tuple(dropped)


def _reason(gram: Floats, names: Sequence[str], base: Integers, kept: Integers, place: int) -> str:
    if gram[place, place] <= 0:
        return "it is the same in every row"
    if _rest(gram, base, place)[1] <= TOLERANCE * gram[place, place]:
        return EXPLAINED
    loading, _ = _rest(gram, kept, place)
    scale = np.sqrt(np.diag(gram)[kept] / gram[place, place])
    others = [
        names[k - 1]
        for k, load in zip(kept, loading * scale, strict=True)
        if k not in base and abs(load) > LOADING
    ]
    return f"it is a linear combination of {', '.join(others)}"


def _rest(gram: Floats, others: Integers, place: int) -> tuple[Floats, float]:
    """Return one term's slopes on others, and the sum of squares that they leave."""
    scale = 1 / np.sqrt(np.diag(gram)[others])
    target = gram[others, place] * scale
    slopes = np.linalg.solve(gram[np.ix_(others, others)] * np.outer(scale, scale), target)
    return slopes * scale, float(gram[place, place] - slopes @ target)
