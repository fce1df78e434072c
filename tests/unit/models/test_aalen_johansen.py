import numpy as np
import pytest

from clusterpanel.models.survival.aalen_johansen import aalen_johansen, fit_incidence
from clusterpanel.models.survival.kaplan_meier import fit_survival
from clusterpanel.models.survival.risk_counts import Episodes, risk_sets

from .slow_curves import numerical_influence, simulated_episodes, slow_counts, slow_states, slow_times


@pytest.mark.parametrize("has_weights", [False, True])
def test_incidence_is_its_definition(has_weights: bool) -> None:
    episodes = simulated_episodes(6, causes=3)
    if has_weights:
        episodes = episodes._replace(weights=np.random.default_rng(1).gamma(2.0, size=200))
    found = aalen_johansen(risk_sets(episodes, 2, 3))
    places = (slow_times(episodes) - slow_times(episodes)[0]).astype(int)
    for group in range(2):
        states = slow_states(episodes, group, 3)
        np.testing.assert_allclose(found.survival[group, places], states[0], rtol=1e-10, atol=1e-13)
        np.testing.assert_allclose(found.incidence[:, group, places], states[1:], rtol=1e-10, atol=1e-13)


def slow_variance(episodes: Episodes, cause: int, causes: int, kind: str) -> list[float]:
    """Sum, over earlier times, the variance of events times what each moves the incidence now."""
    times, states = slow_times(episodes), slow_states(episodes, 0, causes)
    before = np.concatenate([[1.0], states[0][:-1]])
    found = []
    for now in range(len(times)):
        variance = 0.0
        for then in range(now + 1):
            risk, events = slow_counts(episodes, 0, times[then], causes)
            if risk == 0:
                continue
            # d F(now) / d events of each cause at that time, by changing one of them.
            ahead = states[1 + cause][now] - states[1 + cause][then]
            left = 1 - events.sum() / risk
            moves = np.full(causes, -ahead / left / risk if left > 0 else 0.0)
            moves[cause] += before[then] / risk
            share = events / risk
            if kind == "greenwood":
                spread = risk * (np.diag(share) - np.outer(share, share))
            else:
                ours, others = events[cause], events.sum() - events[cause]
                by = {True: ours, False: others}
                ties = {key: 1 - max(count - 1, 0) / max(risk - 1, 1) for key, count in by.items()}
                spread = np.diag([events[k] * ties[k == cause] for k in range(causes)])
            variance += moves @ spread @ moves
        found.append(variance)
    return found


@pytest.mark.parametrize("kind", ["greenwood", "aalen"])
def test_variances_are_those_of_events_time_by_time(kind: str) -> None:
    episodes = simulated_episodes(9, rows=80, groups=1)
    found = aalen_johansen(risk_sets(episodes, 1, 2), kind)  # type: ignore[arg-type]
    for cause in range(2):
        expected = slow_variance(episodes, cause, 2, kind)
        np.testing.assert_allclose(found.variance[cause, 0], expected, rtol=1e-9, atol=1e-15)


def test_without_late_entry_greenwoods_variance_is_the_infinitesimal_jackknife() -> None:
    """That is the error R's survfit gives curves of several states."""
    episodes = simulated_episodes(2, rows=60, groups=1)._replace(entry=np.zeros(60))
    found = aalen_johansen(risk_sets(episodes, 1, 2))
    influence = numerical_influence(episodes, 0, 2)
    places = (slow_times(episodes) - slow_times(episodes)[0]).astype(int)
    np.testing.assert_allclose(
        found.variance[:, 0, places], (influence[:, 1:] ** 2).sum(axis=0), rtol=1e-6, atol=1e-12
    )


@pytest.mark.parametrize("kind", ["greenwood", "aalen"])
def test_errors_are_those_of_the_bootstrap(kind: str) -> None:
    """With late entry, 400 simulated firms drawn again 600 times; its own error is 3 per cent."""
    episodes = simulated_episodes(4, rows=400, groups=1)
    rng, drawn = np.random.default_rng(7), []
    for _ in range(600):
        copies = rng.multinomial(400, np.full(400, 1 / 400)).astype(float)
        drawn.append(aalen_johansen(risk_sets(episodes._replace(weights=copies), 1, 2)).incidence[:, 0])
    errors = np.sqrt(aalen_johansen(risk_sets(episodes, 1, 2), kind).variance[:, 0])  # type: ignore[arg-type]
    for time in (3, 6, 9):
        np.testing.assert_allclose(np.std(drawn, axis=0)[:, time], errors[:, time], rtol=0.12)


def test_one_cause_is_one_less_the_survival_with_its_errors() -> None:
    episodes = simulated_episodes(5, causes=1)
    curve = fit_survival(episodes, ("a", "b"))
    incidence = fit_incidence(episodes, ("a", "b"), ("exit",))
    np.testing.assert_allclose(incidence["incidence"], 1 - curve["survival"], atol=1e-14)
    is_inside = curve["survival"] > 0
    np.testing.assert_allclose(
        incidence["std_error"][is_inside], curve["std_error"][is_inside], rtol=1e-9, atol=1e-12
    )


def test_frames_have_a_row_for_each_cause_group_and_time() -> None:
    frame = fit_incidence(simulated_episodes(5), ("a", "b"), ("closure", "merger"))
    assert frame["cause"].unique().tolist() == ["closure", "merger"]
    assert not frame.duplicated(["cause", "group", "time"]).any()
    by_cause = frame.groupby(["group", "time"])["cause_events"].sum()
    every = frame[frame["cause"] == "merger"].set_index(["group", "time"])["events"]
    assert (by_cause == every).all()
    assert ((frame["conf_low"] <= frame["incidence"]) & (frame["incidence"] <= frame["conf_high"])).all()
