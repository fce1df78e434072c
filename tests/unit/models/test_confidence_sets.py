"""Sets of values that a test does not reject: intervals, rays, the line, nothing."""

import numpy as np
import pytest

from clusterpanel.models.instruments.confidence_set import (
    ConfidenceSet,
    where_at_most_zero,
    where_quadratic_is_at_most_zero,
)

INF = np.inf


@pytest.mark.parametrize(
    ("coefficients", "intervals"),
    [
        ((1.0, 0.0, -4.0), ((-2.0, 2.0),)),
        ((-1.0, 0.0, 4.0), ((-INF, -2.0), (2.0, INF))),
        ((1.0, 0.0, 4.0), ()),
        ((-1.0, 0.0, -4.0), ((-INF, INF),)),
        ((0.0, 2.0, -4.0), ((-INF, 2.0),)),
        ((0.0, -2.0, 4.0), ((2.0, INF),)),
        ((0.0, 0.0, -1.0), ((-INF, INF),)),
        ((0.0, 0.0, 1.0), ()),
    ],
)
def test_quadratic_inequalities(
    coefficients: tuple[float, float, float], intervals: tuple[tuple[float, float], ...]
) -> None:
    assert where_quadratic_is_at_most_zero(*coefficients, 0.95).intervals == intervals


def test_roots_of_very_different_size_keep_their_digits() -> None:
    kept = where_quadratic_is_at_most_zero(1.0, -(1e8 + 1e-8), 1.0, 0.95)
    np.testing.assert_allclose(kept.intervals[0], (1e-8, 1e8), rtol=1e-14)


def test_sign_changes_are_found_between_rough_breaks_and_others_do_no_harm() -> None:
    breaks = [1.01, 1.5, 2.02, 2.9, 4.0, 5.1]
    kept = where_at_most_zero(lambda b: (b - 1) * (b - 2) * (b - 3) * (b - 5), breaks, 1.0, 0.95)
    np.testing.assert_allclose(kept.intervals, [(1, 2), (3, 5)], rtol=1e-13)


def test_each_kind_of_set_says_what_it_is() -> None:
    assert "the whole line" in ConfidenceSet(((-INF, INF),), 0.95).words
    assert "empty" in ConfidenceSet((), 0.95).words
    rays = ConfidenceSet(((-INF, -2.0), (2.0, INF)), 0.95).words
    assert rays.startswith("(-inf, -2] and [2, inf): unbounded")
    assert ConfidenceSet(((1.0, 2.5),), 0.95).words == "[1, 2.5]"
    assert ConfidenceSet(((1.0, 2.0), (3.0, 4.0)), 0.95).words == "[1, 2] and [3, 4]"


def test_only_one_finite_interval_passes_for_an_interval() -> None:
    kinds = [((1.0, 2.0),), ((1.0, 2.0), (3.0, 4.0)), ((-INF, 1.0),), ()]
    assert [ConfidenceSet(kind, 0.95).is_interval for kind in kinds] == [True, False, False, False]
    assert [ConfidenceSet(kind, 0.95).is_bounded for kind in kinds] == [True, True, False, False]
    assert np.isnan(ConfidenceSet((), 0.95).ends).all()
