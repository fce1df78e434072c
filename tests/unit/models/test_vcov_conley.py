"""Conley errors against a double loop over rows."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from clusterpanel.errors import DataError, SpecError
from clusterpanel.models.vcov.conley import EARTH_RADIUS_KM, Kernel, conley, pair_sums
from clusterpanel.models.vcov.counts import EffectCount, SampleCounts

Floats = NDArray[np.float64]
KERNELS: tuple[Kernel, ...] = ("uniform", "bartlett")


def haversine_km(latitude: Floats, longitude: Floats) -> Floats:
    phi, lam = np.radians(latitude), np.radians(longitude)
    north, east = phi[:, None] - phi, lam[:, None] - lam
    squared = np.sin(north / 2) ** 2 + np.cos(phi[:, None]) * np.cos(phi) * np.sin(east / 2) ** 2
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.minimum(1, np.sqrt(squared)))


def slow(scores: Floats, latitude: Floats, longitude: Floats, reach: float, kernel: str) -> Floats:
    distance = haversine_km(latitude, longitude)
    near = (distance <= reach).astype(float)
    weights = near if kernel == "uniform" else np.maximum(1 - distance / reach, 0)
    return scores.T @ weights @ scores


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    rows=st.integers(1, 120),
    spread=st.sampled_from([0.01, 1.0, 20.0, 180.0]),
    reach=st.sampled_from([0.5, 5.0, 100.0, 1500.0, 30_000.0]),
    kernel=st.sampled_from(KERNELS),
)
def test_pair_sums_are_the_double_loop(
    seed: int, rows: int, spread: float, reach: float, kernel: Kernel
) -> None:
    generator = np.random.default_rng(seed)
    latitude = np.clip(generator.normal(40, spread / 2, rows), -90, 90)
    longitude = generator.normal(175, spread, rows).clip(0, 360)
    # Some rows stand at the same place, some on both sides of the date line.
    latitude[rows // 2 :] = latitude[: rows - rows // 2]
    longitude[rows // 2 :] = longitude[: rows - rows // 2] - 360.0 * (generator.random() < 0.5)
    scores = generator.normal(size=(rows, 3))
    found, _, _ = pair_sums(scores, latitude, longitude, reach, kernel)
    expected = slow(scores, latitude, longitude, reach, kernel)
    np.testing.assert_allclose(found, expected, atol=1e-7 * rows)


def test_places_at_the_poles_and_opposite_sides_are_told_apart() -> None:
    latitude, longitude = np.array([90.0, 90.0, -90.0, 0.0]), np.array([0.0, 120.0, 0.0, 50.0])
    scores = np.eye(4)
    near, _, _ = pair_sums(scores, latitude, longitude, 1.0, "uniform")
    np.testing.assert_array_equal(near, [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    far, _, _ = pair_sums(scores, latitude, longitude, 20_100.0, "uniform")
    np.testing.assert_array_equal(far, np.ones((4, 4)))


def test_the_reach_is_inclusive() -> None:
    one_degree_km = float(np.radians(1.0) * EARTH_RADIUS_KM)
    latitude, longitude = np.array([0.0, 1.0]), np.zeros(2)
    meat, _, pairs = pair_sums(np.ones((2, 1)), latitude, longitude, one_degree_km, "uniform")
    assert (meat[0, 0], pairs) == (4.0, 1)
    meat, _, pairs = pair_sums(np.ones((2, 1)), latitude, longitude, one_degree_km * 0.999999, "uniform")
    assert (meat[0, 0], pairs) == (2.0, 0)


def test_rows_of_one_place_are_added_up_first() -> None:
    """A million firm-years at 5,000 places: the pairs are those of places."""
    generator = np.random.default_rng(2)
    at = generator.integers(0, 5000, 1_000_000)
    latitude, longitude = generator.uniform(45, 55, 5000)[at], generator.uniform(0, 20, 5000)[at]
    scores = generator.normal(size=(1_000_000, 2))
    pair_sums(scores[:10], latitude[:10], longitude[:10], 100.0, "bartlett")
    start = time.process_time()
    _, places, pairs = pair_sums(scores, latitude, longitude, 100.0, "bartlett")
    assert places == 5000
    assert pairs < 5000**2 / 2
    assert time.process_time() - start < 5


def test_a_far_reach_without_repair_is_named() -> None:
    """On a line of three, the uniform kernel of neighbours has eigenvalue 1 - sqrt(2)."""
    latitude, longitude = np.zeros(3), np.array([0.0, 1.0, 2.0])
    scores, bread = np.array([[1.0], [-np.sqrt(2)], [1.0]]), np.eye(1)
    found = conley(scores, bread, latitude, longitude, counts=SampleCounts(30, 1), conley_km=120.0)
    assert found.matrix[0, 0] == 0.0
    assert found.facts["negative_eigenvalues"] == 1
    assert "1 negative eigenvalue set to 0" in found.rule


def test_the_small_sample_rule_counts_effects_nested_in_places_once() -> None:
    generator = np.random.default_rng(0)
    scores, bread = generator.normal(size=(50, 1)), np.eye(1)
    latitude, longitude = generator.uniform(0, 1, 50), generator.uniform(0, 1, 50)
    plain = conley(scores, bread, latitude, longitude, counts=SampleCounts(50, 1), conley_km=20.0)
    nested = SampleCounts(50, 1, (EffectCount("firm_id", 10, is_nested=True),))
    free = SampleCounts(50, 1, (EffectCount("firm_id", 10),))
    ratio = conley(scores, bread, latitude, longitude, counts=nested, conley_km=20.0).matrix / plain.matrix
    np.testing.assert_allclose(ratio, (49 / 48) / (49 / 49))
    ratio = conley(scores, bread, latitude, longitude, counts=free, conley_km=20.0).matrix / plain.matrix
    np.testing.assert_allclose(ratio, (49 / 39) / (49 / 49))


@pytest.mark.parametrize("wrong", [np.nan, 91.0])
def test_wrong_coordinates_are_counted_and_refused(wrong: float) -> None:
    with pytest.raises(DataError, match="1 rows"):
        pair_sums(np.ones((2, 1)), np.array([wrong, 0.0]), np.zeros(2), 1.0, "uniform")


def test_a_reach_of_nothing_is_refused() -> None:
    with pytest.raises(SpecError, match="more than 0"):
        pair_sums(np.ones((2, 1)), np.zeros(2), np.zeros(2), 0.0, "uniform")
