"""The numbers of the largest clusters, drawn on the map."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from clusterpanel.report.drawing import INK, LAND
from clusterpanel.report.map_labels import Mark, place_labels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from shapely.geometry.base import BaseGeometry


@dataclass(frozen=True)
class Outline:
    """A cluster on the map: its rank in the table, its industry, and its shape in metres."""

    rank: int
    industry: str
    shape: "BaseGeometry"


def draw_numbers(
    axes: "Axes", numbered: Sequence[Outline], others: Sequence[Outline], points_per_m: float
) -> None:
    """Write each numbered cluster's rank where it covers no other, with a line to it if it stands off.

    Parameters
    ----------
    axes : Axes
        In metres.
    numbered, others : sequence of Outline
    points_per_m : float
        Points of paper per metre of land.
    """
    marks = [mark_of(outline, points_per_m) for outline in numbered]
    spots = place_labels(marks, [mark_of(outline, points_per_m) for outline in others])
    for mark, spot in zip(marks, spots, strict=True):
        if spot is None:
            continue
        place = (spot.x / points_per_m, spot.y / points_per_m)
        if spot.is_off:
            x, y = zip((mark.x / points_per_m, mark.y / points_per_m), place, strict=True)
            axes.plot(x, y, color=INK, linewidth=0.5, zorder=4)
        box = {"boxstyle": "square,pad=0.1", "facecolor": LAND, "edgecolor": "none", "alpha": 0.75}
        axes.annotate(
            mark.text, place, ha="center", va="center", fontsize=8, fontweight="bold", bbox=box, zorder=5
        )


def mark_of(outline: Outline, points_per_m: float) -> Mark:
    """Return a cluster's mark on paper: a point inside it, and the radius of a circle as wide as it is."""
    point = outline.shape.representative_point()
    west, south, east, north = outline.shape.bounds
    radius = float(np.mean([east - west, north - south])) / 2
    return Mark(str(outline.rank), point.x * points_per_m, point.y * points_per_m, radius * points_per_m)
