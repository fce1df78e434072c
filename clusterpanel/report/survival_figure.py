"""The figure of survival curves, with the number at risk at readable ages under it."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, isfinite, log10
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clusterpanel.report.digits import whole
from clusterpanel.report.drawing import INK, RULE, SERIES, figure, quiet_axes, svg_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH_IN = 7.6
MOST_AGES_SHOWN = 9
SURVIVING = "share surviving"


@dataclass(frozen=True)
class SurvivalLine:
    """One group's survival curve.

    Attributes
    ----------
    label : str
    curve : DataFrame
        time, at_risk, survival, conf_low, conf_high.
    clock : str
        The column of times, where they are no ages in years.
    """

    label: str
    curve: pd.DataFrame
    clock: str = ""


def survival_figure(lines: Sequence[SurvivalLine], time: str, share: str = SURVIVING) -> str:
    """Return step curves with interval bands, and the number at risk of each group under the plot."""
    ages = readable_times([float(age) for line in lines for age in line.curve["time"]])
    with figure(WIDTH_IN, 3.6 + 0.25 * len(lines)) as drawn:
        axes, table = drawn.subplots(
            2, 1, sharex=True, gridspec_kw={"height_ratios": [3.3, 0.2 + 0.25 * len(lines)]}
        )
        for number, line in enumerate(lines):
            _draw_survival(axes, line, SERIES[number % len(SERIES)])
        axes.set_ylim(bottom=max(0.0, axes.get_ylim()[0]), top=min(1.02, axes.get_ylim()[1]))
        axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
        axes.set_xticks(ages, [f"{age:g}" for age in ages])
        axes.set_ylabel(share)
        axes.set_xlabel(time)
        axes.tick_params(labelbottom=True)
        axes.legend(loc="lower left" if share == SURVIVING else "upper left", ncols=1)
        quiet_axes(axes, "y")
        _draw_at_risk(table, lines, ages)
        return svg_of(drawn)


def readable_times(times: Sequence[float]) -> list[float]:
    """Return at most `MOST_AGES_SHOWN` times that span others, in steps of 1, 2 or 5 times a power of ten.

    Examples
    --------
    >>> readable_times([0.0, 17.0])
    [0.0, 5.0, 10.0, 15.0]
    >>> readable_times([3.0, 4.0, 8.0])
    [3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
    """
    low, high = min(times), max(times)
    if low == high:
        return [low]
    power = 10.0 ** floor(log10((high - low) / MOST_AGES_SHOWN))
    for step in (power, 2 * power, 5 * power, 10 * power):
        first, last = np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9)
        if last - first < MOST_AGES_SHOWN:
            break
    # Adding 0 makes 0 of -0.
    return [float(number * step) + 0.0 for number in np.arange(first, last + 1)]


def at_risk_at(line: SurvivalLine, time: float) -> float:
    """Return how many are at risk just before a time: before the next one at which someone ends.

    Missing before a curve's first time, where it is not shown, and after its last.
    """
    times = line.curve["time"].astype(float).tolist()
    place = bisect_left(times, time)
    if place == len(times) or time < times[0]:
        return float("nan")
    return float(line.curve["at_risk"].iloc[place])


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


def _draw_at_risk(axes: "Axes", lines: Sequence[SurvivalLine], ages: Sequence[float]) -> None:
    for row, line in enumerate(lines):
        for age in ages:
            if isfinite(number := at_risk_at(line, age)):
                axes.annotate(whole(number), (age, -row), ha="center", va="center", fontsize=9)
    axes.set_yticks([-row for row in range(len(lines))], [line.label for line in lines], fontsize=9)
    axes.set_ylim(-len(lines) + 0.4, 0.6)
    axes.set_title("Number at risk", fontsize=9, fontweight="normal", color=INK)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(length=0, labelbottom=False, gridOn=False)
    axes.axhline(0.58, color=RULE, linewidth=0.7)
