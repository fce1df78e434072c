"""What survival curves say in sentences: how many survive, how long firms live, and whether groups differ."""

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtri

from clusterpanel.models.result import SurvivalCurves
from clusterpanel.models.survival.restricted_mean import RestrictedMeans, areas_under
from clusterpanel.report.digits import beside, listed, p_value, percent, significant, span, whole
from clusterpanel.report.survival_figure import SurvivalLine

CHI_SQUARED = "χ²"


def final_sentence(line: SurvivalLine) -> str:
    """Return how many of a group survive to the end of its curve."""
    last = line.curve.iloc[-1]
    share = percent(last["survival"], 0)
    return f"{line.label.capitalize()}: {share} survive to {moment(last['time'], line.clock)}."


def moment(time: float, clock: str) -> str:
    """Return a time in words: an age, or what a column of times has."""
    return f"{clock} {whole(time)}" if clock else f"the age of {whole(time)}"


def axis_words(clock: str) -> str:
    """Return what the axis of times is called."""
    return f"time ({clock})" if clock else "age of the firm (years since its birth year)"


def log_rank_sentence(curves: SurvivalCurves, minimum_firms: int) -> str:
    """Return the log-rank test; nothing where a group has fewer firms than may be shown."""
    test, firms = curves.glance.get("log_rank"), curves.glance.get("firms_by_group", {})
    if not test or not firms or min(firms.values()) < minimum_firms:
        return ""
    p = p_value(test["p_value"])
    return (
        f"Log-rank test that firms of all groups exit alike at each time: {CHI_SQUARED}"
        f"({test['degrees_of_freedom']}) = {significant(test['statistic'])}, "
        f"p {p if p.startswith('<') else f'= {p}'}."
    )


def mean_sentence(curves: SurvivalCurves, groups: Sequence[object], lines: Sequence[SurvivalLine]) -> str:
    """Return how long firms live up to the last age at which all groups' curves are shown.

    Nothing where a curve is not shown from its start, or where there is one only.

    Parameters
    ----------
    curves : SurvivalCurves
    groups : sequence
        The group of each line, as the curves name it.
    lines : sequence of SurvivalLine
    """
    starts_at_one = all(line.curve["survival"].iloc[0] == 1 for line in lines)
    if len(lines) < 2 or not starts_at_one or "std_error" not in curves.curve:
        return ""
    until = min(float(line.curve["time"].iloc[-1]) for line in lines)
    found = [_mean(curves, group, until) for group in groups]
    lived = [
        f"{beside(mean.means[0], mean.errors[0])} ({line.label})"
        for mean, line in zip(found, lines, strict=True)
    ]
    apart = _apart(found[0], found[1]) if len(found) == 2 else ""
    clock = lines[0].clock
    unit = "units of time" if clock else "years"
    return f"Up to {moment(until, clock)}, firms live {listed(lived)} {unit} on average{apart}."


def _mean(curves: SurvivalCurves, group: object, until: float) -> RestrictedMeans:
    curve = curves.curve[curves.curve["group"] == group].sort_values("time")
    survival, error = (curve[name].to_numpy(dtype=np.float64) for name in ("survival", "std_error"))
    variance = np.divide(error, survival, out=np.full_like(error, np.nan), where=survival > 0) ** 2
    return areas_under(curve["time"].to_numpy(dtype=np.float64), survival[None], variance[None], until)


def _apart(one: RestrictedMeans, other: RestrictedMeans) -> str:
    gap = float(one.means[0] - other.means[0])
    error = float(np.hypot(one.errors[0], other.errors[0]))
    width = float(ndtri(0.975)) * error
    return f", {beside(gap, error)} apart (95 % interval {span(gap - width, gap + width, error)})"
