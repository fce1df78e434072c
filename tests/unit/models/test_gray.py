import numpy as np
import pytest

from clusterpanel.errors import NotIdentifiedError
from clusterpanel.models.survival.gray import gray_test
from clusterpanel.models.survival.log_rank import log_rank_test
from clusterpanel.models.survival.risk_counts import Episodes, risk_sets

from .slow_curves import simulated_episodes, slow_counts, slow_times


def slow_gray(episodes: Episodes, groups: int, rho: float) -> float:
    """Gray's (1988) score and its variance, group by group and time by time.

    The variance is that of what each event moves the score by: at once, and through the later expected
    numbers, which it moves by moving its group's curves.
    """
    times = slow_times(episodes)
    kept = [np.array([slow_counts(episodes, g, t, 2) for g in range(groups)], dtype=object) for t in times]
    survival, incidence, pooled = np.ones(groups), np.zeros(groups), 0.0
    score, states, carried = np.zeros(groups), [], np.zeros((groups, groups))
    for found in kept:
        risk = np.array([counts[0] for counts in found])
        own = np.array([counts[1][0] for counts in found])
        other = np.array([counts[1][1] for counts in found])
        if not (own.sum() + other.sum()):
            continue
        share = risk / survival
        free = share * (1 - incidence)
        weight = (1 - pooled) ** rho
        score += weight * (own - own.sum() * free / free.sum())
        now = weight * np.array(
            [[share[i] * ((i == k) - share[k] / share.sum()) for k in range(groups)] for i in range(groups)]
        )
        step = own.sum() / share.sum()
        carried = carried + now * step / (1 - pooled)
        pooled_after = pooled + step
        after = survival * (1 - (own + other) / np.maximum(risk, 1))
        states.append((now, carried, share.sum(), survival, after, pooled_after, risk, own, other))
        incidence = incidence + survival * own / np.maximum(risk, 1)
        survival, pooled = after, pooled_after
    variance = np.zeros((groups, groups))
    for now, so_far, total, before, after, pooled_after, risk, own, other in states:
        later = carried - so_far
        for k in range(groups):
            if risk[k] == 0:
                continue
            stays = (1 - pooled_after) / after[k] if after[k] > 0 else 0.0
            if own.sum():
                ties = 1 - (own.sum() - 1) / (total * before[k] - 1) if own.sum() > 1 else 1.0
                spread = ties * before[k] * own.sum() / (total * risk[k])
                move = now[:, k] + (1 - stays) * later[:, k]
                variance += spread * np.outer(move, move)
            if other[k] and after[k] > 0:
                ties = 1 - (other[k] - 1) / (risk[k] - 1) if other[k] > 1 else 1.0
                spread = ties * before[k] ** 2 * other[k] / risk[k] ** 2
                move = stays * later[:, k]
                variance += spread * np.outer(move, move)
    return float(score[:-1] @ np.linalg.solve(variance[:-1, :-1], score[:-1]))


@pytest.mark.parametrize("rho", [0.0, 1.0])
@pytest.mark.parametrize("groups", [2, 3])
@pytest.mark.parametrize("has_late_entry", [False, True])
def test_the_statistic_is_its_definition(rho: float, groups: int, has_late_entry: bool) -> None:
    episodes = simulated_episodes(10, rows=240, groups=groups)
    if not has_late_entry:
        episodes = episodes._replace(entry=np.zeros(240))
    found = gray_test(risk_sets(episodes, groups, 2), 1, rho)
    np.testing.assert_allclose(found.statistic, slow_gray(episodes, groups, rho), rtol=1e-9)
    assert found.degrees_of_freedom == groups - 1


def test_without_competing_causes_it_is_nearly_the_log_rank_test() -> None:
    """The scores are then the same; Gray's variance is Poisson's rather than the hypergeometric."""
    episodes = simulated_episodes(1, rows=4000, causes=1)
    sets = risk_sets(episodes._replace(entry=np.zeros(4000)), 2)
    one, other = gray_test(sets), log_rank_test(sets)
    np.testing.assert_allclose(one.observed - one.expected, other.observed - other.expected, rtol=1e-9)
    assert one.statistic == pytest.approx(other.statistic, rel=0.02)


def test_it_sees_what_the_log_rank_test_of_a_cause_does_not() -> None:
    """Hazards of the first cause are the same; the second cause leaves one group fewer firms to have it."""
    rng = np.random.default_rng(3)
    groups = np.repeat([0, 1], 4000)
    first, second = rng.exponential(1.0, 8000), rng.exponential(np.where(groups, 0.3, 3.0))
    stop = np.minimum(np.minimum(first, second), 1.5)
    causes = np.where(stop == first, 1, np.where(stop == second, 2, 0))
    episodes = Episodes(np.zeros(8000), stop, causes, groups)
    sets = risk_sets(episodes, 2, 2)
    assert gray_test(sets).p_value < 1e-6
    of_cause = log_rank_test(risk_sets(episodes._replace(causes=causes == 1), 2))
    assert of_cause.p_value > 0.01


def test_a_group_that_dies_out_before_others_enter_is_no_longer_compared() -> None:
    entry = np.array([0.0, 0, 0, 0, 0, 6, 6, 6])
    stop = np.array([1.0, 2, 3, 9, 8, 7, 8, 9])
    causes = np.array([1, 2, 1, 1, 2, 1, 2, 1])
    groups = np.array([0, 0, 0, 1, 1, 0, 1, 1])
    found = gray_test(risk_sets(Episodes(entry, stop, causes, groups), 2, 2))
    assert np.isfinite(found.statistic)


def test_no_event_of_the_cause_is_refused() -> None:
    episodes = simulated_episodes(1, causes=1)
    with pytest.raises(NotIdentifiedError, match="nothing to compare"):
        gray_test(risk_sets(episodes._replace(causes=episodes.causes * 2), 2, 2), 1)
