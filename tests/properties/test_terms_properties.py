"""What holds for every term, expression and sample."""

from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from clusterpanel.designs.forms import linear_form, value_and_slopes
from clusterpanel.designs.terms import plan_terms
from clusterpanel.errors import SpecError
from clusterpanel.spec.arithmetic import (
    Binary,
    Call,
    Expression,
    Name,
    Negative,
    Number,
    read_expression,
    written,
)
from clusterpanel.spec.terms import canonical_term, read_terms
from clusterpanel.spec.words import GrammarError, Reader, words_of

NAMES = ("a", "b", "c")

leaves = st.one_of(
    st.sampled_from(NAMES).map(Name), st.integers(0, 9).map(str).map(Number), st.just(Number("2.5"))
)
expressions: st.SearchStrategy[Expression] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(Negative, inner),
        st.builds(Call, st.sampled_from(("log", "exp", "sqrt")), inner),
        st.builds(Binary, st.sampled_from("+-*/^"), inner, inner),
    ),
    max_leaves=8,
)


@given(expressions)
def test_what_is_written_reads_as_the_same_expression(expression: Expression) -> None:
    reader = Reader(words_of(written(expression)))

    assert read_expression(reader) == expression
    assert reader.next.kind == "end"


@given(expressions, st.lists(st.floats(0.2, 3.0), min_size=3, max_size=3))
def test_slopes_are_those_of_small_steps(expression: Expression, at: list[float]) -> None:
    text, estimates = written(expression), np.array(at)
    try:
        here = value_and_slopes(text, NAMES, estimates)
        near = [value_and_slopes(text, NAMES, estimates + step).value for step in 1e-6 * np.eye(3)]
        back = [value_and_slopes(text, NAMES, estimates - step).value for step in 1e-6 * np.eye(3)]
    except SpecError:
        assume(False)
    assume(np.abs([here.value, *here.slopes]).max() < 1e3)
    numeric = (np.array(near) - np.array(back)) / 2e-6

    assert np.allclose(here.slopes, numeric, rtol=1e-3, atol=1e-3)


@given(
    st.lists(st.integers(-9, 9), min_size=4, max_size=4), st.lists(st.floats(-3, 3), min_size=3, max_size=3)
)
def test_linear_forms_are_their_weights(weights: list[int], at: list[float]) -> None:
    text = " + ".join(
        [*(f"{weight}*{name}" for weight, name in zip(weights, NAMES, strict=False)), str(weights[3])]
    )
    form, constant = linear_form(text.replace("+ -", "- "), NAMES)

    assert list(form) == weights[:3]
    assert constant == weights[3]
    assert np.isclose(form @ at + constant, value_and_slopes(text, NAMES, np.array(at)).value)


@given(st.text(alphabet="abi(),:*^+-/=[]`'\" 0129.~|%$_", max_size=30))
def test_every_text_is_a_term_or_refused_inside_it(text: str) -> None:
    try:
        terms = read_terms(text)
    except GrammarError as error:
        assert 0 <= error.start <= error.stop <= len(text)
    else:
        assert read_terms(canonical_term(text)) == terms


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    rows = draw(st.integers(1, 20))
    columns: dict[str, Any] = {
        "a": draw(st.lists(st.floats(-5, 5), min_size=rows, max_size=rows)),
        "b": draw(st.lists(st.booleans(), min_size=rows, max_size=rows)),
        "year": draw(st.lists(st.integers(2000, 2004), min_size=rows, max_size=rows)),
    }
    return pa.table(columns)


@settings(max_examples=50)
@given(tables(), st.integers(1, 7))
def test_blocks_and_row_order_make_no_other_columns(table: pa.Table, size: int) -> None:
    terms = ["a", "i(year, a, ref=2002)", "a*b", "I(a^2 + 1)"]
    plan = plan_terms(terms, lambda _: range(2000, 2005))
    whole = np.column_stack(plan.columns(table))
    blocks = [np.column_stack(plan.columns(table.slice(first, size))) for first in range(0, len(table), size)]
    backwards = table.take(pa.array(np.arange(len(table))[::-1]))

    assert np.array_equal(np.concatenate(blocks), whole)
    assert np.array_equal(np.column_stack(plan.columns(backwards))[::-1], whole)


@given(tables())
def test_levels_of_a_column_add_up_to_what_they_are_multiplied_with(table: pa.Table) -> None:
    plan = plan_terms(["i(year, a)"], lambda _: range(2000, 2005))

    assert np.array_equal(np.sum(plan.columns(table), axis=0), table["a"].to_numpy())
