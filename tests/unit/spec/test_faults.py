"""Places and values in words."""

import tomllib
from datetime import date

import pytest

from clusterpanel.spec.faults import (
    Place,
    WrittenFloat,
    did_you_mean,
    nearest,
    shown_value,
    value_at,
    where_text,
)

DATA = tomllib.loads(
    """
    name = "a"
    codes = [1]
    columns = { year = "y" }
    [panel]
    first_year = 1
    [[panel.ratios]]
    name = "r"
    [[panel.censor]]
    where = { country_code = ["GB"] }
    [industries.groups]
    paper = ["1"]
    [[tables]]
    table = "sites"
    years = { first = "f" }
    columns = [{ name = "id", to = "site_id", constraints = { pattern = "x" } }]
    [[designs]]
    name = "d"
    absorb = ["year"]
    """
)

PLACES: dict[str, Place] = {
    "": (),
    "key name": ("name",),
    "key missing": ("missing",),
    "key codes, item 1": ("codes", 0),
    "[columns], key year": ("columns", "year"),
    "[panel]": ("panel",),
    "[panel], key first_year": ("panel", "first_year"),
    "[panel], key size": ("panel", "size"),
    "[[panel.ratios]] 1 (r)": ("panel", "ratios", 0),
    "[[panel.ratios]] 1 (r), key name": ("panel", "ratios", 0, "name"),
    "[[panel.censor]] 1, key where.country_code, item 1": ("panel", "censor", 0, "where", "country_code", 0),
    "[industries.groups], key paper, item 1": ("industries", "groups", "paper", 0),
    "[[tables]] 1 (sites), key years.first": ("tables", 0, "years", "first"),
    "[[tables]] 1 (sites), columns 1 (id), key to": ("tables", 0, "columns", 0, "to"),
    "[[tables]] 1 (sites), columns 1 (id), key constraints.pattern": (
        *("tables", 0, "columns", 0),
        *("constraints", "pattern"),
    ),
    "[[designs]] 1 (d), key absorb, item 1": ("designs", 0, "absorb", 0),
}


@pytest.mark.parametrize("words", PLACES)
def test_place_in_words(words: str) -> None:
    assert where_text(DATA, PLACES[words]) == words


def test_value_at_a_place_that_is_not_there_is_none() -> None:
    assert value_at(DATA, ("designs", 5, "name")) is None
    assert value_at(DATA, ("name", "deeper")) is None
    assert value_at(DATA, ("designs", 0, "name")) == "d"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", '"a"'),
        (True, "true"),
        (5, "5"),
        (WrittenFloat("13.20"), "13.20"),
        (["a", 1], '["a", 1]'),
        ({"a": 1}, "a table"),
        (date(2020, 1, 2), "the date or time 2020-01-02"),
    ],
)
def test_value_is_shown_as_toml(value: object, text: str) -> None:
    assert shown_value(value) == text


def test_long_value_is_cut() -> None:
    assert len(shown_value("x" * 500)) == 60


def test_did_you_mean_looks_past_the_case_of_letters() -> None:
    assert did_you_mean("EMPLOYMNT", ["employment", "revenue"]) == 'Did you mean "employment"?'
    assert did_you_mean("zzz", ["employment"]) == ""


def test_long_list_of_choices_shows_those_most_alike() -> None:
    choices = [f"column_{number}" for number in range(40)] + ["wage_sek"]

    text = nearest("wage_sk", choices)

    assert text.startswith("wage_sek, ")
    assert text.endswith("and 33 more")
    assert nearest("a", ["b", "c"]) == "b, c"
