import numpy as np
import pytest

from clusterpanel.models.survival.jackknife import jackknife_variance, restricted_mean_influence
from clusterpanel.models.survival.restricted_mean import restricted_means
from clusterpanel.models.survival.risk_counts import Episodes, risk_sets

from .slow_curves import numerical_influence, simulated_episodes, slow_times


def simulated(seed: int, causes: int, step: float = 1.0) -> Episodes:
    episodes = simulated_episodes(seed, rows=70, causes=causes, step=step)
    return episodes._replace(weights=np.random.default_rng(seed).gamma(2.0, size=70))


@pytest.mark.parametrize("causes", [1, 3])
@pytest.mark.parametrize("step", [1.0, 0.3])
@pytest.mark.parametrize("unit", ["episode", "region"])
def test_variances_are_sums_of_squared_derivatives(causes: int, step: float, unit: str) -> None:
    """Derivatives by weights, taken numerically: late entry, weights, ties, units of many episodes."""
    episodes = simulated(12, causes, step)
    units = np.random.default_rng(5).integers(0, 9, 70) if unit == "region" else np.arange(70)
    sets = risk_sets(episodes, 2, causes)
    found = jackknife_variance(episodes, sets, units)
    places = np.searchsorted(sets.times, slow_times(episodes))
    for group in range(2):
        rows = numerical_influence(episodes, group, causes)
        influence = np.stack([rows[units == one].sum(axis=0) for one in np.unique(units)])
        expected = (influence**2).sum(axis=0)
        survival = found.survival[group, places]
        is_alive = ~np.isnan(survival)
        np.testing.assert_allclose(survival[is_alive], expected[0][is_alive], rtol=1e-5, atol=1e-10)
        is_inside = ~np.isnan(found.incidence[:, group, places])
        np.testing.assert_allclose(
            found.incidence[:, group, places][is_inside], expected[1:][is_inside], rtol=1e-5, atol=1e-10
        )


def test_rows_of_a_firm_count_as_one_unit() -> None:
    """A firm's years, cut apart, have the variance of the firm in one piece."""
    whole = simulated(3, 2)._replace(firms=np.arange(70))
    long = whole.stop - whole.entry > 1
    pieces = Episodes(
        np.concatenate([whole.entry, whole.stop[long] - 1]),
        np.concatenate([np.where(long, whole.stop - 1, whole.stop), whole.stop[long]]),
        np.concatenate([np.where(long, 0, whole.causes), whole.causes[long]]),
        np.concatenate([whole.groups, whole.groups[long]]),
        np.concatenate([whole.weights, whole.weights[long]]),  # type: ignore[arg-type, index]
    )
    firms = np.concatenate([np.arange(70), np.flatnonzero(long)])
    sets, cut = risk_sets(whole, 2, 2), risk_sets(pieces, 2, 2)
    one, other = jackknife_variance(whole, sets), jackknife_variance(pieces, cut, firms)
    shared = np.isin(cut.times, sets.times)
    np.testing.assert_allclose(one.survival, other.survival[:, shared], rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(one.incidence, other.incidence[:, :, shared], rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("until", [4.0, 7.5])
def test_restricted_means_move_as_their_derivatives(until: float) -> None:
    episodes, units = simulated(9, 1), np.random.default_rng(1).integers(0, 8, 70)
    sets, step = risk_sets(episodes, 2), 1e-5
    found = restricted_mean_influence(episodes, sets, until, units, 8)
    for unit in range(8):
        nudged = [
            restricted_means(
                risk_sets(
                    episodes._replace(weights=episodes.weights * np.where(units == unit, 1 + s, 1.0)), 2
                ),
                until,
            ).means
            for s in (step, -step)
        ]
        np.testing.assert_allclose(found[unit], (nudged[0] - nudged[1]) / (2 * step), rtol=1e-5, atol=1e-8)


def test_without_late_entry_and_weights_the_mean_has_irwins_error() -> None:
    episodes = simulated_episodes(4)._replace(entry=np.zeros(200))
    sets = risk_sets(episodes, 2)
    influence = restricted_mean_influence(episodes, sets, 9.0, np.arange(200), 200)
    errors = np.sqrt((influence**2).sum(axis=0))
    np.testing.assert_allclose(errors, restricted_means(sets, 9.0).errors, rtol=1e-9)
