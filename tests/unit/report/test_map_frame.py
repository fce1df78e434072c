"""The map is cut to where almost all sites are, and never at the cost of more than one in a hundred."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from clusterpanel.report.map_frame import frame_of

NO_BOXES = np.empty((0, 4))
KM = 1000.0


def mainland(sites: int) -> np.ndarray:
    return np.random.default_rng(1).uniform(0, 1000 * KM, size=(sites, 2))


def test_a_few_far_islands_are_left_out() -> None:
    xy = np.concatenate([mainland(5000), np.full((5, 2), -4000 * KM)])
    frame = frame_of(xy, NO_BOXES)
    assert (~frame.holds(xy)).sum() == 5
    assert frame.size.max() < 1300 * KM


def test_islands_with_one_site_in_a_hundred_are_kept() -> None:
    xy = np.concatenate([mainland(990), np.full((10, 2), -4000 * KM)])
    assert frame_of(xy, NO_BOXES).holds(xy).all()


def test_a_cluster_on_a_far_island_keeps_it_on_the_map() -> None:
    xy = np.concatenate([mainland(5000), np.full((8, 2), -4000 * KM)])
    box = np.array([[-4010.0, -4010.0, -3990.0, -3990.0]]) * KM
    assert frame_of(xy, box).holds(xy).all()


def test_a_map_without_far_sites_is_whole() -> None:
    xy = mainland(5000)
    assert frame_of(xy, NO_BOXES).holds(xy).all()


@given(st.lists(st.tuples(st.floats(-1e7, 1e7), st.floats(-1e7, 1e7)), min_size=1, max_size=60))
def test_less_than_one_site_in_a_hundred_is_ever_outside(points: list[tuple[float, float]]) -> None:
    xy = np.array(points)
    frame = frame_of(xy, NO_BOXES)
    assert (~frame.holds(xy)).mean() < 0.01
    assert (frame.size > 0).all()
