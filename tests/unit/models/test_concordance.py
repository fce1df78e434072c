"""Concordance: the trees find what comparing pair by pair finds, and what must not matter does not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterpanel.errors import NotIdentifiedError
from clusterpanel.models.arrays import Codes
from clusterpanel.models.survival.concordance import RankedRows, concordance_of, ranks_within

from .slow_cox import slow_concordance

few = settings(max_examples=40, deadline=None)


def simulated(seed: int, rows: int = 50) -> RankedRows:
    """Simulate late entry, tied times and risks, weights and three strata."""
    rng = np.random.default_rng(seed)
    start = rng.integers(0, 5, rows).astype(float)
    return RankedRows(
        event=(rng.random(rows) < 0.5).astype(float),
        start=start,
        stop=start + rng.integers(1, 6, rows),
        risk=rng.integers(0, 9, rows).astype(float),
        strata=Codes("industry", rng.integers(0, 3, rows).astype(np.int32), 3),
        weights=rng.uniform(0.5, 2, rows),
    )


@few
@given(seed=st.integers(0, 10_000))
def test_trees_count_the_pairs_that_pair_by_pair_comparison_counts(seed: int) -> None:
    rows = simulated(seed)
    assert rows.strata is not None
    found = concordance_of(rows)
    slow = slow_concordance(rows.event, rows.start, rows.stop, rows.risk, rows.weights, rows.strata.codes)
    for name, value in slow.items():
        np.testing.assert_allclose(getattr(found, name), value, rtol=1e-11, atol=1e-11, err_msg=name)


@few
@given(seed=st.integers(0, 10_000))
def test_the_influence_of_a_group_is_the_change_when_its_weight_changes(seed: int) -> None:
    rows, step = simulated(seed), 1e-6
    groups = Codes("firm_id", (np.arange(50) // 5).astype(np.int32), 10)
    assert rows.weights is not None
    found = concordance_of(rows._replace(groups=groups))
    for group in (0, 9):
        moved = [
            concordance_of(
                rows._replace(weights=rows.weights * (1 + sign * step * (groups.codes == group)))
            ).concordance
            for sign in (1, -1)
        ]
        np.testing.assert_allclose(found.influence[group], (moved[0] - moved[1]) / (2 * step), atol=1e-8)
    np.testing.assert_allclose(found.std_error, np.sqrt((found.influence**2).sum()))


@few
@given(seed=st.integers(0, 10_000))
def test_cutting_an_episode_in_two_changes_no_pair(seed: int) -> None:
    rows = simulated(seed)
    assert rows.strata is not None
    assert rows.weights is not None
    middle = (rows.start + rows.stop) / 2
    twice = RankedRows(
        np.concatenate([np.zeros(50), rows.event]),
        np.concatenate([rows.start, middle]),
        np.concatenate([middle, rows.stop]),
        np.tile(rows.risk, 2),
        Codes("industry", np.tile(rows.strata.codes, 2), 3),
        np.tile(rows.weights, 2),
        Codes("row", np.tile(np.arange(50, dtype=np.int32), 2), 50),
    )
    one, two = concordance_of(rows), concordance_of(twice)
    np.testing.assert_allclose(two.concordance, one.concordance, rtol=1e-12)
    np.testing.assert_allclose(two.std_error, one.std_error, rtol=1e-10)
    np.testing.assert_allclose([two.tied_time, two.tied_both], [one.tied_time, one.tied_both], atol=1e-12)


def test_only_the_order_of_the_risks_matters_and_its_reverse_is_the_complement() -> None:
    rows = simulated(3)
    one, other = concordance_of(rows), concordance_of(rows._replace(risk=np.exp(rows.risk)))
    assert (one.concordance, one.std_error) == (other.concordance, other.std_error)
    turned = concordance_of(rows._replace(risk=-rows.risk))
    assert turned.concordant == pytest.approx(one.discordant)
    assert turned.concordance == pytest.approx(1 - one.concordance)


def test_an_entry_at_an_event_time_is_not_compared_and_a_censoring_at_it_is() -> None:
    event, start, stop = np.array([1.0, 0, 0]), np.array([0.0, 5, 0]), np.array([5.0, 9, 5])
    found = concordance_of(RankedRows(event, start, stop, np.array([1.0, 3, 0])))
    assert (found.concordant, found.discordant, found.concordance) == (1, 0, 1)


def test_events_without_others_at_risk_are_refused() -> None:
    ones = np.ones(2)
    with pytest.raises(NotIdentifiedError, match="no event has another row at risk"):
        concordance_of(RankedRows(ones, 0 * ones, ones, ones))


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 4)), min_size=1, max_size=30))
def test_ranks_count_the_smaller_values_of_the_level(pairs: list[tuple[int, int]]) -> None:
    codes = np.array([pair[0] for pair in pairs], dtype=np.int32)
    values = np.array([pair[1] for pair in pairs], dtype=float)
    smaller = [len(set(values[(codes == code) & (values < value)])) for code, value in pairs]
    assert ranks_within(values, codes).tolist() == smaller
