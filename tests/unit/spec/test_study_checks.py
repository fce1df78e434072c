"""Every check of a study's names, years, contrasts, profiles, report and panel rules."""

from collections.abc import Callable

import pytest

from clusterpanel.errors import Fault

STUDY = "studies/small.toml"
Faults = Callable[..., list[Fault]]

CENSOR = '[[panel.censor]]\nwhere = {where}\nafter_year = {year}\nreason = "r"\n\n[[panel.ratios]]'
FLAG = '[[panel.flags]]\nname = "{name}"\nentry_years = [{year}]\nreason = "r"\n\n[[panel.ratios]]'

CASES = {
    "two designs of one name": (
        '"wage_within"\ncomp',
        '"wage_pooled"\ncomp',
        "[[designs]] 2 (wage_pooled), key name",
        "",
    ),
    "contrast with a design's name": (
        'name = "wage_sorting"',
        'name = "survival"',
        "[[contrasts]] 1",
        "[[designs]] 4",
    ),
    "profile with a contrast's name": (
        '"wage_by_distance"',
        '"wage_sorting"',
        "[[profiles]] 1",
        "[[contrasts]] 1",
    ),
    "source named twice": (
        'sources = ["small"]',
        'sources = ["small", "small"]',
        "key sources, item 2",
        "once",
    ),
    "years backwards": ("last_year = 2018", "last_year = 2013", "[panel], key first_year", "2013"),
    "contrast of nothing": (
        'design = "wage_pooled", w',
        'design = "wage_pooledd", w',
        "terms 1 (wage_pooledd), key design",
        'Did you mean "wage_pooled"?',
    ),
    "contrast of curves": (
        'design = "wage_within", w',
        'design = "survival", w',
        "key terms",
        "kaplan_meier (survival)",
    ),
    "contrast of two scales": (
        'design = "wage_within", w',
        'design = "exit_hazard", w',
        "key terms",
        "ols and cloglog",
    ),
    "contrast of two groupings": (
        'absorb = ["year"]',
        'absorb = ["year"]\nvcov = "HC1"',
        "key terms",
        "grouped by one column",
    ),
    "profile of nothing": ('\ndesign = "wage_pooled"', '\ndesign = "wages"', "[[profiles]] 1", "a design:"),
    "profile of curves": (
        '\ndesign = "wage_pooled"',
        '\ndesign = "survival"',
        "[[profiles]] 1",
        "kaplan_meier",
    ),
    "headline of nothing": (
        'headline = "wage_sorting"',
        'headline = "wage_sort"',
        "[report], key headline",
        "wage_sorting",
    ),
    "describe of nothing": (
        'crowns", "age"]',
        'crowns", "ago"]',
        "[report], key describe, item 3",
        'Did you mean "age"?',
    ),
    "size of nothing": ('size = "employment"', 'size = "staff"', "[panel], key size", "employment"),
    "log of nothing": (
        'logs = ["wage',
        'logs = ["revenue", "wage',
        "[panel], key logs, item 1",
        "revenue_crowns",
    ),
    "lag of nothing": (
        'lags = ["employment"]',
        'lags = ["sales"]',
        "[panel], key lags, item 1",
        'came "sales"',
    ),
    "ratio of nothing": (
        'denominator = "employment"',
        'denominator = "hours"',
        "key denominator",
        "employment",
    ),
    "ratio under a taken name": ('name = "wage_crowns"', 'name = "revenue_crowns"', "[panel]", "2 columns"),
    "log made twice": (
        'logs = ["',
        'logs = ["employment", "',
        "[panel]",
        '2 columns called "log_employment"',
    ),
    "flag under a taken name": (
        "[[panel.ratios]]",
        FLAG.format(name="age", year=2015),
        "[panel]",
        "2 columns",
    ),
    "flag outside the years": (
        "[[panel.ratios]]",
        FLAG.format(name="is_new", year=2013),
        "[[panel.flags]] 1 (is_new), key entry_years, item 1",
        "2014 to 2018",
    ),
    "censoring outside the years": (
        "[[panel.ratios]]",
        CENSOR.format(where='{ country_code = ["XS"] }', year=2019),
        "[[panel.censor]] 1, key after_year",
        "2014 to 2018",
    ),
    "censoring by nothing": (
        "[[panel.ratios]]",
        CENSOR.format(where='{ country = ["XS"] }', year=2016),
        "[[panel.censor]] 1, key where.country",
        'Did you mean "country_code"?',
    ),
    "censoring of everything": (
        "[[panel.ratios]]",
        CENSOR.format(where="{}", year=2016),
        "[[panel.censor]] 1, key where",
        "a column and its values",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_fault_of_a_study_is_told(case: str, faults: Faults) -> None:
    old, new, where, text = CASES[case]

    found = faults((STUDY, old, new))

    assert any(where in fault.where and text in str(fault) for fault in found), found


def test_profile_whose_estimate_takes_the_name_of_a_design_is_refused(faults: Faults) -> None:
    found = faults((STUDY, 'name = "survival"', 'name = "wage_by_distance_10km"'))

    assert [fault.where for fault in found] == ["[[profiles]] 1 (wage_by_distance), key name"]


def test_profile_of_activity_needs_activity(faults: Faults) -> None:
    found = faults(
        (STUDY, 'measure = "own_count"', 'measure = "all_activity"'),
        ("clusters/small.toml", 'activity = "employment"\n', ""),
    )

    assert [fault.where for fault in found] == ["[[profiles]] 1 (wage_by_distance), key measure"]


def test_contrast_of_two_hazards_is_allowed(faults: Faults) -> None:
    second = '[[designs]]\nname = "hazard_region"\ncomparison = "region"\nestimator = "cloglog"\n'
    second += 'outcome = "is_exit"\nexposure = "in_cluster"\n\n[[contrasts]]'

    assert (
        faults(
            (STUDY, "[[contrasts]]", second),
            (STUDY, 'design = "wage_pooled", w', 'design = "hazard_region", w'),
            (STUDY, 'design = "wage_within", w', 'design = "exit_hazard", w'),
        )
        == []
    )


@pytest.mark.parametrize(
    "lines",
    [
        'estimator = "random_effects"',
        'estimator = "between"\nvcov = { CRV1 = "firm_id" }',
        'estimator = "iv"\ninstruments = ["age"]',
        'vcov = { CRV3 = "firm_id" }',
    ],
)
def test_contrast_of_estimators_in_the_outcomes_unit_is_allowed(faults: Faults, lines: str) -> None:
    pooled = 'name = "wage_pooled"\ncomparison = "pooled"'

    assert faults((STUDY, pooled, f"{pooled}\n{lines}")) == []


@pytest.mark.parametrize(
    ("vcov", "told"),
    [
        ('{ CRV3 = "region_code" }', "CRV3 by region_code and CRV1 by firm_id"),
        ('{ block_bootstrap = "firm_id" }', "block_bootstrap by firm_id and CRV1 by firm_id"),
        ('{ CRV1 = ["firm_id", "year"] }', "CRV1 by firm_id and year and CRV1 by firm_id"),
    ],
)
def test_contrast_of_errors_without_a_shared_influence_is_refused(
    faults: Faults, vcov: str, told: str
) -> None:
    pooled = 'name = "wage_pooled"\ncomparison = "pooled"'
    found = faults((STUDY, pooled, f"{pooled}\nvcov = {vcov}"))

    assert [(fault.where, fault.came) for fault in found] == [
        ("[[contrasts]] 1 (wage_sorting), key terms", f"errors of {told}")
    ]


def test_contrast_of_two_outcomes_is_refused(faults: Faults) -> None:
    found = faults((STUDY, 'outcome = "log_wage_crowns"', 'outcome = "log_employment"'))

    assert [(fault.where, fault.allowed) for fault in found] == [
        ("[[contrasts]] 1 (wage_sorting), key terms", "designs of one outcome")
    ]


def test_exposure_may_be_lagged(faults: Faults) -> None:
    assert faults((STUDY, 'lags = ["', 'lags = ["in_cluster", "log_own_count_5km", "')) == []


def test_a_fault_of_the_panel_is_told_once(faults: Faults) -> None:
    """A ratio of the wrong type takes its column away; that the designs miss the column is not told."""
    found = faults((STUDY, 'logs = ["wage_crowns", "employment"]', "logs = 5"))

    assert [fault.where for fault in found] == ["[panel], key logs"]


def test_an_unknown_key_does_not_hide_the_faults_behind_it(faults: Faults) -> None:
    found = faults(
        (STUDY, 'absorb = ["year"]', 'absorbs = ["year"]'),
        (STUDY, 'headline = "wage_sorting"', 'headline = "wages"'),
        (STUDY, 'outcome = "is_exit"', 'outcome = "is_exited"'),
    )

    assert [fault.where for fault in found] == [
        "[[designs]] 1 (wage_pooled), key absorbs",
        "[report], key headline",
        "[[designs]] 3 (exit_hazard), key outcome",
    ]
