"""Numbers as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterpanel.report.digits import (
    beside,
    counted,
    decimals_for,
    fixed,
    listed,
    p_value,
    percent,
    significant,
    span,
    whole,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.070249, "0.0702"),
        (-0.0091249, "−0.00912"),
        (9.996, "10.0"),
        (0.09996, "0.100"),
        (123.456, "123"),
        (-12345.6, "−12,346"),
        (0.0000123, "1.23 × 10⁻⁵"),
        (0, "0"),
        (None, "–"),
        (float("nan"), "–"),
        (float("inf"), "–"),
    ],
)
def test_estimates_have_three_significant_digits(value: float | None, text: str) -> None:
    assert significant(value) == text


@given(st.floats(min_value=1e-4, max_value=1e9) | st.floats(min_value=-1e9, max_value=-1e-4))
def test_what_is_written_is_within_half_a_unit_of_the_third_digit(value: float) -> None:
    read = float(significant(value).replace("−", "-").replace(",", ""))
    assert read == pytest.approx(value, rel=0.00501)


def test_a_number_that_rounds_to_nothing_has_no_sign() -> None:
    assert fixed(-0.0001, 2) == "0.00"


def test_counts_have_thousands_separators() -> None:
    assert whole(1234567) == "1,234,567"


@pytest.mark.parametrize(("value", "text"), [(0.0004, "<0.001"), (0.001, "0.001"), (0.04951, "0.050")])
def test_p_values_have_three_decimals(value: float, text: str) -> None:
    assert p_value(value) == text


def test_shares_become_per_cent() -> None:
    assert percent(0.97349) == "97.3 %"


def test_a_standard_error_decides_the_decimals() -> None:
    assert [decimals_for(error) for error in (120.0, 12.0, 0.9, 0.05)] == [0, 0, 2, 3]
    assert beside(0.52714, 0.22634) == "0.53"
    assert span(-0.0836, 0.971, 0.226) == "−0.08 to 0.97"


@pytest.mark.parametrize("error", [0.0, float("nan"), float("inf"), 1e-9])
def test_a_number_without_a_sound_error_keeps_three_digits(error: float) -> None:
    assert beside(0.070249, error) == "0.0702"


def test_one_is_singular() -> None:
    assert [counted(count, "row") for count in (0, 1, 1200)] == ["0 rows", "1 row", "1,200 rows"]


def test_lists_end_with_and() -> None:
    assert [listed(texts) for texts in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
