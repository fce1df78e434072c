"""Size of tests and coverage of intervals of survival curves, over simulated registers with late entry.

A test at five per cent rejects a true hypothesis in 3.5 to 6.5 % of 1,000 draws (with an error of 0.7), and a
95 % interval holds the truth in 93 to 97 %. What should fail, fails: firms of a region that share its fate
are not independent.
"""

import numpy as np
import pytest
from scipy.stats import norm

from clusterpanel.models.survival.aalen_johansen import fit_incidence
from clusterpanel.models.survival.gray import gray_test
from clusterpanel.models.survival.jackknife import jackknife_variance
from clusterpanel.models.survival.kaplan_meier import survival_of
from clusterpanel.models.survival.log_rank import LogRankFamily, log_rank_test
from clusterpanel.models.survival.restricted_mean import restricted_means
from clusterpanel.models.survival.risk_counts import Episodes, risk_sets

DRAWS = 1000
HAZARDS = (0.08, 0.05)
ALPHA = (0.035, 0.065)


def simulated_firms(rng: np.random.Generator, firms: int) -> Episodes:
    """Simulate firms of two groups that end by two causes, seen from an age of 0 to 5 on, for 15 years."""
    groups = rng.integers(0, 2, firms)
    first, second = (rng.exponential(1 / hazard, firms) for hazard in HAZARDS)
    age = np.ceil(np.minimum(first, second))
    entry = np.where(rng.random(firms) < 0.5, 0, rng.integers(0, 6, firms)).astype(float)
    stop = np.minimum(age, entry + rng.integers(1, 16, firms))
    causes = np.where(stop < age, 0, np.where(first < second, 1, 2))
    seen = age > entry
    return Episodes(entry[seen], stop[seen], causes[seen], groups[seen])


def rejections(p_values: list[float]) -> float:
    return float((np.array(p_values) < 0.05).mean())


@pytest.mark.parametrize("family", ["log_rank", "gehan", "peto_peto"])
def test_log_rank_tests_have_their_size(family: LogRankFamily) -> None:
    rng = np.random.default_rng(1)
    found = [log_rank_test(risk_sets(simulated_firms(rng, 300), 2), family).p_value for _ in range(DRAWS)]
    assert ALPHA[0] <= rejections(found) <= ALPHA[1]


def test_grays_test_has_its_size_with_late_entry() -> None:
    rng = np.random.default_rng(2)
    found = [gray_test(risk_sets(simulated_firms(rng, 400), 2, 2)).p_value for _ in range(DRAWS)]
    assert ALPHA[0] <= rejections(found) <= ALPHA[1]


def test_intervals_of_incidence_and_means_hold_the_truth() -> None:
    total = sum(HAZARDS)
    incidence = HAZARDS[0] / total * (1 - np.exp(-10 * total))
    mean = sum(np.exp(-year * total) for year in range(10))
    rng, held, of_mean = np.random.default_rng(3), [], []
    for _ in range(DRAWS):
        episodes = simulated_firms(rng, 400)._replace(groups=None)  # type: ignore[arg-type]
        episodes = episodes._replace(groups=np.zeros(len(episodes.stop), dtype=int))
        curve = fit_incidence(episodes, ("all",), ("first", "second"))
        row = curve[(curve["cause"] == "first") & (curve["time"] <= 10)].iloc[-1]
        held.append(row["conf_low"] <= incidence <= row["conf_high"])
        found = restricted_means(risk_sets(episodes, 1), 10.0)
        of_mean.append(abs(found.means[0] - mean) <= norm.ppf(0.975) * found.errors[0])
    assert 0.93 <= np.mean(held) <= 0.97
    assert 0.93 <= np.mean(of_mean) <= 0.97


def test_grouped_errors_hold_the_truth_where_a_region_shares_its_fate() -> None:
    """The survival at ten is the mean over regions, whose hazards differ by a lognormal factor."""
    spread, regions, rng = 0.5, 60, np.random.default_rng(4)
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    truth = float((weights * np.exp(-10 * 0.13 * np.exp(spread * nodes))).sum() / weights.sum())
    held: dict[str, list[bool]] = {"greenwood": [], "region": []}
    for _ in range(600):
        region = np.repeat(np.arange(regions), 12)
        scale = np.exp(spread * rng.normal(size=regions))[region]
        life = np.ceil(rng.exponential(1 / (0.13 * scale)))
        stop = np.minimum(life, 10)
        firms = Episodes(np.zeros(720), stop, (life <= 10).astype(int), np.zeros(720, dtype=int))
        sets = risk_sets(firms, 1)
        survival, variance = survival_of(sets.at_risk, sets.events[0])
        errors = {
            "greenwood": survival[0, -1] * np.sqrt(variance[0, -1]),
            "region": np.sqrt(jackknife_variance(firms, sets, region).survival[0, -1]),
        }
        for name, error in errors.items():
            held[name].append(bool(abs(survival[0, -1] - truth) <= norm.ppf(0.975) * error))
    assert 0.93 <= np.mean(held["region"]) <= 0.97
    assert np.mean(held["greenwood"]) < 0.88
