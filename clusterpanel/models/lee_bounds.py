"""Bounds on an effect where the exposure also decides whose outcome is seen (Lee 2009, REStud 76)."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from clusterpanel.errors import NotIdentifiedError
from clusterpanel.models.arrays import Flags, Floats, Levels

FEWEST_TRIMMED = 2


@dataclass(frozen=True)
class LeeBounds:
    """The least and the greatest effect on those whose outcome is seen with and without exposure.

    Attributes
    ----------
    bounds : float array, shape (2,)
        Lower and upper.
    influence : float array, shape (groups, 2)
        Its cross-product is the variance matrix.
    trimmed_share : float
        The share of the side seen more often that is left out.
    seen : float array, shape (2,)
        The shares whose outcome is seen, without and with exposure.
    """

    bounds: Floats
    influence: Floats
    trimmed_share: float
    seen: Floats

    @property
    def std_errors(self) -> Floats:
        """The bounds' standard errors, shape (2,)."""
        errors: Floats = np.sqrt((self.influence**2).sum(axis=0))
        return errors

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return an interval that covers the effect, not the whole set (Imbens, Manski 2004, Ecta 72)."""
        low, high = self.bounds
        errors = self.std_errors
        width = (high - low) / errors.max() if errors.max() > 0 else np.inf
        critical = imbens_manski(width, level)
        return float(low - critical * errors[0]), float(high + critical * errors[1])


def imbens_manski(width: float, level: float) -> float:
    """Return the c that solves Phi(c + width) - Phi(-c) = level: 1.96 at width 0, 1.64 far from it."""
    if not np.isfinite(width):
        return float(ndtri(level))
    return float(brentq(lambda c: ndtr(c + width) - ndtr(-c) - level, 0, ndtri((1 + level) / 2) + 1))


def lee_bounds(outcome: Floats, is_seen: Flags, is_exposed: Flags, groups: Levels) -> LeeBounds:
    """Return Lee's bounds with errors by group.

    Parameters
    ----------
    outcome : float array, shape (rows,)
        Whatever stands where it is not seen is not used.
    is_seen, is_exposed : bool array, shape (rows,)
    groups : integer array, shape (rows,)
        0, 1, ...: rows that move together.

    Raises
    ------
    NotIdentifiedError
        Nobody is exposed, or everybody; or of one side too few outcomes are seen.
    """
    sides = (~is_exposed, is_exposed)
    _check(is_seen, sides)
    seen = np.array([is_seen[side].mean() for side in sides])
    more = int(seen[1] >= seen[0])
    kept = seen[1 - more] / seen[more]
    less_mean, less_influence = _mean(outcome, is_seen & sides[1 - more])
    # The kept share is a ratio of the two shares seen, and estimated too.
    shares = [_influence_of_share(is_seen, side, share) for side, share in zip(sides, seen, strict=True)]
    kept_influence = shares[1 - more] / seen[more] - kept * shares[more] / seen[more]
    sign = 1 if more else -1
    ends = [
        _trimmed(outcome, is_seen & sides[more], kept, is_top=is_top, kept_influence=kept_influence)
        for is_top in (bool(1 - more), bool(more))
    ]
    bounds = np.array([sign * (mean - less_mean) for mean, _ in ends])
    rows = np.column_stack([sign * (influence - less_influence) for _, influence in ends])
    return LeeBounds(bounds, _by_group(rows, groups), 1 - kept, seen)


def _check(is_seen: Flags, sides: tuple[Flags, Flags]) -> None:
    counts = [int((is_seen & side).sum()) for side in sides]
    if min(counts) < FEWEST_TRIMMED:
        raise NotIdentifiedError(
            f"{counts[0]} outcomes are seen without exposure, {counts[1]} with it: too few to bound anything",
            hint="Take more years, or another exposure.",
        )


def _mean(outcome: Floats, rows: Flags) -> tuple[float, Floats]:
    mean = float(outcome[rows].mean())
    influence = np.zeros(len(outcome))
    influence[rows] = (outcome[rows] - mean) / rows.sum()
    return mean, influence


def _influence_of_share(is_seen: Flags, side: Flags, share: float) -> Floats:
    influence: Floats = np.where(side, is_seen - share, 0.0) / side.sum()
    return influence


def _trimmed(
    outcome: Floats, rows: Flags, kept: float, *, is_top: bool, kept_influence: Floats
) -> tuple[float, Floats]:
    """Return the mean of the lowest (or highest) `kept` share of the rows' outcomes, and its influence."""
    sign = -1.0 if is_top else 1.0
    values = sign * outcome[rows]
    order = np.sort(values)
    whole = kept * len(order)
    full = min(int(np.floor(whole)), len(order))
    # The row at the edge counts with the part of it that the share takes, so that nothing jumps.
    edge = order[min(full, len(order) - 1)]
    mean = float((order[:full].sum() + (whole - full) * edge) / whole)
    influence = kept_influence * (edge - mean) / kept
    below = np.minimum(values - edge, 0.0)
    influence[rows] += (below - below.mean()) / kept / len(order)
    return sign * mean, sign * influence


def _by_group(rows: Floats, groups: Levels) -> Floats:
    sums = np.zeros((int(groups.max()) + 1, rows.shape[1]))
    np.add.at(sums, groups, rows)
    return sums
