import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from clusterpanel.errors import DataError
from clusterpanel.models.survival.intervals import share_interval
from clusterpanel.models.survival.kaplan_meier import fit_survival
from clusterpanel.models.survival.nelson_aalen import cumulative_hazard, fit_hazard
from clusterpanel.models.survival.quantiles import survival_quantiles
from clusterpanel.models.survival.risk_counts import Episodes, risk_sets

from .slow_curves import simulated_episodes, slow_counts, slow_states, slow_times


def episodes(entry: list[float], stop: list[float], events: list[bool]) -> Episodes:
    return Episodes(np.array(entry), np.array(stop), np.array(events), np.zeros(len(stop), dtype=np.int64))


def test_who_enters_at_a_time_is_not_yet_at_risk_then() -> None:
    curve = fit_survival(episodes([0, 0, 3], [3, 5, 5], [True, False, False]), ("all",))
    assert curve["at_risk"].tolist() == [2, 2]
    assert curve["survival"].tolist() == [0.5, 0.5]


def test_a_curve_at_zero_has_no_error_or_limits() -> None:
    curve = fit_survival(episodes([0, 0], [1, 2], [True, True]), ("all",))
    last = curve.iloc[-1]
    assert last["survival"] == 0
    assert np.isnan([last["std_error"], last["conf_low"], last["conf_high"]]).all()


@pytest.mark.parametrize("interval", ["plain", "log", "log-log"])
def test_a_curve_at_one_has_limits_of_one(interval: str) -> None:
    curve = fit_survival(episodes([0, 0], [1, 2], [False, False]), ("all",), interval)  # type: ignore[arg-type]
    assert curve[["survival", "conf_low", "conf_high"]].to_numpy().tolist() == [[1.0] * 3] * 2
    assert curve["std_error"].tolist() == [0.0, 0.0]


def test_an_episode_without_length_is_refused() -> None:
    with pytest.raises(DataError, match="1 episodes do not end after they start"):
        fit_survival(episodes([2, 0], [2, 1], [True, True]), ("all",))


def test_an_episode_without_a_time_is_refused() -> None:
    with pytest.raises(DataError, match="1 episodes do not end after they start"):
        fit_survival(episodes([np.nan, 0], [2, 1], [True, True]), ("all",))


def test_no_episodes_are_refused() -> None:
    with pytest.raises(DataError, match="there are no rows to fold"):
        fit_survival(episodes([], [], []), ("all",))


@pytest.mark.parametrize("step", [1.0, 0.25, 1 / 3])
def test_weights_count_in_curve_and_greenwoods_formula(step: float) -> None:
    """Weighted sums take the place of counts, as in R's survfit without a robust variance."""
    simulated = simulated_episodes(3, step=step)
    weighted = simulated._replace(weights=np.random.default_rng(4).gamma(2.0, size=200))
    curve = fit_survival(weighted, ("a", "b"))
    for place, label in enumerate("ab"):
        rows, variance = curve[curve["group"] == label].set_index("time"), 0.0
        states = slow_states(weighted._replace(causes=weighted.causes > 0), place, 1)
        for survival, time in zip(states[0], slow_times(weighted), strict=True):
            risk, events = slow_counts(weighted._replace(causes=weighted.causes > 0), place, time, 1)
            count = slow_counts(simulated, place, time, 2)
            if time not in rows.index:
                continue
            variance += events[0] / (risk * (risk - events[0])) if risk > events[0] else np.nan
            row = rows.loc[time]
            np.testing.assert_allclose(row["survival"], survival, rtol=1e-11, atol=1e-14)
            np.testing.assert_allclose(row["std_error"], survival * np.sqrt(variance), rtol=1e-11)
            assert (row["at_risk"], row["events"]) == (count.risk, count.events.sum())
            np.testing.assert_allclose(row["weighted_at_risk"], risk, rtol=1e-12)


def test_weights_of_copies_are_copies() -> None:
    simulated = simulated_episodes(8)
    copies = np.random.default_rng(1).integers(1, 4, 200)
    repeated = Episodes(*(np.repeat(column, copies) for column in simulated[:4]))
    one = fit_survival(simulated._replace(weights=copies.astype(float)), ("a", "b"))
    other = fit_survival(repeated, ("a", "b"))
    for name in ("survival", "std_error", "conf_low", "conf_high", "cumulative_hazard", "hazard_std_error"):
        np.testing.assert_allclose(one[name], other[name], rtol=1e-12)


@pytest.mark.parametrize("level", [0.95, 0.9])
def test_intervals_are_symmetric_on_their_scale(level: float) -> None:
    z = norm.ppf(0.5 + level / 2)
    for kind in ("plain", "log", "log-log"):
        curve = fit_survival(simulated_episodes(2, rows=2000), ("a", "b"), kind, level)  # type: ignore[arg-type]
        inside = curve[(curve["survival"] < 1) & (curve["conf_high"] < 1) & (curve["conf_low"] > 0)]
        assert len(inside) > 10
        s, error = inside["survival"], inside["std_error"]
        low, high = inside["conf_low"], inside["conf_high"]
        scales = {
            "plain": (low, high, s, error),
            "log": (np.log(low), np.log(high), np.log(s), error / s),
            "log-log": (*(np.log(-np.log(x)) for x in (low, high, s)), error / (s * np.log(s))),
        }
        below, above, middle, width = scales[kind]
        np.testing.assert_allclose(below, middle - z * width, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(above, middle + z * width, rtol=1e-9, atol=1e-12)


def test_fleming_and_harrington_take_ties_one_by_one() -> None:
    sets = risk_sets(episodes([0] * 5, [2, 2, 2, 3, 3], [True, True, True, True, False]), 1)
    hazard, variance = cumulative_hazard(sets, "fleming_harrington")
    np.testing.assert_allclose(hazard[0], [1 / 5 + 1 / 4 + 1 / 3, 1 / 5 + 1 / 4 + 1 / 3 + 1 / 2])
    first = 1 / 25 + 1 / 16 + 1 / 9
    np.testing.assert_allclose(variance[0], [first, first + 1 / 4])


@pytest.mark.parametrize(("kind", "matching"), [("plain", "log"), ("log", "log-log")])
def test_intervals_of_the_hazard_are_those_of_its_survival(kind: str, matching: str) -> None:
    """The hazard is -log of the survival, so a scale of the one is a scale of the other."""
    hazard = fit_hazard(simulated_episodes(5, rows=2000), ("a", "b"), interval=kind)  # type: ignore[arg-type]
    kept = hazard[(hazard["cumulative_hazard"] > 0) & (hazard["conf_low"] > 0)]
    survival = np.exp(-kept["cumulative_hazard"].to_numpy())
    low, high = share_interval(survival, survival * kept["std_error"].to_numpy(), matching)  # type: ignore[arg-type]
    np.testing.assert_allclose(kept["conf_low"], -np.log(high), rtol=1e-9)
    np.testing.assert_allclose(kept["conf_high"], -np.log(low), rtol=1e-9)


def test_nelson_and_aalen_add_shares_at_risk() -> None:
    simulated = simulated_episodes(5)
    curve = fit_survival(simulated, ("a", "b"))
    for place, label in enumerate("ab"):
        hazard = variance = 0.0
        for _, row in curve[curve["group"] == label].iterrows():
            risk, events = slow_counts(simulated, place, row["time"], 2)
            hazard, variance = hazard + events.sum() / risk, variance + events.sum() / risk**2
            np.testing.assert_allclose(row["cumulative_hazard"], hazard, rtol=1e-12)
            np.testing.assert_allclose(row["hazard_std_error"], np.sqrt(variance), rtol=1e-12)


def test_a_median_on_a_level_stretch_is_its_middle() -> None:
    curve = fit_survival(episodes([0] * 4, [1, 2, 6, 9], [True] * 4), ("all",))
    found = survival_quantiles(curve)
    assert found["time"].tolist() == [4.0]  # the curve stands at a half from 2 to 6
    assert survival_quantiles(curve, 0.3)["time"].tolist() == [2.0]


def test_a_curve_that_never_falls_so_far_has_no_median() -> None:
    curve = fit_survival(episodes([0] * 4, [1, 2, 6, 9], [True, False, False, False]), ("all",))
    assert np.isnan(survival_quantiles(curve)["time"]).all()


def test_a_firm_that_goes_on_is_not_censored_in_between() -> None:
    rows = Episodes(
        entry=np.array([0.0, 1, 2, 0, 1, 3]),
        stop=np.array([1.0, 2, 3, 1, 2, 4]),
        causes=np.array([0, 0, 1, 0, 0, 0]),
        groups=np.array([0, 0, 0, 0, 1, 1]),
        firms=np.array([0, 0, 0, 1, 1, 1]),
    )
    curve = fit_survival(rows, ("a", "b"))
    # The second firm moves to the other group at 1, is not seen from 2 to 3, and is censored at 4.
    expected = pd.DataFrame(
        {
            "group": ["a", "a", "b", "b"],
            "time": [1.0, 3, 2, 4],
            "at_risk": [2, 1, 1, 1],
            "events": [0, 1, 0, 0],
            "censored": [1, 0, 1, 1],
        }
    )
    pd.testing.assert_frame_equal(curve[list(expected)], expected.astype({"group": "str"}))
