import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterpanel.models.survival.time_grid import grid_of

finite = st.floats(-1e6, 1e6, allow_nan=False)


@settings(max_examples=200, deadline=None)
@given(
    stops=st.lists(finite, min_size=1, max_size=40),
    others=st.lists(finite, max_size=20),
    is_whole=st.booleans(),
)
def test_places_are_those_of_a_binary_search(stops: list[float], others: list[float], is_whole: bool) -> None:
    ends, wanted = np.array(stops), np.array(stops + others)
    if is_whole:
        ends, wanted = np.floor(ends), np.floor(wanted)
    grid = grid_of([ends[:3], ends[3:]] if len(ends) > 3 else [ends])
    assert np.isin(ends, grid.times).all()
    np.testing.assert_array_equal(grid.at(ends), np.searchsorted(grid.times, ends))
    np.testing.assert_array_equal(grid.after(wanted), np.searchsorted(grid.times, wanted, side="right"))


def test_uneven_times_are_found() -> None:
    times = np.array([0.0, 1e-12, 2e-12, 1.0, 1e9])
    grid = grid_of([times])
    assert grid.at(times).tolist() == [0, 1, 2, 3, 4]
    assert grid.after(np.array([-5.0, 0.0, 0.5, 1e9, 2e9])).tolist() == [0, 1, 3, 5, 5]


@pytest.mark.parametrize(
    ("stops", "is_whole"), [([3.0, 7.0], True), ([3.0, 7.5], False), ([0.0, 1e12], False)]
)
def test_whole_numbers_close_together_make_a_grid_of_whole_numbers(
    stops: list[float], is_whole: bool
) -> None:
    grid = grid_of([np.array(stops)])
    assert grid.is_whole is is_whole
    assert len(grid.times) == (5 if is_whole else 2)
