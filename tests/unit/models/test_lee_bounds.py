"""Lee's bounds against sorting and cutting, a bootstrap, and a simulated truth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterpanel.errors import NotIdentifiedError
from clusterpanel.models.lee_bounds import LeeBounds, imbens_manski, lee_bounds


def simulated(seed: int, rows: int = 4_000, effect: float = 0.5) -> tuple[np.ndarray, ...]:
    """Simulate firms of which exposure keeps some alive that would have gone; these are the worse ones."""
    rng = np.random.default_rng(seed)
    is_exposed = rng.random(rows) < 0.5
    quality = rng.standard_normal(rows)
    is_seen = quality + rng.standard_normal(rows) > np.where(is_exposed, -1.0, -0.5)
    outcome = np.where(is_seen, quality + effect * is_exposed, np.nan)
    return outcome, is_seen, is_exposed, np.arange(rows) // 2


def always_seen_effect() -> tuple[float, float]:
    """Return the true bounds of the simulated design, from a sample large enough."""
    found = lee_bounds(*simulated(99, 2_000_000))
    return float(found.bounds[0]), float(found.bounds[1])


def test_bounds_are_means_after_cutting_the_side_seen_more_often() -> None:
    outcome = np.array([1.0, 2.0, 3.0, 4.0, 10.0, 20.0, np.nan, np.nan])
    is_seen = ~np.isnan(outcome)
    is_exposed = np.array([True, True, True, True, False, False, False, False])
    found = lee_bounds(outcome, is_seen, is_exposed, np.arange(8))
    # Half of the four exposed is cut: their mean lies between 1.5 and 3.5, and 15 is that of the others.
    assert found.bounds == pytest.approx([1.5 - 15, 3.5 - 15])
    assert found.trimmed_share == pytest.approx(0.5)


def test_the_unexposed_are_cut_where_they_are_seen_more_often() -> None:
    outcome, is_seen, is_exposed, groups = simulated(3)
    there = lee_bounds(outcome, is_seen, is_exposed, groups)
    back = lee_bounds(outcome, is_seen, ~is_exposed, groups)
    assert back.bounds == pytest.approx(-there.bounds[::-1])
    assert back.std_errors == pytest.approx(there.std_errors[::-1])


def test_without_selection_both_bounds_are_the_difference_in_means() -> None:
    rng = np.random.default_rng(4)
    outcome, is_exposed = rng.standard_normal(500), rng.random(500) < 0.4
    found = lee_bounds(outcome, np.ones(500, dtype=bool), is_exposed, np.arange(500))
    difference = outcome[is_exposed].mean() - outcome[~is_exposed].mean()
    assert found.bounds == pytest.approx([difference, difference])


def test_errors_are_those_of_a_bootstrap_of_groups() -> None:
    outcome, is_seen, is_exposed, groups = simulated(5, 2_000)
    found = lee_bounds(outcome, is_seen, is_exposed, groups)
    rng, draws = np.random.default_rng(6), []
    for _ in range(400):
        drawn = rng.integers(0, groups.max() + 1, groups.max() + 1)
        rows = (2 * drawn[:, None] + np.arange(2)).ravel()
        draws.append(lee_bounds(outcome[rows], is_seen[rows], is_exposed[rows], groups).bounds)
    assert found.std_errors == pytest.approx(np.std(draws, axis=0, ddof=1), rel=0.15)


def test_intervals_of_the_bounds_cover_the_true_bounds() -> None:
    truth = np.array(always_seen_effect())
    found = [lee_bounds(*simulated(seed, 1_500)) for seed in range(300)]
    covered = np.mean([np.abs(one.bounds - truth) <= 1.96 * one.std_errors for one in found], axis=0)
    assert np.all((covered > 0.91) & (covered < 0.985)), covered


def test_the_interval_covers_the_effect_it_bounds() -> None:
    found = [lee_bounds(*simulated(seed, 1_500)).interval() for seed in range(200)]
    assert np.mean([low <= 0.5 <= high for low, high in found]) > 0.95


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10_000), scale=st.floats(0.1, 100), shift=st.floats(-50, 50))
def test_units_of_the_outcome_change_bounds_as_they_change_means(
    seed: int, scale: float, shift: float
) -> None:
    outcome, is_seen, is_exposed, groups = simulated(seed, 200)
    before = lee_bounds(outcome, is_seen, is_exposed, groups)
    after = lee_bounds(scale * outcome + shift, is_seen, is_exposed, groups)
    assert after.bounds == pytest.approx(scale * before.bounds, rel=1e-8, abs=1e-8 * scale)
    assert after.std_errors == pytest.approx(scale * before.std_errors, rel=1e-8)


def test_critical_values_of_imbens_and_manski() -> None:
    assert imbens_manski(0.0, 0.95) == pytest.approx(1.959964, abs=1e-6)
    assert imbens_manski(50.0, 0.95) == pytest.approx(1.644854, abs=1e-6)


def test_a_point_without_error_has_itself_as_interval() -> None:
    flat = LeeBounds(np.array([1.0, 2.0]), np.zeros((3, 2)), 0.1, np.array([0.9, 1.0]))
    assert flat.interval() == (1.0, 2.0)


def test_nobody_exposed_is_not_identified() -> None:
    outcome, is_seen, _, groups = simulated(7, 100)
    with pytest.raises(NotIdentifiedError, match="too few to bound"):
        lee_bounds(outcome, is_seen, np.zeros(100, dtype=bool), groups)
