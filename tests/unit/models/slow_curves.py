"""Survival curves and tests by their definitions, firm by firm and time by time: what the fold must equal."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from clusterpanel.models.survival.risk_counts import Episodes

Floats = NDArray[np.float64]


class SlowCounts(NamedTuple):
    """At one time: those at risk, and those with an event of each cause."""

    risk: float
    events: Floats


def simulated_episodes(
    seed: int, rows: int = 200, causes: int = 2, groups: int = 2, step: float = 1.0
) -> Episodes:
    """Simulate episodes that enter late and end at ties, each of a firm of its own."""
    rng = np.random.default_rng(seed)
    entry = rng.integers(0, 6, rows) * step
    stop = entry + rng.integers(1, 9, rows) * step
    return Episodes(entry, stop, rng.integers(0, causes + 1, rows), rng.integers(0, groups, rows))


def slow_times(episodes: Episodes) -> Floats:
    return np.unique(episodes.stop)


def slow_counts(episodes: Episodes, group: int, time: float, causes: int) -> SlowCounts:
    weights = np.ones(len(episodes.stop)) if episodes.weights is None else episodes.weights
    mine = episodes.groups == group
    risk = weights[mine & (episodes.entry < time) & (episodes.stop >= time)].sum()
    ended = mine & (episodes.stop == time)
    events = [weights[ended & (episodes.causes == cause + 1)].sum() for cause in range(causes)]
    return SlowCounts(float(risk), np.array(events))


def slow_states(episodes: Episodes, group: int, causes: int) -> Floats:
    """Return the survival and each cause's incidence after each time; shape (1 + causes, times)."""
    survival, incidence, path = 1.0, np.zeros(causes), []
    for time in slow_times(episodes):
        risk, events = slow_counts(episodes, group, time, causes)
        if risk > 0:
            incidence = incidence + survival * events / risk
            survival *= 1 - events.sum() / risk
        path.append([survival, *incidence])
    return np.array(path).T


def numerical_influence(episodes: Episodes, group: int, causes: int) -> Floats:
    """Return how each episode moves the states, by weighing it a little more and less."""
    step, found = 1e-5, []
    weights = np.ones(len(episodes.stop)) if episodes.weights is None else episodes.weights
    for row in range(len(weights)):
        nudged = []
        for sign in (1, -1):
            mine = weights.copy()
            mine[row] *= 1 + sign * step
            nudged.append(slow_states(episodes._replace(weights=mine), group, causes))
        found.append((nudged[0] - nudged[1]) / (2 * step))
    return np.array(found)
