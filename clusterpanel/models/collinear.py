"""Find the regressors that say nothing of their own, and say why."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clusterpanel.models.absorb import Absorbed
from clusterpanel.models.arrays import Floats

TOLERANCE = 1e-10


@dataclass(frozen=True)
class Collinear:
    """A regressor that was dropped, and the reason in words."""

    name: str
    reason: str


def find_collinear(
    names: Sequence[str],
    totals: Floats,
    absorbed: Absorbed,
    effects: Sequence[str],
    firm: str | None,
) -> tuple[Collinear, ...]:
    """Return the regressors that are collinear, with the earlier of two kept.

    A regressor is dropped if less than `TOLERANCE` of its sum of squares is left by what it is compared with.

    Parameters
    ----------
    names : sequence of str
        The regressors, in the order in which they have precedence.
    totals : float array, shape (outcomes + regressors,)
        Sums of squares about the mean, the outcomes' first.
    absorbed : Absorbed
    effects : sequence of str
        Names of the effects besides the firm.
    firm : str or None
        Name of the firm column if its effects are absorbed.
    """
    found: list[Collinear] = []
    kept: list[int] = []
    outcomes = len(totals) - len(names)
    rest = absorbed.rest[outcomes:, outcomes:]
    for place, name in enumerate(names):
        total, within = totals[place + outcomes], absorbed.within[place + outcomes]
        left = rest[place, place]
        loading, remainder = _regress(rest, kept, place)
        if total <= 0:
            reason = "it is the same in every row"
        elif firm is not None and within <= TOLERANCE * total:
            reason = f"it is constant within {firm}"
        elif left <= TOLERANCE * within:
            reason = f"the effects explain it ({', '.join(effects)})"
        elif remainder <= TOLERANCE * left:
            others = [names[k] for k, load in zip(kept, loading, strict=True) if abs(load) > TOLERANCE]
            reason = f"it is a linear combination of {', '.join(others)}"
        else:
            kept.append(place)
            continue
        found.append(Collinear(name, reason))
    return tuple(found)


def _regress(rest: Floats, kept: list[int], place: int) -> tuple[Floats, float]:
    """Return the standardised slopes of one column on the kept ones, and the sum of squares they leave."""
    if not kept:
        return np.empty(0), float(rest[place, place])
    scale = np.sqrt(np.diag(rest)[kept])
    target = rest[kept, place] / scale
    loading = np.linalg.solve(rest[np.ix_(kept, kept)] / np.outer(scale, scale), target)
    return loading, float(rest[place, place] - target @ loading)
