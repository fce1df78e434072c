"""Firms sort, move and die as the dials say."""

import numpy as np
import pytest

from clusterpanel.simulate.dials import Dials
from clusterpanel.simulate.economy import ABILITY_HAZARD, CLUSTER_SHARE
from clusterpanel.simulate.lives import Lives
from clusterpanel.simulate.world import World, draw_world


@pytest.fixture(scope="module")
def world() -> World:
    return draw_world(Dials(firm_years=300_000, sorting=0.5))


def entrants(lives: Lives) -> tuple[np.ndarray, np.ndarray]:
    """Ability and place at entry, which no exit has selected yet."""
    return lives.ability, lives.in_cluster[np.arange(len(lives.entry)), lives.entry]


def test_the_register_has_about_the_size_asked_for(world: World) -> None:
    assert len(world.firm) == pytest.approx(300_000, rel=0.06)


def test_sorting_makes_firms_in_clusters_abler_by_the_stated_amount(world: World) -> None:
    ability, in_cluster = entrants(world.lives)
    gap = ability[in_cluster].mean() - ability[~in_cluster].mean()
    # E[a | in] - E[a | out] = sorting * phi(c) / (p (1 - p)), p = 0.4.
    assert gap == pytest.approx(0.5 * 0.38634 / 0.24, abs=0.03)
    assert in_cluster.mean() == pytest.approx(CLUSTER_SHARE, abs=0.01)


def test_without_sorting_ability_says_nothing_about_the_place() -> None:
    ability, in_cluster = entrants(draw_world(Dials(firm_years=300_000, sorting=0.0)).lives)
    assert ability[in_cluster].mean() - ability[~in_cluster].mean() == pytest.approx(0, abs=0.03)


def test_firms_move_both_ways_alike_and_at_the_rate_asked_for(world: World) -> None:
    lives = world.lives
    stays = lives.is_alive[:, 1:] & lives.is_alive[:, :-1]
    moved = (lives.postcode[:, 1:] != lives.postcode[:, :-1]) & stays
    assert moved.sum() / stays.sum() == pytest.approx(0.04, rel=0.05)
    into = (lives.in_cluster[:, 1:] & ~lives.in_cluster[:, :-1] & stays).sum()
    out = (~lives.in_cluster[:, 1:] & lives.in_cluster[:, :-1] & stays).sum()
    assert into / out == pytest.approx(1, abs=0.1)


def test_moves_and_exits_do_not_heed_the_noise(world: World) -> None:
    lives, wage = world.lives, world.outcomes.log_wage
    noise = wage.value - wage.predictor
    stays = lives.is_alive[:, 1:] & lives.is_alive[:, :-1]
    moved = (lives.postcode[:, 1:] != lives.postcode[:, :-1])[stays]
    before = noise[:, :-1][stays]
    assert np.corrcoef(moved, before)[0, 1] == pytest.approx(0, abs=0.01)
    last = noise[np.arange(len(noise)), lives.entry + lives.is_alive.sum(axis=1) - 1]
    assert np.corrcoef(lives.is_exit, last)[0, 1] == pytest.approx(0, abs=0.03)


def test_exits_follow_the_hazard(world: World) -> None:
    lives = world.lives
    at_risk = lives.is_alive.copy()
    at_risk[:, -1] = False
    last = lives.entry + lives.is_alive.sum(axis=1) - 1
    exits = np.zeros_like(at_risk)
    exits[np.arange(len(last)), last] = lives.is_exit
    probability = -np.expm1(-np.exp(lives.log_hazard))
    for group in (lives.in_cluster, ~lives.in_cluster):
        expected = probability[at_risk & group].sum()
        assert exits[at_risk & group].sum() == pytest.approx(expected, abs=4 * np.sqrt(expected))


def test_the_cluster_and_ability_enter_the_hazard_with_their_effects() -> None:
    with_effect = draw_world(Dials(firm_years=5_000, effect_survival=-0.5)).lives
    without = draw_world(Dials(firm_years=5_000, effect_survival=0.0)).lives
    np.testing.assert_allclose(with_effect.log_hazard - without.log_hazard, -0.5 * with_effect.in_cluster)
    assert np.corrcoef(without.log_hazard[:, 0], without.ability)[0, 1] * ABILITY_HAZARD > 0


def test_nobody_is_seen_to_exit_in_the_last_year(world: World) -> None:
    lives = world.lives
    assert not (lives.is_exit & lives.is_alive[:, -1]).any()
    assert (lives.is_exit | lives.is_alive[:, -1]).all()
