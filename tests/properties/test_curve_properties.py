"""Survival curves, cumulative incidence and their tests: what must not matter, and what must add up."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterpanel.models.survival.aalen_johansen import aalen_johansen, fit_incidence
from clusterpanel.models.survival.gray import gray_test
from clusterpanel.models.survival.kaplan_meier import fit_survival
from clusterpanel.models.survival.log_rank import log_rank_test
from clusterpanel.models.survival.restricted_mean import restricted_means
from clusterpanel.models.survival.risk_counts import Episodes, RiskSets, risk_sets

few = settings(max_examples=40, deadline=None)
GROUPS = ("no", "yes")
seeds = st.integers(0, 10_000)
# Whole years, quarters that are whole in binary, and days as shares of a year, which are not.
steps = st.sampled_from([1.0, 0.25, 1 / 365.25])


def simulated(seed: int, step: float = 1.0, causes: int = 2, has_weights: bool = False) -> Episodes:
    """Simulate 60 to 120 firms that enter late and end at ties, some in pieces and with gaps."""
    rng = np.random.default_rng(seed)
    rows = int(rng.integers(60, 120))
    firms = np.sort(rng.integers(0, rows // 2, rows))
    first = np.concatenate([[0], np.flatnonzero(np.diff(firms)) + 1])
    started = np.zeros(rows, dtype=np.int64)
    ended = np.zeros(rows, dtype=np.int64)
    for row in range(rows):
        before = rng.integers(0, 4) if row in first else ended[row - 1] + rng.integers(0, 2)
        started[row], ended[row] = before, before + rng.integers(1, 5)
    is_last = np.append(np.diff(firms) != 0, True)
    return Episodes(
        started * step,
        ended * step,
        np.where(is_last, rng.integers(0, causes + 1, rows), 0),
        rng.integers(0, 2, rows),
        rng.gamma(2.0, size=rows) if has_weights else None,
        firms,
    )


def blocks_of(episodes: Episodes, rows: int) -> list[Episodes]:
    return list(episodes.blocks(rows))


def in_halves(episodes: Episodes) -> Episodes:
    """Split each episode that is long enough after its first unit of time; the event is the later part's."""
    halves = []
    unit = np.min(episodes.stop - episodes.entry)
    for row in range(len(episodes.stop)):
        entry, stop = episodes.entry[row], episodes.stop[row]
        cut = episodes.stop[np.argmin(np.abs(episodes.stop - (entry + unit)))]
        rest = (episodes.groups[row], episodes.firms[row])  # type: ignore[index]
        if entry < cut < stop:
            halves += [(entry, cut, 0, *rest), (cut, stop, episodes.causes[row], *rest)]
        else:
            halves += [(entry, stop, episodes.causes[row], *rest)]
    entry, stop, causes, groups, firms = map(np.array, zip(*halves, strict=True))
    return Episodes(entry, stop, causes, groups, None, firms)


def assert_same(one: RiskSets, other: RiskSets) -> None:
    np.testing.assert_array_equal(one.times, other.times)
    for name in ("at_risk", "events", "censored", "weighted_at_risk", "weighted_events"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-12, atol=1e-12)


@few
@given(seed=seeds, step=steps)
def test_splitting_an_episode_changes_nothing(seed: int, step: float) -> None:
    episodes = simulated(seed, step)
    assert_same(risk_sets(episodes, 2, 2), risk_sets(in_halves(episodes), 2, 2))


@few
@given(seed=seeds, step=steps, rows=st.integers(1, 50), order=st.randoms(use_true_random=False))
def test_borders_and_order_of_blocks_do_not_matter(
    seed: int, step: float, rows: int, order: "np.random.Generator"
) -> None:
    episodes = simulated(seed, step, has_weights=True)
    blocks = blocks_of(episodes, rows)
    order.shuffle(blocks)  # type: ignore[arg-type]
    assert_same(risk_sets(episodes, 2, 2), risk_sets(blocks, 2, 2))


@few
@given(seed=seeds, step=steps)
def test_the_order_of_episodes_does_not_matter(seed: int, step: float) -> None:
    episodes = simulated(seed, step, has_weights=True)._replace(firms=None)
    order = np.random.default_rng(seed).permutation(len(episodes.stop))
    shuffled = Episodes(*(None if column is None else column[order] for column in episodes))  # type: ignore[arg-type]
    assert_same(risk_sets(episodes, 2, 2), risk_sets(shuffled, 2, 2))


@few
@given(seed=seeds, step=steps, has_weights=st.booleans())
def test_with_one_cause_incidence_is_one_less_survival(seed: int, step: float, has_weights: bool) -> None:
    episodes = simulated(seed, step, causes=1, has_weights=has_weights)
    curve = fit_survival(episodes, GROUPS)
    incidence = fit_incidence(episodes, GROUPS, ("exit",))
    np.testing.assert_allclose(incidence["incidence"], 1 - curve["survival"], rtol=1e-10, atol=1e-12)
    alive = curve["survival"] > 1e-9
    np.testing.assert_allclose(
        incidence.loc[alive, "std_error"], curve.loc[alive, "std_error"], rtol=1e-7, atol=1e-9
    )


@few
@given(seed=seeds, step=steps, causes=st.integers(1, 4), has_weights=st.booleans())
def test_incidence_and_survival_add_up_to_one(seed: int, step: float, causes: int, has_weights: bool) -> None:
    found = aalen_johansen(risk_sets(simulated(seed, step, causes, has_weights), 2, causes))
    np.testing.assert_allclose(found.incidence.sum(axis=0) + found.survival, 1.0, rtol=1e-12)
    assert (np.diff(found.incidence, axis=2) >= -1e-15).all()
    assert (np.nan_to_num(found.variance) >= 0).all()


@few
@given(seed=seeds, factor=st.sampled_from([12.0, 365.25, 0.1]))
def test_the_unit_of_time_does_not_matter(seed: int, factor: float) -> None:
    episodes = simulated(seed)
    scaled = episodes._replace(entry=episodes.entry * factor, stop=episodes.stop * factor)
    one, other = fit_survival(episodes, GROUPS), fit_survival(scaled, GROUPS)
    pd.testing.assert_frame_equal(one.drop(columns="time"), other.drop(columns="time"), rtol=1e-12)
    np.testing.assert_allclose(one["time"] * factor, other["time"], rtol=1e-12)
    ends = restricted_means(risk_sets(episodes, 2), 6.0), restricted_means(risk_sets(scaled, 2), 6.0 * factor)
    np.testing.assert_allclose(ends[0].means * factor, ends[1].means, rtol=1e-12)


@few
@given(seed=seeds, step=steps)
def test_a_firm_never_at_risk_at_an_event_changes_no_curve(seed: int, step: float) -> None:
    episodes = simulated(seed, step)
    first_event = episodes.stop[episodes.causes > 0].min(initial=np.inf)
    before = episodes.entry.min() - 5 * step
    more = Episodes(
        *(
            np.append(column, value)
            for column, value in zip(episodes[:4], (before, before + step, 0, 0), strict=True)
        )
    )
    assert before + step < first_event
    one, other = (risk_sets(rows, 2, 2) for rows in (episodes._replace(firms=None), more))
    later = np.isin(other.times, one.times)
    np.testing.assert_array_equal(other.at_risk[:, later], one.at_risk)
    np.testing.assert_array_equal(aalen_johansen(other).incidence[:, :, later], aalen_johansen(one).incidence)


@few
@given(seed=seeds, step=steps)
def test_naming_groups_otherwise_changes_no_test(seed: int, step: float) -> None:
    episodes = simulated(seed, step)
    swapped = episodes._replace(groups=1 - episodes.groups)
    one, other = risk_sets(episodes, 2, 2), risk_sets(swapped, 2, 2)
    np.testing.assert_allclose(log_rank_test(one).statistic, log_rank_test(other).statistic, rtol=1e-8)
    np.testing.assert_allclose(gray_test(one).statistic, gray_test(other).statistic, rtol=1e-7)
