"""The grammar of absorbed effects."""

import pytest

from clusterpanel.spec.effects import Effect, canonical_effect, read_effect
from clusterpanel.spec.words import GrammarError

READ = {
    "year": Effect(("year",)),
    "region_code ^ year": Effect(("region_code", "year")),
    "firm_id[year]": Effect(("firm_id",), ("year",)),
    "firm_id[[ year, age ]]": Effect(("firm_id",), ("year", "age"), has_intercept=False),
    "region_code^industry_code[size]": Effect(("region_code", "industry_code"), ("size",)),
    "`Region name`^year": Effect(("Region name", "year")),
}

REFUSED = {
    "": 0,
    "a^": 2,
    "a^a": 2,
    "a[": 2,
    "a[]": 2,
    "a[x": 3,
    "a[[x]": 5,
    "a[x]]": 4,
    "a[x]b": 4,
    "a[x, x]": 5,
    "a[x^2]": 3,
    "a + b": 2,
    "a*b": 1,
}


@pytest.mark.parametrize("text", READ)
def test_effect_is_read_and_written_again(text: str) -> None:
    assert read_effect(text) == READ[text]
    assert read_effect(canonical_effect(text)) == READ[text]


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_effect_is_refused_at_its_place(text: str) -> None:
    with pytest.raises(GrammarError) as raised:
        read_effect(text)

    assert raised.value.start == REFUSED[text]


def test_order_of_joined_columns_makes_no_other_effect() -> None:
    assert read_effect("a^b[x]").key == read_effect("b^a[x]").key
    assert read_effect("a^b[x]").key != read_effect("a^b[[x]]").key
