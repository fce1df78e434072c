"""What the report says of survival models, of competing causes, and of results from survivors only."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clusterpanel.designs.cumulative_incidence import IncidenceCurves
from clusterpanel.designs.design import design
from clusterpanel.designs.estimate import estimate
from clusterpanel.models.result import Result, SurvivalCurves
from clusterpanel.panel.panel import Panel
from clusterpanel.report.column_labels import ColumnLabels
from clusterpanel.report.design_methods import design_sentences
from clusterpanel.report.digits import significant
from clusterpanel.report.estimate_tables import page_table
from clusterpanel.report.headline import found_sentence
from clusterpanel.report.incidence_section import incidence_exhibits, lines_by_cause
from clusterpanel.report.main_terms import main_term
from clusterpanel.report.regression_table import regression_table
from clusterpanel.report.survivors_only import is_of_accounts, with_survivors
from clusterpanel.spec.panel_weights import StayingWeights
from clusterpanel.spec.study import Study
from tests.unit.designs.survival_panel import simulated_exits
from tests.unit.report.simulated_inputs import Inputs, study_in

EXIT: dict[str, Any] = {"comparison": "pooled", "outcome": "is_exit", "exposure": "in_cluster"}
LABELS = ColumnLabels()


@pytest.fixture(scope="module")
def panel() -> Panel:
    return Panel.from_frame(simulated_exits(500))


def fitted(panel: Panel, **more: Any) -> Any:
    return estimate(design(**{**EXIT, **more}), panel)


def said(result: Result | SurvivalCurves, minimum_firms: int = 1) -> str:
    return " ".join(design_sentences(result, LABELS, minimum_firms))


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"estimator": "cox"}, "times the hazard of yearly exit of other firms"),
        (
            {"estimator": "cox", "comparison": "region"},
            "times the hazard of yearly exit of other firms of the same region",
        ),
        ({"estimator": "weibull"}, "times the time to yearly exit of other firms"),
        (
            {"estimator": "fine_gray", "cause": "exit_cause", "cause_of_interest": "closure"},
            "times the subdistribution hazard of yearly exit by closure of other firms",
        ),
        (
            {"estimator": "competing_logit", "cause": "exit_cause"},
            "times the relative risk of yearly exit by closure of other firms",
        ),
    ],
)
def test_ratio_is_told_of_what_it_is_a_ratio_of(more: dict[str, Any], words: str, panel: Panel) -> None:
    result = fitted(panel, **more)
    ratio = significant(np.exp(result.estimate["estimate"].iloc[0]))
    sentence = found_sentence(main_term(result), LABELS)

    assert words in sentence
    assert f"have {ratio} times" in sentence


def test_cox_tells_strata_ties_tests_and_proportionality(panel: Panel) -> None:
    text = said(fitted(panel, estimator="cox", strata=["region_code"], ties="breslow"))
    for part in (
        "Cox regression of yearly exit on whether in a cluster",
        "with a baseline hazard for each level of region_code (4 levels)",
        "with Breslow's ties",
        "events in ",
        "likelihood ratio χ²(1) = ",
        "Wald χ²(1) = ",
        "Hazard ratios that stay the same at all ages (Grambsch and Therneau): χ²(1) = ",
        "Concordance 0.",
        "without small-sample factor, as R's survival package",
    ):
        assert part in text


def test_causes_of_few_firms_are_not_counted_out(panel: Panel) -> None:
    result = fitted(panel, estimator="competing_logit", cause="exit_cause")
    counts = result.glance["events_by_cause"]
    fewer = replace(result, glance={**result.glance, "events_by_cause": {**counts, "moved": 2}})

    assert f"closure {counts['closure']}" in said(result, 5)
    assert "moved not shown" in said(fewer, 5)
    assert f"merger {min(counts.values())}" not in said(fewer, 5), "a sum would tell the rest"


def test_table_has_a_line_for_proportional_hazards_and_none_where_nothing_has_it(panel: Panel) -> None:
    cox, levels = fitted(panel, estimator="cox"), fitted(panel, outcome="size")
    rows = {row[0]: row[1:] for row in regression_table([cox, levels]).rows}

    assert rows["Proportional hazards, p"][1] != rows["Proportional hazards, p"][0]
    assert float(rows["Concordance"][0]) == round(cox.glance["concordance"], 3)
    assert rows["Exposure's ratio"] == (f"hazard × {significant(cox.glance['hazard_ratio'])}", "–")
    assert "Proportional hazards, p" not in {row[0] for row in regression_table([levels]).rows}


def test_time_ratio_is_told_as_a_hazard_ratio_where_it_is_one(panel: Panel) -> None:
    weibull, normal = (fitted(panel, estimator=name) for name in ("weibull", "log_normal"))
    ratio = significant(weibull.glance["hazard_ratio"])

    assert f"is a hazard ratio of {ratio}." in said(weibull)
    assert "hazard ratio of" not in said(normal)


def test_frailty_is_told(panel: Panel) -> None:
    text = said(fitted(panel, estimator="cox", frailty="region_code", vcov="iid"))

    assert "with a gamma frailty of each region_code" in text
    assert "The frailty's variance is " in text


def test_incidence_has_an_exhibit_for_each_cause_that_starts_at_nothing(panel: Panel) -> None:
    curves = fitted(panel, estimator="cumulative_incidence", cause="exit_cause")
    assert isinstance(curves, IncidenceCurves)
    exhibits = incidence_exhibits("causes", curves, LABELS, 5)
    lines = lines_by_cause(curves, 5)

    assert [exhibit.title for exhibit in exhibits] == [
        f"Exit by {cause}, by whether in a cluster" for cause in ("closure", "merger")
    ]
    assert all(exhibit.figure and "Number at risk" in exhibit.figure for exhibit in exhibits)
    for (cause, group), own in curves.curve[curves.curve["at_risk"] >= 5].groupby(["cause", "group"]):
        line = lines[str(cause)][group]
        assert line.curve["survival"].iloc[-1] == own["incidence"].iloc[-1]
        assert line.curve["survival"].is_monotonic_increasing
    assert "Events by cause: closure " in said(curves)


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return study_in(tmp_path)


@pytest.mark.parametrize(
    ("outcome", "is_account"),
    [
        ("wage_crowns", True),
        ("log_wage_crowns", True),
        ("lag_log_wage_crowns", True),
        ("growth_dhs", True),
        ("is_exit", False),
        ("age", False),
        ("own_count_5km", False),
    ],
)
def test_outcomes_of_accounts_are_known(outcome: str, is_account: bool, study: Study) -> None:
    assert is_of_accounts(study, outcome) == is_account


def told(study: Study, panel: Panel, **fields: Any) -> Any:
    said = design(**{**EXIT, "name": "wage", "outcome": "log_wage_crowns", **fields})
    own = replace_study(study, said)
    results = {"wage": Result("wage", None, None, {"n": 1}, {})}  # type: ignore[arg-type]
    return with_survivors(own, panel, results)["wage"].glance.get("survivors_only")


def replace_study(study: Study, said: Any) -> Study:
    weights = (StayingWeights(name="staying", kind="staying", predictors=("age",)),)
    return replace(study, spec=study.spec.model_copy(update={"weights": weights, "designs": (said,)}))


def test_result_of_survivors_says_so(study: Study) -> None:
    frame = simulated_exits(100).assign(log_wage_crowns=1.0, staying=1.0)
    panel = Panel.from_frame(frame)
    years = sorted(frame.loc[frame["is_exit"].ne(True), "year"].unique().tolist())
    none = [year for year in years if not frame.loc[frame["year"] == year, "is_exit"].eq(True).any()]

    assert told(study, panel) == "yes"
    assert told(study, panel, weights={"probability": "staying"}) == "weighted for exit"
    assert told(study, panel, weights={"probability": "size"}) == "yes"
    assert told(study, panel, outcome="is_exit", estimator="cloglog") is None
    assert told(study, panel, where={"year": none}) is None, "nobody exits in these years"


def test_table_tells_of_survivors(simulated: Inputs) -> None:
    results = with_survivors(simulated.study, simulated.panel, simulated.results)
    rows = regression_table(
        [one for one in results.values() if isinstance(one, Result) and "firms" in one.glance]
    ).rows
    cells = {row[0]: set(row[1:]) for row in rows}

    assert "yes" in cells["Survivors only"]
    terms = [main_term(one) for one in results.values() if isinstance(one, Result) and "firms" in one.glance]
    page = page_table(terms, LABELS, 1)
    told = [row[-1] for row in page.rows]
    assert page.columns[-1].label == "Survivors only"
    assert told == [term.survivors_only for term in terms]
    assert "yes" in told
