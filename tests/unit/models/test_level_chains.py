"""Levels numbered along the firms' way."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterpanel.designs.codes import SampleCodes, along_firms
from clusterpanel.models.kernels_chains import most_go_to, numbers_along_firms


def starts_of(firms: list[list[int]]) -> np.ndarray:
    return np.cumsum([0, *map(len, firms)])


def test_what_most_firms_see_next_has_the_next_number() -> None:
    # Levels 3, 0, 2 are one region's years, 4, 1 another's; one firm moves.
    firms = [[3, 0, 2], [0, 2], [3, 0], [4, 1], [4, 1], [3, 1]]
    codes = np.concatenate(firms).astype(np.int32)
    numbers = numbers_along_firms(codes, starts_of(firms), 5)
    # Chains by their first levels: 3, 0, 2 before 4, 1.
    np.testing.assert_array_equal(numbers, [1, 4, 2, 0, 3])


def test_firms_that_stay_leave_the_numbers_as_they_are() -> None:
    firms = [[2, 2, 2], [0, 0], [1, 1, 0], [1, 1, 1]]
    codes = np.concatenate(firms).astype(np.uint8)
    np.testing.assert_array_equal(numbers_along_firms(codes, starts_of(firms), 3), [0, 1, 2])


def test_a_circle_is_cut() -> None:
    firms = [[0, 1], [1, 2], [2, 0]]
    codes = np.concatenate(firms).astype(np.int32)
    np.testing.assert_array_equal(numbers_along_firms(codes, starts_of(firms), 3), [0, 1, 2])


@settings(max_examples=50, deadline=None)
@given(
    firms=st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=6), min_size=1, max_size=40),
)
def test_every_level_has_a_number_of_its_own_and_majorities_are_found(firms: list[list[int]]) -> None:
    codes, starts = np.concatenate(firms).astype(np.int32), starts_of(firms)
    numbers = numbers_along_firms(codes, starts, 10)
    np.testing.assert_array_equal(np.sort(numbers), np.arange(10))
    after, _ = most_go_to(codes, starts, 10)
    for level in range(10):
        seen = [there for firm in firms for one, there in pairwise(firm) if one == level]
        for there in set(seen):
            if 2 * seen.count(there) > len(seen):
                assert after[level] == there


def test_renumbered_effects_hold_the_same_rows_and_factors_and_leave_groups_alone() -> None:
    rng = np.random.default_rng(0)
    year = np.tile(np.arange(3), 20)
    region = np.repeat(rng.integers(0, 4, 20), 3)
    shuffled = rng.permutation(12).astype(np.int32)
    codes = shuffled[region * 3 + year]
    factors = np.empty((2, 12), dtype=np.int32)
    factors[0, codes], factors[1, codes] = region, year
    effect = SampleCodes("region^year", codes, 12, (factors[0], factors[1]))
    starts = np.arange(0, 61, 3)
    (found,) = along_firms([effect], [None], starts)
    np.testing.assert_array_equal(found.factors[0][found.codes], region)
    np.testing.assert_array_equal(found.factors[1][found.codes], year)
    inside = np.diff(found.codes.astype(int))[np.arange(59) % 3 != 2]
    assert (inside == 1).all()
    (shared,) = along_firms([effect], [SampleCodes("a group", effect.codes, 12)], starts)
    assert shared.codes is effect.codes
