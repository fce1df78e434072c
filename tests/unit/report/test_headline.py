"""The headline says what the numbers allow, and no more."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from clusterpanel.models.result import Result
from clusterpanel.report.headline import headline
from clusterpanel.spec.study import Study, StudySpec

LOG = "log_wage_crowns"


def fit(label: str, comparison: str, b: float, se: float, outcome: str = LOG, **design: Any) -> Result:
    facts = {
        "estimator": "ols",
        "comparison": comparison,
        "outcome": outcome,
        "exposure": "in_cluster",
        **design,
    }
    numbers = {"p_value": 2 * norm.sf(abs(b / se)), "conf_low": b - 1.96 * se, "conf_high": b + 1.96 * se}
    row = {"term": facts["exposure"], "estimate": b, "std_error": se, "statistic": b / se, **numbers}
    return Result(label, pd.DataFrame([row]), None, {"n": 900, "firms": 90}, {"design": facts})


def gap(b: float, se: float) -> Result:
    return replace(
        fit("sorting", "pooled", b, se),
        provenance={"outcome": LOG, "exposure": "sorting", "estimator": "ols"},
    )


def study_with(simulated: Any, headline: str | None, title: str = "A register") -> Study:
    spec = simulated.study.spec
    named = StudySpec.model_validate(spec.model_dump() | {"report": {"headline": headline}})
    source = simulated.study.sources[0].model_copy(update={"name": "real", "title": title})
    return replace(simulated.study, spec=named, sources=(source,))


def sorting_sentence(simulated: Any, pooled: Result, within: Result, difference: Result) -> str:
    results = {"pooled": pooled, "within": within, "sorting": difference}
    return headline(study_with(simulated, "sorting"), results)


def test_positive_gap_points_to_sorting(simulated: Any) -> None:
    text = sorting_sentence(
        simulated, fit("pooled", "pooled", 0.07, 0.01), fit("within", "within", 0.03, 0.01), gap(0.041, 0.009)
    )
    assert "The wage of firms in a cluster is 7.3 % higher than that of other firms" in text
    assert "and 3.0 % higher than that of the same firms outside one;" in text
    assert (
        "4.10 log points (s.e. 0.90, 95 % interval 2.34 to 5.86), pooled minus within, points to sorting"
        in text
    )
    assert "overstates" in text


def test_gap_that_cannot_be_told_from_zero_is_no_sorting_and_no_proof_of_none(simulated: Any) -> None:
    text = sorting_sentence(
        simulated,
        fit("pooled", "pooled", 0.034, 0.01),
        fit("within", "within", 0.03, 0.02),
        gap(0.004, 0.009),
    )
    assert "cannot be told from zero: sorting is neither shown nor ruled out" in text
    assert "than that of the same firms outside one (which cannot be told from zero);" in text
    assert "points to" not in text


def test_negative_gap_understates(simulated: Any) -> None:
    text = sorting_sentence(
        simulated, fit("pooled", "pooled", 0.01, 0.002), fit("within", "within", 0.05, 0.01), gap(-0.04, 0.01)
    )
    assert "−4.0 log points" in text
    assert "understates what being in a cluster does" in text


def test_log_points_and_per_cent_are_not_confused(simulated: Any) -> None:
    text = headline(study_with(simulated, "pooled"), {"pooled": fit("pooled", "pooled", np.log(2), 0.1)})
    assert "100.0 % higher" in text
    assert "95 % interval 64.4 to 143.3 %" in text
    assert "log points" not in text


def test_lower_is_said_as_lower(simulated: Any) -> None:
    text = headline(study_with(simulated, "pooled"), {"pooled": fit("pooled", "pooled", -0.1, 0.01)})
    assert "9.5 % lower than that of other firms" in text


def test_hazards_are_ratios_against_one(simulated: Any) -> None:
    told = fit("exit_pooled", "pooled", np.log(0.8), 0.05, "is_exit", estimator="cloglog")
    text = headline(study_with(simulated, "exit_pooled"), {"exit_pooled": told})
    assert text.startswith(
        "Firms in a cluster have 0.800 times the yearly hazard of other firms (95 % interval 0.725"
    )
    assert "cannot" not in text
    vague = fit("exit_pooled", "pooled", np.log(0.8), 0.5, "is_exit", estimator="cloglog")
    assert "cannot be told from one" in headline(study_with(simulated, "exit_pooled"), {"exit_pooled": vague})


def test_outcome_in_levels_is_given_in_its_unit(simulated: Any) -> None:
    text = headline(
        study_with(simulated, "pooled"), {"pooled": fit("pooled", "pooled", 1234.5, 10, "wage_crowns")}
    )
    assert "The wage of firms in a cluster is 1,234 crowns higher than that of other firms" in text
    assert "log points" not in text


def test_exposure_that_counts_is_read_per_unit(simulated: Any) -> None:
    count = fit("pooled", "pooled", 0.002, 0.0005, exposure="own_count_5km")
    text = headline(study_with(simulated, "pooled"), {"pooled": count})
    assert "One unit more of neighbours of the same industry within 5 km goes with +0.200 log points" in text


def test_design_without_answer_gives_its_reason(simulated: Any) -> None:
    text = headline(study_with(simulated, "within"), {}, {"within": "no firm moves"})
    assert text == "Within has no answer here: no firm moves"


def test_result_of_too_few_firms_is_not_quoted(simulated: Any) -> None:
    few = replace(fit("pooled", "pooled", 0.07, 0.01), glance={"n": 80, "firms": 4})
    text = headline(study_with(simulated, "pooled"), {"pooled": few})
    assert "7.3" not in text
    assert "fewer than 5 firms" in text


def test_simulated_data_are_called_simulated(simulated: Any) -> None:
    study = study_with(simulated, "pooled", title="A Simulated register")
    assert headline(study, {"pooled": fit("pooled", "pooled", 0.07, 0.01)}).startswith(
        "In these simulated data: the wage"
    )


@pytest.mark.parametrize(("named", "expected"), [(None, "sorting"), ("exit_pooled", "yearly hazard")])
def test_headline_is_the_first_contrast_unless_named(
    simulated: Any, named: str | None, expected: str
) -> None:
    assert expected in headline(study_with(simulated, named), simulated.results)


def test_survival_curves_are_quoted_with_their_last_year(simulated: Any) -> None:
    text = headline(study_with(simulated, "survival"), simulated.results)
    assert text.startswith("In a cluster: ")
    assert "survive to the age of 10; not in a cluster:" in text


def test_yes_or_no_outcome_is_a_rate_in_percentage_points(simulated: Any) -> None:
    exits = fit("pooled", "region", 0.00527, 0.00226, "is_exit", region="country_code")
    text = headline(study_with(simulated, "pooled"), {"pooled": exits})
    assert (
        "The yearly rate of exit of firms in a cluster is 0.53 percentage points higher than that of" in text
    )
    assert "other firms of the same country (s.e. 0.23" in text


def test_null_result_says_first_that_it_cannot_be_told_from_zero(simulated: Any) -> None:
    exits = fit("pooled", "region", 0.0021, 0.003, "is_exit", region="country_code")
    text = headline(study_with(simulated, "pooled"), {"pooled": exits})
    assert text == (
        "The difference in the yearly rate of exit between firms in a cluster and other firms of the same "
        "country cannot be told from zero: it is estimated at +0.21 percentage points (s.e. 0.30, 95 % "
        "interval −0.38 to 0.80 percentage points)."
    )
    assert "higher" not in text


def test_null_hazard_is_not_called_higher_or_lower(simulated: Any) -> None:
    vague = fit("exit_pooled", "pooled", np.log(0.8), 0.5, "is_exit", estimator="cloglog")
    text = headline(study_with(simulated, "exit_pooled"), {"exit_pooled": vague})
    assert "cannot be told from that of other firms" in text
    assert "estimated at 0.800 (95 % interval 0.300 to 2.13)" in text


def test_growth_rates_differ_by_percentage_points_and_log_growth_is_no_per_cent_of_growth(
    simulated: Any,
) -> None:
    named = study_with(simulated, "pooled")
    rates = headline(named, {"pooled": fit("pooled", "pooled", 0.03, 0.01, "growth_dhs")})
    assert "yearly growth of employment of firms in a cluster is 3.0 percentage points higher" in rates
    logs = headline(named, {"pooled": fit("pooled", "pooled", 0.03, 0.01, "growth_log")})
    assert "3.0 log points higher" in logs


def test_plural_outcomes_are_plural(simulated: Any) -> None:
    found = fit("pooled", "pooled", 0.03, 0.01, "log_sales_crowns")
    text = headline(study_with(simulated, "pooled"), {"pooled": found})
    assert text.startswith("The sales of firms in a cluster are 3.0 % higher than those of other firms")
