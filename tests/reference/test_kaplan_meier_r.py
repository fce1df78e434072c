"""Survival curves against R's survival package, late entry included, and against counting by hand."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from clusterpanel.models.kaplan_meier import Episodes, fit_survival

TOLERANCE = 1e-9  # the goldens are written with 15 digits


def golden(folder: Path, name: str) -> dict[str, Any]:
    numbers: dict[str, Any] = json.loads((folder / "survival" / "golden_R.json").read_text(encoding="utf-8"))
    return numbers[name]


def at(curve: pd.DataFrame, group: str, time: float) -> "pd.Series[Any]":
    rows = curve[(curve["group"] == group) & (curve["time"] <= time)]
    return rows.iloc[-1]


def test_lung_by_sex(shared_data: Path) -> None:
    frame = pd.read_csv(shared_data / "survival" / "lung.csv")
    episodes = Episodes(
        np.zeros(len(frame)),
        frame["time"].to_numpy(dtype=float),
        (frame["status"] == 2).to_numpy(),
        (frame["sex"] - 1).to_numpy(dtype=np.int64),
    )
    curve = fit_survival(episodes, ("sex=1", "sex=2"))
    expected = golden(shared_data, "lung_km_sex")
    for place, group in enumerate(expected["strata"]):
        row = at(curve, group, expected["time"][place])
        survival, error = expected["surv"][place], expected["se"][place]
        np.testing.assert_allclose(row["survival"], survival, rtol=TOLERANCE)
        np.testing.assert_allclose(row["std_error"], error, rtol=TOLERANCE)
        # R's golden limits are on the log scale; the log-log ones follow from survival and error.
        width = np.exp(norm.ppf(0.975) * error / (survival * np.log(survival)))
        np.testing.assert_allclose(row["conf_high"], survival**width, rtol=TOLERANCE)
        np.testing.assert_allclose(row["conf_low"], survival ** (1 / width), rtol=TOLERANCE)


def test_heart_transplants_with_late_entry(shared_data: Path) -> None:
    frame = pd.read_csv(shared_data / "survival" / "heart.csv")
    transplant = frame.columns[frame.columns.str.startswith("transplant")][0]
    episodes = Episodes(
        frame["start"].to_numpy(dtype=float),
        frame["stop"].to_numpy(dtype=float),
        (frame["event"] == 1).to_numpy(),
        frame[transplant].to_numpy(dtype=np.int64),
    )
    curve = fit_survival(episodes, ("transplant=0", "transplant=1"))
    expected = golden(shared_data, "heart_km_lt")
    for place, group in enumerate(expected["strata"]):
        row = at(curve, group, expected["time"][place])
        np.testing.assert_allclose(row["survival"], expected["surv"][place], rtol=TOLERANCE)
        np.testing.assert_allclose(row["std_error"], expected["se"][place], rtol=TOLERANCE)
        risk = ((frame["start"] < row["time"]) & (frame["stop"] >= row["time"]))[
            frame[transplant] == place // 3
        ]
        assert row["at_risk"] == int(risk.sum())


def test_simulated_late_entry_by_counting_at_each_time() -> None:
    """The definition, time by time: at risk are those who entered before and have not ended before."""
    rng = np.random.default_rng(5)
    entry = rng.integers(0, 8, 300).astype(float)
    stop = entry + rng.integers(1, 9, 300)
    events, groups = rng.random(300) < 0.5, rng.integers(0, 2, 300)
    curve = fit_survival(Episodes(entry, stop, events, groups), ("a", "b"))
    for place, label in enumerate("ab"):
        survival, variance = 1.0, 0.0
        for _, row in curve[curve["group"] == label].iterrows():
            mine = groups == place
            risk = int((mine & (entry < row["time"]) & (stop >= row["time"])).sum())
            deaths = int((mine & events & (stop == row["time"])).sum())
            ended = int((mine & ~events & (stop == row["time"])).sum())
            assert (row["at_risk"], row["events"], row["censored"]) == (risk, deaths, ended)
            survival *= 1 - deaths / risk
            variance += deaths / (risk * (risk - deaths)) if risk > deaths else np.nan
            np.testing.assert_allclose(row["survival"], survival, rtol=1e-12)
            np.testing.assert_allclose(row["std_error"], survival * np.sqrt(variance), rtol=1e-12)
            if 0 < survival < 1:
                middle, scale = np.log(-np.log(survival)), np.sqrt(variance) / -np.log(survival)
                limits = np.exp(-np.exp(middle + norm.ppf([0.975, 0.025]) * scale))
                np.testing.assert_allclose([row["conf_low"], row["conf_high"]], limits, rtol=1e-10)
