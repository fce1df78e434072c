"""Numbers on the map never lie on one another."""

from itertools import combinations
from math import hypot

from hypothesis import given
from hypothesis import strategies as st

from clusterpanel.report.map_labels import DIGIT_PT, HEIGHT_PT, Mark, Spot, place_labels

PLACES = st.lists(st.tuples(st.floats(0, 60), st.floats(0, 60), st.floats(0.5, 20)), min_size=1, max_size=15)


def marks_of(places: list[tuple[float, float, float]]) -> list[Mark]:
    return [Mark(str(rank), x, y, radius) for rank, (x, y, radius) in enumerate(places, start=1)]


@given(PLACES)
def test_no_two_numbers_overlap(places: list[tuple[float, float, float]]) -> None:
    marks = marks_of(places)
    placed = [(mark, spot) for mark, spot in zip(marks, place_labels(marks), strict=True) if spot]
    for (one, here), (other, there) in combinations(placed, 2):
        wide = DIGIT_PT * (len(one.text) + len(other.text)) / 2
        assert abs(here.x - there.x) >= wide or abs(here.y - there.y) >= HEIGHT_PT


def test_a_large_cluster_alone_holds_its_number() -> None:
    assert place_labels([Mark("1", 30, 40, 20)]) == [Spot(30, 40, is_off=False)]


@given(st.floats(0.5, 5))
def test_a_small_cluster_has_its_number_beside_it(radius: float) -> None:
    spot = place_labels([Mark("1", 30, 40, radius)])[0]
    assert spot is not None
    across = max(abs(spot.x - 30) - DIGIT_PT / 2, 0)
    along = max(abs(spot.y - 40) - HEIGHT_PT / 2, 0)
    assert radius < hypot(across, along) < radius + 2


def test_clusters_on_one_spot_are_all_numbered_with_lines_to_those_further_off() -> None:
    spots = place_labels(marks_of([(30, 30, 3)] * 15))
    assert all(spots)
    assert any(spot.is_off for spot in spots if spot)


def test_numbers_keep_off_other_clusters_where_there_is_room() -> None:
    spot = place_labels([Mark("1", 0, 0, 2)], [Mark("", 9, 9, 6)])[0]
    assert spot is not None
    assert (spot.x - 9) ** 2 + (spot.y - 9) ** 2 > 6**2


def test_a_number_between_two_clusters_is_nearer_to_its_own() -> None:
    marks = [Mark("8", 40, 40, 4), Mark("11", 30, 40, 4), Mark("13", 40, 50, 4)]
    for mark, spot in zip(marks, place_labels(marks), strict=True):
        assert spot is not None
        gaps = {other.text: hypot(spot.x - other.x, spot.y - other.y) for other in marks}
        assert min(gaps, key=lambda text: gaps[text]) == mark.text
