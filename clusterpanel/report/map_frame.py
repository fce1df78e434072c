"""What part of the world the map shows: all sites, or all but a few that lie far from the others."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
FAR_SHARE = 0.01
SMALLER = 0.8
TALLEST, FLATTEST = 0.95, 0.5


@dataclass(frozen=True)
class Frame:
    """The corners of the map, metres: `low` (west, south) and `high` (east, north), each (2,)."""

    low: Points
    high: Points

    @property
    def size(self) -> Points:
        """Width and height, metres (2,)."""
        return self.high - self.low

    def holds(self, xy: Points) -> NDArray[np.bool_]:
        """Say of each point (n, 2) whether it is on the map."""
        return np.asarray(((xy >= self.low) & (xy <= self.high)).all(axis=1), dtype=np.bool_)


def frame_of(xy: Points, boxes: Points) -> Frame:
    """Return the frame of sites (n, 2) and of the boxes of clusters (k, 4: west, south, east, north).

    The map is cut to the box of the middle 99 per cent of sites, clusters and a margin included, where that
    makes it clearly smaller and leaves out less than one site in a hundred.
    """
    whole = _with_margin(_hull(xy, boxes))
    middle = np.quantile(xy, [FAR_SHARE / 4, 1 - FAR_SHARE / 4], axis=0, method="nearest")
    cut = _with_margin(_hull(middle, boxes))
    is_smaller = np.prod(cut.size) < SMALLER * np.prod(whole.size)
    return _fitting(cut if is_smaller and (~cut.holds(xy)).mean() < FAR_SHARE else whole)


def _hull(xy: Points, boxes: Points) -> Frame:
    corners = np.concatenate([xy, boxes[:, :2], boxes[:, 2:]])
    return Frame(corners.min(axis=0), corners.max(axis=0))


def _with_margin(frame: Frame) -> Frame:
    margin = max(0.08 * float(frame.size.max()), 2000.0) / 2
    return Frame(frame.low - margin, frame.high + margin)


def _fitting(frame: Frame) -> Frame:
    """Give a long country room at its sides, so that the map fits a screen."""
    width, height = map(float, frame.size)
    shown = np.array([max(width, height / TALLEST), max(height, width * FLATTEST)])
    middle = (frame.low + frame.high) / 2
    return Frame(middle - shown / 2, middle + shown / 2)
