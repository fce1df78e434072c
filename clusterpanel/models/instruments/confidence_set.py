"""The values of a coefficient that a test does not reject: an interval, or something else that is said."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from clusterpanel.models.arrays import Floats

# Far beyond the outermost sign change, in multiples of its distance from the middle.
OUTSIDE = 16.0


@dataclass(frozen=True)
class ConfidenceSet:
    """A union of closed intervals.

    Attributes
    ----------
    intervals : tuple of (float, float)
        Disjoint and in order; ends may be infinite.
    level : float
        The coverage, such as 0.95.
    """

    intervals: tuple[tuple[float, float], ...]
    level: float

    @property
    def is_empty(self) -> bool:
        """Whether every value is rejected."""
        return not self.intervals

    @property
    def is_bounded(self) -> bool:
        """Whether the set has a lowest and a highest value (an empty set has not)."""
        return not self.is_empty and bool(np.isfinite([self.intervals[0][0], self.intervals[-1][1]]).all())

    @property
    def is_interval(self) -> bool:
        """Whether the set is one interval with two finite ends."""
        return self.is_bounded and len(self.intervals) == 1

    @property
    def ends(self) -> tuple[float, float]:
        """The lowest and the highest value; not a number where the set is empty."""
        if self.is_empty:
            return np.nan, np.nan
        return self.intervals[0][0], self.intervals[-1][1]

    @property
    def words(self) -> str:
        """The set as the report prints it, with what it means where it is no interval."""
        if self.is_empty:
            return "empty: every value is rejected, so the model or the exclusion of the instruments is"
        if self.intervals == ((-np.inf, np.inf),):
            return "the whole line: the instruments say nothing about the coefficient"
        parts = " and ".join(_interval_in_words(low, high) for low, high in self.intervals)
        if not self.is_bounded:
            return f"{parts}: unbounded, since the instruments are weak"
        return parts

    def __contains__(self, value: float) -> bool:
        return any(low <= value <= high for low, high in self.intervals)

    def times(self, factor: float) -> "ConfidenceSet":
        """Return the set of the values times a positive factor."""
        return ConfidenceSet(tuple((low * factor, high * factor) for low, high in self.intervals), self.level)

    def plus(self, shift: float) -> "ConfidenceSet":
        """Return the set of the values plus a number."""
        return ConfidenceSet(tuple((low + shift, high + shift) for low, high in self.intervals), self.level)


def where_at_most_zero(
    function: Callable[[float], float], breaks: Sequence[float] | Floats, at_infinity: float, level: float
) -> ConfidenceSet:
    """Return the set on which a continuous function is at most zero.

    Parameters
    ----------
    function : callable
    breaks : sequence of float
        Holds every place where the function may change its sign, to a few digits; others do no harm. Each
        change is then found to the last digits.
    at_infinity : float
        Any number with the function's sign far out, which must be the same on both sides.
    level : float
    """
    points = np.unique(np.asarray(breaks, dtype=np.float64))
    if not len(points):
        return ConfidenceSet(((-np.inf, np.inf),) if function(0.0) <= 0 else (), level)
    reach = OUTSIDE * max(float(np.ptp(points)), float(np.abs(points).max()) * 1e-6, 1e-12)
    inside = (points[1:] + points[:-1]) / 2
    probes = np.concatenate([[points[0] - reach], inside, [points[-1] + reach]])
    holds = [at_infinity <= 0, *(function(float(probe)) <= 0 for probe in inside), at_infinity <= 0]
    edges: list[float] = [-np.inf] if holds[0] else []
    edges.extend(
        _edge(function, float(probes[place]), float(probes[place + 1]), float(point))
        for place, point in enumerate(points)
        if holds[place] != holds[place + 1]
    )
    if holds[-1]:
        edges.append(np.inf)
    return ConfidenceSet(tuple(zip(edges[::2], edges[1::2], strict=True)), level)


def where_quadratic_is_at_most_zero(
    square: float, linear: float, constant: float, level: float
) -> ConfidenceSet:
    """Return the set on which ``square b^2 + linear b + constant <= 0``."""
    discriminant = linear**2 - 4 * square * constant
    if square == 0 and linear == 0:
        return ConfidenceSet(((-np.inf, np.inf),) if constant <= 0 else (), level)
    if square == 0:
        root = -constant / linear
        return ConfidenceSet(((-np.inf, root),) if linear > 0 else ((root, np.inf),), level)
    if discriminant < 0:
        return ConfidenceSet((), level) if square > 0 else ConfidenceSet(((-np.inf, np.inf),), level)
    low, high = _roots(square, linear, constant, discriminant)
    if square > 0:
        return ConfidenceSet(((low, high),), level)
    return ConfidenceSet(((-np.inf, low), (high, np.inf)), level)


def _roots(square: float, linear: float, constant: float, discriminant: float) -> tuple[float, float]:
    # The sum of two numbers of the same sign loses no digits.
    half = -(linear + np.copysign(np.sqrt(discriminant), linear)) / 2
    first = float(half / square)
    second = float(constant / half) if half != 0 else first
    return min(first, second), max(first, second)


def _edge(function: Callable[[float], float], low: float, high: float, guess: float) -> float:
    at_low, at_high = function(low), function(high)
    if (at_low <= 0) == (at_high <= 0):
        return guess
    return float(brentq(function, low, high, xtol=1e-14 * max(1e-300, abs(low), abs(high)), rtol=1e-14))


def _interval_in_words(low: float, high: float) -> str:
    return f"{'(-inf' if np.isinf(low) else f'[{low:.6g}'}, {'inf)' if np.isinf(high) else f'{high:.6g}]'}"
