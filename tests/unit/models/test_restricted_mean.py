from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad

from clusterpanel.models.survival.kaplan_meier import fit_survival
from clusterpanel.models.survival.restricted_mean import restricted_means
from clusterpanel.models.survival.risk_counts import Episodes, risk_sets

from .slow_curves import simulated_episodes


@pytest.mark.parametrize("until", [2.5, 7.0, 12.0])
def test_means_are_areas_and_errors_sum_areas_still_ahead(until: float) -> None:
    episodes = simulated_episodes(3, rows=400)
    found = restricted_means(risk_sets(episodes, 2), until)
    curve = fit_survival(episodes, ("a", "b"))
    for place, label in enumerate("ab"):
        rows = curve[(curve["group"] == label) & (curve["time"] <= until)]

        def height(time: float, rows: object = rows) -> float:
            before = rows[rows["time"] <= time]  # type: ignore[index]
            return float(before["survival"].iloc[-1]) if len(before) else 1.0

        breaks = [*rows["time"], until]
        area = quad(height, 0, until, points=rows["time"].to_numpy(), limit=200)[0]
        variance = 0.0
        for time, events, risk in zip(rows["time"], rows["events"], rows["at_risk"], strict=True):
            ahead = [b for b in breaks if b >= time]
            later = sum(height(low) * (high - low) for low, high in pairwise(ahead))
            if later:
                variance += later**2 * events / (risk * (risk - events))
        assert found.means[place] == pytest.approx(area, rel=1e-8)
        assert found.errors[place] == pytest.approx(np.sqrt(variance), rel=1e-10)


def test_a_curve_at_zero_adds_no_error() -> None:
    episodes = Episodes(np.zeros(2), np.array([1.0, 2.0]), np.array([1, 1]), np.zeros(2, dtype=int))
    found = restricted_means(risk_sets(episodes, 1), 5.0)
    assert found.means.tolist() == [1.5]
    # Half the firms live a year longer: 1^2 * 1/(2 * 1) times a half squared.
    assert found.errors[0] == pytest.approx(np.sqrt(0.5**2 / 2))


def test_without_censoring_the_mean_is_the_mean() -> None:
    rng = np.random.default_rng(2)
    lives = rng.gamma(2.0, size=500)
    episodes = Episodes(np.zeros(500), lives, np.ones(500, dtype=int), np.zeros(500, dtype=int))
    found = restricted_means(risk_sets(episodes, 1), 3.0)
    cut = np.minimum(lives, 3.0)
    assert found.means[0] == pytest.approx(cut.mean(), rel=1e-12)
    assert found.errors[0] == pytest.approx(cut.std() / np.sqrt(500), rel=1e-10)


def test_a_difference_has_the_error_of_both_groups() -> None:
    found = restricted_means(risk_sets(simulated_episodes(3, rows=400), 2), 10.0)
    gap, error = found.difference(1, 0)
    assert gap == found.means[1] - found.means[0]
    assert error == pytest.approx(np.hypot(*found.errors))
