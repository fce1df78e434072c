import numpy as np
import pytest
from scipy.stats import chi2

from clusterpanel.errors import NotIdentifiedError
from clusterpanel.models.survival.log_rank import LogRankFamily, log_rank_test
from clusterpanel.models.survival.risk_counts import Episodes, risk_sets

from .slow_curves import simulated_episodes, slow_counts, slow_times


def slow_test(episodes: Episodes, groups: int, family: LogRankFamily, rho: float, gamma: float) -> float:
    """Sum hypergeometric means and variances over event times, as the papers write them."""
    gap, variance = np.zeros(groups), np.zeros((groups, groups))
    survival, peto = 1.0, 1.0
    for time in slow_times(episodes):
        found = [slow_counts(episodes, group, time, 2) for group in range(groups)]
        risk = np.array([counts.risk for counts in found])
        events = np.array([counts.events.sum() for counts in found])
        n, d = risk.sum(), events.sum()
        if d == 0:
            continue
        peto *= 1 - d / (n + 1)
        weight = {
            "log_rank": 1.0,
            "gehan": n,
            "tarone_ware": np.sqrt(n),
            "peto_peto": peto,
            "fleming_harrington": survival**rho * (1 - survival) ** gamma,
        }[family]
        survival *= 1 - d / n
        gap += weight * (events - d * risk / n)
        if n > 1:
            spread = weight**2 * d * (n - d) / (n - 1)
            variance += spread * (np.diag(risk / n) - np.outer(risk, risk) / n**2)
    return float(gap[:-1] @ np.linalg.solve(variance[:-1, :-1], gap[:-1]))


@pytest.mark.parametrize(
    ("family", "rho", "gamma"),
    [
        ("log_rank", 0, 0),
        ("gehan", 0, 0),
        ("tarone_ware", 0, 0),
        ("peto_peto", 0, 0),
        ("fleming_harrington", 1, 0),
        ("fleming_harrington", 0.5, 2),
    ],
)
@pytest.mark.parametrize("groups", [2, 4])
def test_each_family_is_its_definition_with_late_entry(
    family: LogRankFamily, rho: float, gamma: float, groups: int
) -> None:
    episodes = simulated_episodes(11, rows=300, groups=groups)
    found = log_rank_test(risk_sets(episodes, groups), family, rho, gamma)
    np.testing.assert_allclose(found.statistic, slow_test(episodes, groups, family, rho, gamma), rtol=1e-10)
    assert found.degrees_of_freedom == groups - 1
    assert found.p_value == pytest.approx(chi2.sf(found.statistic, groups - 1), rel=1e-10)


def test_harrington_and_flemings_with_no_powers_is_the_log_rank_test() -> None:
    sets = risk_sets(simulated_episodes(1), 2)
    one, other = log_rank_test(sets), log_rank_test(sets, "fleming_harrington", 0, 0)
    assert one.statistic == pytest.approx(other.statistic, rel=1e-12)


def test_strata_add_up() -> None:
    """Observed, expected and variance of strata are summed; each is compared within itself only."""
    parts = [simulated_episodes(seed, rows=150) for seed in (1, 2, 3)]
    joint = Episodes(
        *(np.concatenate(columns) for columns in zip(*(part[:3] for part in parts), strict=True)),
        np.concatenate([part.groups + 2 * place for place, part in enumerate(parts)]),
    )
    found = log_rank_test(risk_sets(joint, 6), strata=3)
    alone = [log_rank_test(risk_sets(part, 2)) for part in parts]
    gap = sum(test.observed[0] - test.expected[0] for test in alone)
    variance = sum((test.observed[0] - test.expected[0]) ** 2 / test.statistic for test in alone)
    assert found.statistic == pytest.approx(gap**2 / variance, rel=1e-10)
    np.testing.assert_allclose(found.observed, sum(test.observed for test in alone))


def test_a_group_never_at_risk_costs_no_degree_of_freedom() -> None:
    episodes = simulated_episodes(1)
    assert log_rank_test(risk_sets(episodes, 3)).degrees_of_freedom == 1


def test_groups_that_are_never_at_risk_together_are_refused() -> None:
    apart = Episodes(
        np.array([0.0, 0, 5, 5]), np.array([2.0, 3, 7, 8]), np.array([1, 1, 1, 0]), np.array([0, 0, 1, 1])
    )
    with pytest.raises(NotIdentifiedError, match="nothing to compare"):
        log_rank_test(risk_sets(apart, 2))


def test_no_events_are_refused() -> None:
    episodes = simulated_episodes(1)._replace(causes=np.zeros(200, dtype=int))
    with pytest.raises(NotIdentifiedError, match="nothing to compare"):
        log_rank_test(risk_sets(episodes, 2))
