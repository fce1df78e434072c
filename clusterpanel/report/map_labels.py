"""Where the numbers of clusters go on the map, so that none lies on another."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from math import cos, hypot, pi, sin, sqrt

DIGIT_PT, HEIGHT_PT, GAP_PT = 6.0, 9.5, 1.5
DIRECTIONS, RINGS = 16, 10
STEP_PT, NEARER_PT = 5.0, 1.0


@dataclass(frozen=True)
class Mark:
    """A cluster on paper: its number's text, its middle and its radius, points."""

    text: str
    x: float
    y: float
    radius: float


@dataclass(frozen=True)
class Spot:
    """Where a number goes: its middle, points, and whether it stands off its cluster and needs a line."""

    x: float
    y: float
    is_off: bool


def place_labels(marks: Sequence[Mark], obstacles: Sequence[Mark] = ()) -> list[Spot | None]:
    """Return a place for each mark's number, the first marks choosing first; nothing where all is taken.

    A number stands in the middle of its cluster if it fits there, else beside it, as near as it can without
    touching another number; if possible it is nearer to its own cluster than to any other, or at least
    touches none.

    Parameters
    ----------
    marks : sequence of Mark
        Clusters with numbers.
    obstacles : sequence of Mark
        Clusters without.
    """
    taken: list[tuple[Mark, Spot]] = []
    spots = []
    for mark in marks:
        others = [other for other in (*marks, *obstacles) if other is not mark]
        free = [s for s in _candidates(mark) if not any(_touch(mark, s, *pair) for pair in taken)]
        own = (s for s in free if all(_gap(mark, s, o) > NEARER_PT + _gap(mark, s, mark) for o in others))
        clear = (s for s in free if all(_gap(mark, s, other) > 0 for other in others))
        spot = next(chain(own, clear, free), None)
        spots.append(spot)
        taken += [(mark, spot)] if spot else []
    return spots


def _candidates(mark: Mark) -> Iterator[Spot]:
    width = DIGIT_PT * len(mark.text)
    if mark.radius > max(width, HEIGHT_PT) / 2 + GAP_PT:
        yield Spot(mark.x, mark.y, is_off=False)
    for ring in range(RINGS):
        for direction in range(DIRECTIONS):
            angle = pi / 4 + 2 * pi * direction / DIRECTIONS
            reach = mark.radius + GAP_PT + STEP_PT * ring
            x = mark.x + reach * cos(angle) + _side(cos(angle)) * width / 2
            y = mark.y + reach * sin(angle) + _side(sin(angle)) * HEIGHT_PT / 2
            yield Spot(x, y, is_off=ring > 0)


def _side(part: float) -> float:
    """Return how far to one side of the circle's point a text's middle stands, from -1 to 1."""
    return max(-1.0, min(1.0, part * sqrt(2)))


def _touch(mark: Mark, spot: Spot, other: Mark, place: Spot) -> bool:
    wide = (len(mark.text) + len(other.text)) / 2 * DIGIT_PT + GAP_PT
    return abs(spot.x - place.x) < wide and abs(spot.y - place.y) < HEIGHT_PT + GAP_PT


def _gap(mark: Mark, spot: Spot, other: Mark) -> float:
    """Return how far a number is from a cluster's circle, points; below 0 where it lies on it."""
    across = max(abs(spot.x - other.x) - DIGIT_PT * len(mark.text) / 2, 0.0)
    along = max(abs(spot.y - other.y) - HEIGHT_PT / 2, 0.0)
    return hypot(across, along) - other.radius
