"""What the report says of a fit: instruments, variance components, and designs that mix estimators."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from clusterpanel.designs.design import design
from clusterpanel.designs.estimate import estimate
from clusterpanel.models.result import Result
from clusterpanel.panel.panel import Panel
from clusterpanel.report.column_labels import ColumnLabels
from clusterpanel.report.design_methods import design_sentences
from clusterpanel.report.digits import span
from clusterpanel.report.estimate_tables import page_table, sorted_terms

WAGE: dict[str, Any] = {"comparison": "pooled", "outcome": "log_wage", "exposure": "log_density"}


@pytest.fixture(scope="module")
def panel() -> Panel:
    random = np.random.default_rng(2)
    frame = pd.DataFrame({"firm_id": np.repeat([f"f{one:02d}" for one in range(60)], 4)})
    frame["year"] = np.tile(np.arange(2001, 2005), 60)
    frame["road_km"], frame["rail_km"] = random.normal(size=(2, 240))
    frame["log_density"] = frame["road_km"] + 0.2 * frame["rail_km"] + random.normal(size=240)
    frame["log_wage"] = 0.2 * frame["log_density"] + random.normal(size=240) + np.repeat(range(60), 4) / 20
    frame["shops"] = random.integers(1, 5, 240)
    return Panel.from_frame(frame)


def said(panel: Panel, **fields: Any) -> str:
    return " ".join(design_sentences(fitted(panel, **fields), ColumnLabels(), 3))


def fitted(panel: Panel, **fields: Any) -> Result:
    result = estimate(design(**{**WAGE, **fields}), panel)
    assert isinstance(result, Result)
    return result


def test_instruments_and_what_tells_of_them_are_said(panel: Panel) -> None:
    text = said(panel, estimator="iv", instruments=["road_km", "rail_km"], absorb=["year"])
    for part in (
        "instrumented by road_km and rail_km",
        "First stage: log_density F = ",
        "Effective F ",
        "Anderson-Rubin",
        "Hansen J: p ",
        "Durbin-Wu-Hausman",
        "Effects were taken out by: dense Schur complement, 4 levels",
    ):
        assert part in text


def test_variance_components_are_said_by_the_rule_that_was_used(panel: Panel) -> None:
    text = said(panel, estimator="random_effects", components="nerlove")
    assert "Nerlove (1971)" in text
    assert "Swamy" not in text
    theta = fitted(panel, estimator="random_effects", components="nerlove").glance["theta"]
    assert f"less {theta:.2f} of their firm's mean" in text


def test_weights_are_said_and_differences_absorb_no_firm(panel: Panel) -> None:
    assert "with analytic weights shops" in said(panel, weights={"analytic": "shops"})
    assert "absorbed" not in said(panel, comparison="within", estimator="first_difference")


def test_a_table_of_several_estimators_says_which_is_which(panel: Panel) -> None:
    plain, lot = fitted(panel, name="plain"), fitted(panel, name="lot", estimator="random_effects")
    both = page_table(sorted_terms({"plain": plain, "lot": lot}), ColumnLabels(), 3)
    alone = page_table(sorted_terms({"plain": plain}), ColumnLabels(), 3)
    place = [column.name for column in both.columns].index("estimator")
    assert [row[place] for row in both.rows] == ["least squares", "random effects"]
    assert "estimator" not in [column.name for column in alone.columns]


def test_an_interval_without_an_end_says_so() -> None:
    assert span(float("-inf"), float("inf"), 0.1) == "−∞ to ∞"
    assert span(-0.25, float("nan"), 0.1) == "−0.25 to –"


def test_levels_that_others_make_up_are_told(panel: Panel) -> None:
    text = said(panel, comparison="within", absorb=["year"])
    assert "count for nothing: 1 of year." in text
