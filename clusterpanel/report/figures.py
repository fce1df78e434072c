"""Figures of estimates: coefficients with their intervals, and profiles over distance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import fill
from types import MappingProxyType
from typing import TYPE_CHECKING

from clusterpanel.report.digits import significant
from clusterpanel.report.drawing import QUIET, SERIES, figure, quiet_axes, svg_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH_IN = 7.6
TITLE_LETTERS = 68
ONE_SERIES: Mapping[int, str] = MappingProxyType({})


@dataclass(frozen=True)
class Point:
    """One estimate with its interval, in the units of its facet, and how it is written."""

    label: str
    estimate: float
    conf_low: float
    conf_high: float
    series: int = 0
    text: str = ""


@dataclass(frozen=True)
class Facet:
    """Estimates that share a unit, and so an axis."""

    title: str
    axis: str
    points: tuple[Point, ...]


def coefficient_figure(facets: Sequence[Facet], series: Mapping[int, str] = ONE_SERIES) -> str:
    """Return one panel per facet, one row per estimate, with the value written at the right.

    Parameters
    ----------
    facets : sequence of Facet
    series : mapping of int to str
        What each colour stands for; several get a key under the figure.
    """
    rows = [len(facet.points) for facet in facets]
    titles = [fill(facet.title, TITLE_LETTERS) for facet in facets]
    lines = sum(title.count("\n") for title in titles)
    has_key = len(series) > 1
    with figure(WIDTH_IN, 0.3 * sum(rows) + 0.9 * len(rows) + 0.17 * lines + 0.3 * has_key) as drawn:
        panels = drawn.subplots(
            len(facets), 1, squeeze=False, gridspec_kw={"height_ratios": [count + 0.6 for count in rows]}
        )[:, 0]
        for axes, facet, title in zip(panels, facets, titles, strict=True):
            _draw_facet(axes, facet, title)
        drawn.align_ylabels()
        if has_key:
            _draw_key(drawn, series)
        return svg_of(drawn)


def profile_figure(points: Sequence[Point], radii_km: Sequence[float], axis: str) -> str:
    """Return estimates over the radius (km) within which the exposure is measured."""
    with figure(WIDTH_IN, 3.2) as drawn:
        axes = drawn.subplots()
        axes.axhline(0, color=QUIET, linewidth=1)
        estimates = [point.estimate for point in points]
        axes.plot(radii_km, estimates, color=SERIES[0], linewidth=1, alpha=0.5)
        for radius, point in zip(radii_km, points, strict=True):
            axes.plot([radius, radius], [point.conf_low, point.conf_high], color=SERIES[0], linewidth=2)
        axes.plot(radii_km, estimates, "o", color=SERIES[0], markersize=7)
        if max(radii_km) / min(radii_km) > 8:
            axes.set_xscale("log")
        axes.set_xticks(list(radii_km), [f"{radius:g}" for radius in radii_km])
        axes.minorticks_off()
        axes.set_xlabel("radius (km)")
        axes.set_ylabel(axis)
        axes.yaxis.set_major_formatter(lambda value, _: _tick(value))
        quiet_axes(axes, "y")
        return svg_of(drawn)


def _draw_key(drawn: "Figure", series: Mapping[int, str]) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=SERIES[number % len(SERIES)], marker="o", linewidth=2, label=words)
        for number, words in series.items()
    ]
    drawn.legend(handles=handles, loc="outside lower left", ncols=3, fontsize=9, handlelength=1.6)


def _draw_facet(axes: "Axes", facet: Facet, title: str) -> None:
    heights = range(len(facet.points), 0, -1)
    axes.axvline(0, color=QUIET, linewidth=1)
    for height, point in zip(heights, facet.points, strict=True):
        colour = SERIES[point.series % len(SERIES)]
        axes.plot([point.conf_low, point.conf_high], [height, height], color=colour, linewidth=2)
        axes.plot([point.estimate], [height], "o", color=colour, markersize=7)
        axes.annotate(
            point.text or significant(point.estimate),
            (1.01, height),
            xycoords=("axes fraction", "data"),
            va="center",
        )
    axes.set_yticks(list(heights), [point.label for point in facet.points])
    axes.set_ylim(0.4, len(facet.points) + 0.6)
    axes.set_title(title)
    axes.set_xlabel(facet.axis, color=QUIET, fontsize=9)
    axes.xaxis.set_major_formatter(lambda value, _: _tick(value))
    axes.spines["left"].set_visible(False)
    quiet_axes(axes, "x")


def _tick(value: float) -> str:
    return f"{value:.6g}".replace("-", "−")
