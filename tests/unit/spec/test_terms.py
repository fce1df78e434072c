"""The grammar of regressors: what it reads, how it writes it, and what it refuses."""

import pytest

from clusterpanel.spec.terms import all_terms, canonical_term, read_term, read_terms
from clusterpanel.spec.words import GrammarError

WRITTEN = {
    "age": "age",
    "age : exposed": "age:exposed",
    "age*exposed": "age*exposed",
    "age^2": "I(age^2)",
    "I(age ** 2)": "I(age^2)",
    "I(age)": "age",
    "I( a/(b+ 1) - c*-2)": "I(a/(b + 1) - c*-2)",
    "I(-x^2)": "I(-x^2)",
    "I((-x)^2)": "I((-x)^2)",
    "I(a-(b-c))": "I(a - (b - c))",
    "I((a^b)^c)": "I((a^b)^c)",
    "log(x+1)": "log(x + 1)",
    "i(year,exposed,ref=c(2008,-1))": "i(year, exposed, ref=c(2008, -1))",
    "i(region,ref='SE'):log(x)": 'i(region, ref="SE"):log(x)',
    "i(code, ref=01.10)": "i(code, ref=01.10)",
    "`wage bill`:b": "`wage bill`:b",
}

REFUSED = {
    "": ("the end", 0),
    "a b": ('"b"', 2),
    "a:": ("the end", 2),
    "a$b": ('"$"', 1),
    "2*age": ('"2"', 0),
    "-age": ('"-"', 0),
    "age^": ("the end", 4),
    "poly(age, 2)": ('"poly()"', 0),
    "lag(age)": ('"lag()"', 0),
    "I(2 + 3)": ("2 + 3, which is constant", 0),
    "I(open('x'))": ('"open()"', 2),
    "__import__('os')": ('"__import__()"', 0),
    "I((a).__class__)": ('"."', 5),
    "I(a[0])": ('"["', 3),
    "I(a; b)": ('";"', 3),
    "i(year, a, b)": ('"b"', 11),
    "i(year, keep=3)": ('"keep="', 8),
    "i(year, ref=)": ('")"', 12),
    "I(" + "(" * 60: ("more brackets", 43),
    "a*b*c*d*e": ("5 factors", 0),
    "a" * 600: ("600 characters", 0),
}


@pytest.mark.parametrize("text", WRITTEN)
def test_term_is_written_in_one_way(text: str) -> None:
    assert canonical_term(text) == WRITTEN[text]


@pytest.mark.parametrize("text", WRITTEN)
def test_what_is_written_reads_as_the_same_terms(text: str) -> None:
    assert read_terms(canonical_term(text)) == read_terms(text)


@pytest.mark.parametrize("text", REFUSED)
def test_what_the_grammar_does_not_know_is_refused_at_its_place(text: str) -> None:
    came, start = REFUSED[text]

    with pytest.raises(GrammarError) as raised:
        read_terms(text)

    assert (raised.value.came, raised.value.start) == (came, start)


def test_lags_are_left_to_the_panel_that_knows_time() -> None:
    with pytest.raises(GrammarError) as raised:
        read_terms("lag(log_wage)")

    assert "lag_ column" in raised.value.hint


def test_star_stands_for_each_and_their_products() -> None:
    assert [str(term) for term in read_terms("a*b*c")] == ["a", "b", "c", "a:b", "a:c", "b:c", "a:b:c"]


def test_one_term_is_wanted_where_one_stands() -> None:
    with pytest.raises(GrammarError, match="3 regressors"):
        read_term("a*b")


def test_terms_are_taken_once_where_they_stand_first() -> None:
    assert [str(term) for term in all_terms(["a*b", "b", "b:a", "c", "a"])] == ["a", "b", "a:b", "c"]


def test_columns_of_a_term_and_those_that_must_be_numbers() -> None:
    term = read_term("i(region_code, exposed):log(size/age)")

    assert term.columns == ("region_code", "exposed", "size", "age")
    assert term.numbers == ("exposed", "size", "age")
    assert term.has_levels


def test_text_that_is_no_term_is_left_for_the_check_to_tell() -> None:
    assert canonical_term("poly(age, 2)") == "poly(age, 2)"
