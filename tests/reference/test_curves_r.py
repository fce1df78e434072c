"""Survival curves, their tests and cumulative incidence against R's packages survival and cmprsk."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from clusterpanel.models.survival.aalen_johansen import aalen_johansen
from clusterpanel.models.survival.gray import gray_test
from clusterpanel.models.survival.intervals import Interval
from clusterpanel.models.survival.kaplan_meier import fit_survival
from clusterpanel.models.survival.log_rank import log_rank_test
from clusterpanel.models.survival.quantiles import survival_quantiles
from clusterpanel.models.survival.restricted_mean import restricted_means
from clusterpanel.models.survival.risk_counts import Episodes, risk_sets

from .old_r_random_numbers import OldRandomNumbers

TOLERANCE = 1e-10  # the goldens are written with 15 digits
PRINTED = 4e-7  # half of the last of the seven digits that R prints


def survival_golden(folder: Path, name: str) -> Any:
    """Return the numbers of data/survival/golden_R.json (R 4.2.2, survival 3.5-3)."""
    return json.loads((folder / "survival" / "golden_R.json").read_text(encoding="utf-8"))[name]


def case_golden(folder: Path, name: str) -> Any:
    """Return the numbers of data/expected/survival_r.json (R, survival 3.5-3)."""
    return json.loads((folder / "expected" / "survival_r.json").read_text(encoding="utf-8"))[name]


def lung_frame(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "survival" / "lung.csv")


def lung(folder: Path, *by: str) -> Episodes:
    """Return the lung data in one group, or with a group per value of columns."""
    frame = lung_frame(folder)
    groups = frame.groupby(list(by)).ngroup() if by else pd.Series(np.zeros(len(frame)))
    return Episodes(
        np.zeros(len(frame)),
        frame["time"].to_numpy(dtype=float),
        (frame["status"] == 2).to_numpy(),
        groups.to_numpy(dtype=np.int64),
    )


def at(curve: pd.DataFrame, group: str, time: float) -> "pd.Series[Any]":
    rows = curve[(curve["group"] == group) & (curve["time"] <= time)]
    return rows.iloc[-1]


def at_risk_at(curve: pd.DataFrame, group: str, time: float) -> int:
    """Return R's number at risk at a time: that at the next time of the curve."""
    rows = curve[(curve["group"] == group) & (curve["time"] >= time)]
    return int(rows["at_risk"].iloc[0])


@pytest.mark.parametrize(
    ("name", "interval"), [("lung_km_log", "log"), ("lung_km_loglog", "log-log"), ("lung_km_plain", "plain")]
)
def test_lung_with_each_interval(shared_data: Path, name: str, interval: Interval) -> None:
    expected = case_golden(shared_data, name)
    curve = fit_survival(lung(shared_data), ("all",), interval)
    for place, time in enumerate(expected["time"]):
        row = at(curve, "all", time)
        for ours, theirs in {
            "survival": "surv",
            "std_error": "se",
            "conf_low": "lower",
            "conf_high": "upper",
            "cumulative_hazard": "cumhaz",
        }.items():
            np.testing.assert_allclose(row[ours], expected[theirs][place], rtol=TOLERANCE, err_msg=ours)
        assert at_risk_at(curve, "all", time) == expected["n_risk"][place]


def test_lung_by_sex(shared_data: Path) -> None:
    curve = fit_survival(lung(shared_data, "sex"), ("sex=1", "sex=2"), "log")
    expected = survival_golden(shared_data, "lung_km_sex")
    for place, group in enumerate(expected["strata"]):
        row = at(curve, group, expected["time"][place])
        for ours, theirs in {"survival": "surv", "std_error": "se", "conf_low": "lower"}.items():
            np.testing.assert_allclose(row[ours], expected[theirs][place], rtol=TOLERANCE, err_msg=ours)
        assert at_risk_at(curve, group, expected["time"][place]) == expected["nrisk"][place]


def test_heart_transplants_with_late_entry(shared_data: Path) -> None:
    frame = pd.read_csv(shared_data / "survival" / "heart.csv")
    episodes = Episodes(
        frame["start"].to_numpy(dtype=float),
        frame["stop"].to_numpy(dtype=float),
        (frame["event"] == 1).to_numpy(),
        frame["transplant"].to_numpy(dtype=np.int64),
    )
    curve = fit_survival(episodes, ("transplant=0", "transplant=1"))
    expected = survival_golden(shared_data, "heart_km_lt")
    for place, group in enumerate(expected["strata"]):
        row = at(curve, group, expected["time"][place])
        np.testing.assert_allclose(row["survival"], expected["surv"][place], rtol=TOLERANCE)
        np.testing.assert_allclose(row["std_error"], expected["se"][place], rtol=TOLERANCE)
        risk = ((frame["start"] < row["time"]) & (frame["stop"] >= row["time"]))[
            frame["transplant"] == place // 3
        ]
        assert row["at_risk"] == int(risk.sum())


def test_medians_and_means_by_sex(shared_data: Path) -> None:
    expected = case_golden(shared_data, "lung_median_by_sex")
    episodes = lung(shared_data, "sex")
    found = survival_quantiles(fit_survival(episodes, ("1", "2"), "log"))
    assert found["time"].tolist() == expected["median"]
    assert found["conf_low"].tolist() == expected["lower"]
    assert found["conf_high"].tolist() == expected["upper"]
    # R restricts the mean of all groups at the last time of any.
    sets = risk_sets(episodes, 2)
    means = restricted_means(sets, float(episodes.stop.max()))
    np.testing.assert_allclose(means.means, expected["rmean"], rtol=TOLERANCE)
    np.testing.assert_allclose(means.errors, expected["rmean_se"], rtol=TOLERANCE)
    assert sets.events.sum(axis=(0, 2)).tolist() == expected["events"]


def test_restricted_means_up_to_a_year(shared_data: Path) -> None:
    whole = restricted_means(risk_sets(lung(shared_data), 1), 365.0)
    expected = case_golden(shared_data, "lung_rmst365")
    np.testing.assert_allclose(whole.means[0], expected["rmean"], rtol=TOLERANCE)
    np.testing.assert_allclose(whole.errors[0], expected["se"], rtol=TOLERANCE)
    by_sex = restricted_means(risk_sets(lung(shared_data, "sex"), 2), 365.0)
    rows = survival_golden(shared_data, "lung_rmst365")
    np.testing.assert_allclose(by_sex.means, [row["rmean"] for row in rows], rtol=TOLERANCE)
    np.testing.assert_allclose(by_sex.errors, [row["se(rmean)"] for row in rows], rtol=TOLERANCE)


def test_log_rank_tests(shared_data: Path) -> None:
    sets = risk_sets(lung(shared_data, "sex"), 2)
    found, expected = log_rank_test(sets), survival_golden(shared_data, "lung_logrank")
    np.testing.assert_allclose(found.statistic, expected["chisq"], rtol=TOLERANCE)
    np.testing.assert_allclose(found.p_value, expected["p"], rtol=TOLERANCE)
    np.testing.assert_allclose(found.observed, expected["obs"], rtol=TOLERANCE)
    np.testing.assert_allclose(found.expected, expected["exp"], rtol=TOLERANCE)
    rho = log_rank_test(sets, "fleming_harrington", 1.0)
    np.testing.assert_allclose(rho.statistic, case_golden(shared_data, "lung_peto")["chisq"], rtol=TOLERANCE)


def test_a_log_rank_test_within_strata_of_health(shared_data: Path) -> None:
    frame = lung_frame(shared_data)
    kept = frame["ph.ecog"].notna()
    strata = frame.loc[kept, "ph.ecog"].rank(method="dense").astype(int) - 1
    episodes = lung(shared_data, "sex")
    episodes = Episodes(*(column[kept.to_numpy()] for column in episodes[:4]))
    episodes = episodes._replace(groups=strata.to_numpy() * 2 + episodes.groups)
    count = int(strata.max()) + 1
    found = log_rank_test(risk_sets(episodes, 2 * count), strata=count)
    expected = case_golden(shared_data, "lung_logrank_strat")["chisq"]
    np.testing.assert_allclose(found.statistic, expected, rtol=TOLERANCE)


def cmprsk_data() -> tuple[Episodes, np.ndarray]:
    """Return the data of cmprsk's tests/test.R, drawn as R draws them, and their strata."""
    numbers = OldRandomNumbers(2)
    times = np.array([numbers.exponential() for _ in range(100)])
    groups, causes, strata = (numbers.samples(size, 100) for size in (3, 3, 2))
    return Episodes(np.zeros(100), times, causes, groups), strata


# What tests/test.Rout.save of cmprsk 2.2 prints (R 3.6.1, RNGversion("1.6.2"), set.seed(2)).
CMPRSK_ESTIMATES = {
    1: [[0.1311269, 0.2176471, 0.3816280], [0.2257601, 0.3117647, 0.2160508]],
    2: [[0.2699184, 0.2615686, 0.4889137], [0.2972171, 0.5878431, 0.2607532]],
}
CMPRSK_VARIANCES = {
    1: [[0.003922836, 0.005528913, 0.009854126], [0.005947601, 0.007033454, 0.006497566]],
    2: [[0.009113464, 0.006916070, 0.012351948], [0.007356628, 0.010927780, 0.007867543]],
}


@pytest.mark.parametrize("time", [1, 2])
def test_cumulative_incidence_and_aalens_variance(time: int) -> None:
    episodes, _ = cmprsk_data()
    sets = risk_sets(episodes, 3, 2)
    found = aalen_johansen(sets, "aalen")
    place = np.searchsorted(sets.times, time, side="right") - 1
    np.testing.assert_allclose(found.incidence[:, :, place], CMPRSK_ESTIMATES[time], rtol=PRINTED)
    np.testing.assert_allclose(found.variance[:, :, place], CMPRSK_VARIANCES[time], rtol=PRINTED)


@pytest.mark.parametrize(
    ("without", "cause", "statistic", "p_value"),
    [
        (None, 1, 3.393977, 0.1832345),
        (None, 2, 1.989511, 0.3698139),
        (1, 1, 3.5151549, 0.06080997),
        (1, 2, 0.1400145, 0.70826655),
    ],
)
def test_grays_stratified_test(without: int | None, cause: int, statistic: float, p_value: float) -> None:
    episodes, strata = cmprsk_data()
    kept = episodes.groups != without
    groups = np.unique(episodes.groups[kept], return_inverse=True)[1]
    size = int(groups.max()) + 1
    cells = Episodes(*(column[kept] for column in episodes[:3]), strata[kept] * size + groups)
    found = gray_test(risk_sets(cells, 2 * size, 2), cause, strata=2)
    np.testing.assert_allclose(found.statistic, statistic, rtol=PRINTED)
    np.testing.assert_allclose(found.p_value, p_value, rtol=PRINTED)
