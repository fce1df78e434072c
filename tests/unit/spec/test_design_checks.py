"""Every check of a design."""

from collections.abc import Callable

import pytest

from clusterpanel.errors import Fault

STUDY = "studies/small.toml"
Faults = Callable[..., list[Fault]]
HAZARD = 'controls = ["age"]'

CASES = {
    "outcome": (
        'outcome = "log_wage_crowns"',
        'outcome = "log_wage"',
        "[[designs]] 1 (wage_pooled), key outcome",
    ),
    "exposure": (
        'exposure = "in_cluster"',
        'exposure = "in_clusters"',
        "[[designs]] 1 (wage_pooled), key exposure",
    ),
    "control": (HAZARD, 'controls = ["age", "size"]', "[[designs]] 3 (exit_hazard), key controls, item 2"),
    "part of an effect": (
        HAZARD,
        'absorb = ["year", "year^nace"]',
        "[[designs]] 3 (exit_hazard), key absorb, item 2",
    ),
    "grouping": (HAZARD, 'vcov = { CRV1 = "region" }', "[[designs]] 3 (exit_hazard), key vcov.CRV1"),
    "filter": (HAZARD, 'where = { sector = ["a"] }', "[[designs]] 3 (exit_hazard), key where.sector"),
    "region": (
        'comparison = "pooled"\nestimator = "cloglog"',
        'comparison = "region"\nregion = "county"\nestimator = "cloglog"',
        "[[designs]] 3 (exit_hazard), key region",
    ),
    "empty filter": (HAZARD, "where = { year = [] }", "[[designs]] 3 (exit_hazard), key where.year"),
    "no grouping": (HAZARD, "vcov = {}", "[[designs]] 3 (exit_hazard), key vcov"),
    "outcome as exposure": (
        'exposure = "in_cluster"\ncontrols',
        'exposure = "is_exit"\ncontrols',
        "[[designs]] 3 (exit_hazard), key exposure",
    ),
    "exposure as control": (
        HAZARD,
        'controls = ["in_cluster"]',
        "[[designs]] 3 (exit_hazard), key controls, item 1",
    ),
    "control twice": (
        HAZARD,
        'controls = ["age", "age"]',
        "[[designs]] 3 (exit_hazard), key controls, item 2",
    ),
    "hazard within": (
        'comparison = "pooled"\nestimator = "cloglog"',
        'comparison = "within"\nestimator = "cloglog"',
        "[[designs]] 3 (exit_hazard), key comparison",
    ),
    "hazard with firm effects": (
        HAZARD,
        'absorb = ["firm_id"]',
        "[[designs]] 3 (exit_hazard), key absorb, item 1",
    ),
    "text as control": (
        HAZARD,
        'controls = ["region_code"]',
        "[[designs]] 3 (exit_hazard), key controls, item 1",
    ),
    "text as exposure": (
        'exposure = "in_cluster"\ncontrols',
        'exposure = "cluster_id"\ncontrols',
        "[[designs]] 3 (exit_hazard), key exposure",
    ),
    "hazard of a number": (
        'outcome = "is_exit"\nexposure = "in_cluster"\ncontrols',
        'outcome = "employment"\nexposure = "in_cluster"\ncontrols',
        "[[designs]] 3 (exit_hazard), key outcome",
    ),
    "curves of entry": (
        '"kaplan_meier"\noutcome = "is_exit"',
        '"kaplan_meier"\noutcome = "is_entry"',
        "[[designs]] 4 (survival), key outcome",
    ),
    "curves with effects": (
        'estimator = "kaplan_meier"',
        'estimator = "kaplan_meier"\nabsorb = ["year"]',
        "[[designs]] 4 (survival), key absorb",
    ),
    "curves with controls": (
        'estimator = "kaplan_meier"',
        'estimator = "kaplan_meier"\ncontrols = ["age"]',
        "[[designs]] 4 (survival), key controls",
    ),
    "curves with grouped errors": (
        'estimator = "kaplan_meier"',
        'estimator = "kaplan_meier"\nvcov = { CRV1 = "region_code" }',
        "[[designs]] 4 (survival), key vcov",
    ),
    "curves within": (
        'comparison = "pooled"\nestimator = "kaplan_meier"',
        'comparison = "within"\nestimator = "kaplan_meier"',
        "[[designs]] 4 (survival), key comparison",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_fault_of_a_design_is_told_alone(case: str, faults: Faults) -> None:
    old, new, where = CASES[case]

    assert [fault.where for fault in faults((STUDY, old, new))] == [where]


def test_each_part_of_an_effect_may_be_any_panel_column(faults: Faults) -> None:
    assert faults((STUDY, HAZARD, 'absorb = ["industry_code^year", "region_code"]')) == []


def test_survival_curves_may_be_by_text(faults: Faults) -> None:
    old = 'estimator = "kaplan_meier"\noutcome = "is_exit"\nexposure = "in_cluster"'

    assert faults((STUDY, old, old.replace("in_cluster", "region_code"))) == []


def test_region_of_a_pooled_design_is_not_looked_at(faults: Faults) -> None:
    assert faults((STUDY, HAZARD, 'region = "county"')) == []
