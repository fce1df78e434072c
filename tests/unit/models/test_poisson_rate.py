import numpy as np
import pytest
from scipy.stats import poisson

from clusterpanel.models.survival.poisson_rate import poisson_interval


@pytest.mark.parametrize("events", [1, 4, 30, 2000])
def test_limits_leave_half_the_tail_each(events: int) -> None:
    low, high = poisson_interval(np.array([float(events)]), np.array([50.0]), 0.9)
    assert poisson.sf(events - 1, 50 * low[0]) == pytest.approx(0.05, rel=1e-8)
    assert poisson.cdf(events, 50 * high[0]) == pytest.approx(0.05, rel=1e-8)


def test_without_events_the_rule_of_three() -> None:
    low, high = poisson_interval(np.array([0.0]), np.array([100.0]))
    assert low[0] == 0
    assert high[0] == pytest.approx(-np.log(0.025) / 100)
