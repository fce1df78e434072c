"""Splitting rows in time changes no risk set, and products with time are what they say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterpanel.errors import SpecError
from clusterpanel.models.survival import split_source
from clusterpanel.models.survival.time_varying import TimeTerm, event_times, period_terms, split_at

from .simulated_episodes import simulated_episodes, slow_fit

few = settings(max_examples=25, deadline=None)


@few
@given(seed=st.integers(0, 10_000), cuts=st.lists(st.integers(0, 24), max_size=8))
def test_splitting_keeps_time_at_risk_events_firms_and_the_fit(seed: int, cuts: list[int]) -> None:
    source = simulated_episodes(seed)
    split = split_at(source, np.array(cuts) / 2)
    blocks = list(split.blocks())
    values = np.hstack([block.values for block in blocks])
    assert (values[2] > values[1]).all()
    assert not any(((values[1] < cut) & (cut < values[2])).any() for cut in np.array(cuts) / 2)
    assert values.shape[1] == split.rows
    np.testing.assert_allclose((values[2] - values[1]).sum(), (source.columns[2] - source.columns[1]).sum())
    assert values[0].sum() == source.columns[0].sum()
    assert sum(len(block.starts) - 1 for block in blocks) == source.firm_levels
    assert [block.first_row for block in blocks] == [0, *np.cumsum([block.rows for block in blocks])[:-1]]
    one, other = slow_fit(source), slow_fit(split)
    np.testing.assert_allclose(other.coefficients, one.coefficients, rtol=1e-9)
    np.testing.assert_allclose(other.loglik, one.loglik, rtol=1e-12)


def test_firms_are_split_in_parts_of_bounded_size(monkeypatch: pytest.MonkeyPatch) -> None:
    source = simulated_episodes(1, rows_per_block=10_000)
    whole = np.hstack([block.values for block in split_at(source, event_times(source)).blocks()])
    monkeypatch.setattr(split_source, "PIECES_AT_ONCE", 50)
    blocks = list(split_at(source, event_times(source)).blocks())
    assert len(blocks) > 5
    assert max(block.rows for block in blocks) <= 100
    np.testing.assert_array_equal(np.hstack([block.values for block in blocks]), whole)
    assert all(block.starts[-1] == block.rows == len(block.groups) for block in blocks)


def test_a_term_is_its_regressor_times_the_function_at_the_end_of_the_piece() -> None:
    source = simulated_episodes(2)
    term = TimeTerm("in_cluster x log", "in_cluster", np.log)
    split = split_at(source, event_times(source), [term], without=["size"])
    assert split.names == ("in_cluster", "in_cluster x log")
    values = np.hstack([block.values for block in split.blocks()])
    np.testing.assert_allclose(values[4], values[3] * np.log(values[2]))
    assert split.total_weight == pytest.approx(sum(block.weights.sum() for block in split.blocks()))
    assert split.only([0, 1, 2, 4]).names == ("in_cluster x log",)


def test_periods_share_out_the_regressor() -> None:
    source = simulated_episodes(3)
    terms = period_terms("size", [2.0, 4.5])
    assert [term.name for term in terms] == ["size:until 2", "size:2 to 4.5", "size:after 4.5"]
    split = split_at(source, [2.0, 4.5], terms)
    values = np.hstack([block.values for block in split.blocks()])
    np.testing.assert_allclose(values[5:8].sum(axis=0), values[4])
    assert (np.count_nonzero(values[5:8], axis=0) == 1).all()


def test_unknown_regressors_are_refused() -> None:
    with pytest.raises(SpecError, match="the regressors age are not among in_cluster, size"):
        split_at(simulated_episodes(1), [1.0], period_terms("age", [1.0]))
