"""Figures of estimates: coefficients with their intervals, profiles over distance, survival curves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from textwrap import fill
from types import MappingProxyType
from typing import TYPE_CHECKING

import pandas as pd

from clusterpanel.report.digits import significant, whole
from clusterpanel.report.drawing import INK, QUIET, RULE, SERIES, figure, quiet_axes, svg_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH_IN = 7.6
NUMBERS_AT_RISK_SHOWN = 9
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


@dataclass(frozen=True)
class SurvivalLine:
    """One group's survival curve: time, at_risk, survival, conf_low, conf_high."""

    label: str
    curve: pd.DataFrame


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


def survival_figure(lines: Sequence[SurvivalLine], time: str) -> str:
    """Return step curves with interval bands, and the number at risk of each group under the plot."""
    from matplotlib.ticker import MaxNLocator

    with figure(WIDTH_IN, 3.6 + 0.25 * len(lines)) as drawn:
        axes, table = drawn.subplots(
            2, 1, sharex=True, gridspec_kw={"height_ratios": [3.3, 0.2 + 0.25 * len(lines)]}
        )
        for number, line in enumerate(lines):
            _draw_survival(axes, line, SERIES[number % len(SERIES)])
        axes.set_ylim(bottom=max(0.0, axes.get_ylim()[0]), top=min(1.02, axes.get_ylim()[1]))
        axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_ylabel("share surviving")
        axes.set_xlabel(time)
        axes.tick_params(labelbottom=True)
        axes.legend(loc="lower left", ncols=1)
        quiet_axes(axes, "y")
        _draw_at_risk(table, lines)
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


def _draw_survival(axes: "Axes", line: SurvivalLine, colour: str) -> None:
    curve = line.curve
    axes.plot(curve["time"], curve["survival"], color=colour, drawstyle="steps-post", label=line.label)
    axes.fill_between(
        curve["time"],
        curve["conf_low"],
        curve["conf_high"],
        step="post",
        color=colour,
        alpha=0.18,
        linewidth=0,
    )


def _draw_at_risk(axes: "Axes", lines: Sequence[SurvivalLine]) -> None:
    times = sorted({float(time) for line in lines for time in line.curve["time"]})
    step = max(1, -(-len(times) // NUMBERS_AT_RISK_SHOWN))
    for row, line in enumerate(lines):
        at_risk = dict(zip(line.curve["time"].astype(float), line.curve["at_risk"], strict=True))
        for time in times[::step]:
            if isfinite(at_risk.get(time, float("nan"))):
                axes.annotate(whole(at_risk[time]), (time, -row), ha="center", va="center", fontsize=9)
    axes.set_yticks([-row for row in range(len(lines))], [line.label for line in lines], fontsize=9)
    axes.set_ylim(-len(lines) + 0.4, 0.6)
    axes.set_title("Number at risk", fontsize=9, fontweight="normal", color=INK)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(length=0, labelbottom=False, gridOn=False)
    axes.axhline(0.58, color=RULE, linewidth=0.7)


def _tick(value: float) -> str:
    return f"{value:.6g}".replace("-", "−")
