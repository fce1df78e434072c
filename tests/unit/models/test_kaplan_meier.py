import numpy as np
import pytest

from clusterpanel.errors import DataError
from clusterpanel.models.kaplan_meier import Episodes, fit_survival


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


def test_a_curve_at_one_has_limits_of_one() -> None:
    curve = fit_survival(episodes([0, 0], [1, 2], [False, False]), ("all",))
    assert curve[["survival", "conf_low", "conf_high"]].to_numpy().tolist() == [[1.0] * 3] * 2
    assert curve["std_error"].tolist() == [0.0, 0.0]


def test_an_episode_without_length_is_refused() -> None:
    with pytest.raises(DataError, match="1 episodes do not end after they start"):
        fit_survival(episodes([2, 0], [2, 1], [True, True]), ("all",))
