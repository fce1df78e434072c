"""Regressors of terms: their names, their columns, and that blocks make no difference."""

import numpy as np
import pyarrow as pa
import pytest

from clusterpanel.designs.terms import plan_terms
from clusterpanel.errors import DataError, SpecError

TABLE = pa.table(
    {
        "year": pa.array([2007, 2008, 2009, 2009], pa.int32()),
        "region_code": ["SE", "NO", "SE", "DK"],
        "exposed": [True, True, False, True],
        "size": [1.0, 2.0, 4.0, 0.0],
        "age": pa.array([3, 4, 5, 6], pa.int64()),
    }
)
LEVELS = {"year": [2007, 2008, 2009], "region_code": ["DK", "NO", "SE"], "exposed": [False, True]}


def columns(*terms: str, table: pa.Table = TABLE) -> dict[str, list[float]]:
    plan = plan_terms(terms, LEVELS.__getitem__)
    return {name: list(column) for name, column in zip(plan.names, plan.columns(table), strict=True)}


def test_column_is_itself_and_yes_is_one() -> None:
    assert columns("exposed", "size") == {"exposed": [1, 1, 0, 1], "size": [1, 2, 4, 0]}


def test_interaction_is_the_product_under_fixests_name() -> None:
    assert columns("age:exposed") == {"age:exposed": [3, 4, 0, 6]}


def test_star_is_both_and_their_product() -> None:
    assert list(columns("age*exposed")) == ["age", "exposed", "age:exposed"]


def test_power_is_of_numbers() -> None:
    assert columns("age^2") == {"I(age^2)": [9, 16, 25, 36]}


def test_arithmetic_keeps_the_order_of_signs() -> None:
    assert columns("I(-age^2 + 2*size/4 - (1 - age))") == {
        "I(-age^2 + 2*size/4 - (1 - age))": [-6.5, -12.0, -19.0, -31.0]
    }


def test_levels_are_named_as_in_fixest_without_the_reference() -> None:
    assert columns("i(year, exposed, ref=2008)") == {
        "year::2007:exposed": [1, 0, 0, 0],
        "year::2009:exposed": [0, 0, 0, 1],
    }


def test_levels_alone_are_yes_no_columns() -> None:
    assert columns("i(region_code, ref=c(\"NO\", 'DK'))") == {"region_code::SE": [1, 0, 1, 0]}
    assert columns("i(exposed, ref=false)") == {"exposed::true": [1, 1, 0, 1]}


def test_levels_of_a_dictionary_column_are_its_values() -> None:
    coded = TABLE.set_column(1, "region_code", TABLE["region_code"].dictionary_encode())

    assert columns("i(region_code)", table=coded) == columns("i(region_code)")


def test_levels_multiply_with_other_factors() -> None:
    assert columns("i(year, ref=c(2007, 2008)):age:size") == {"year::2009:age:size": [0, 0, 20, 0]}


def test_first_term_is_the_exposure_however_many_coefficients_it_has() -> None:
    plan = plan_terms(["i(year, exposed, ref=2008)", "age"], LEVELS.__getitem__)

    assert plan.exposures == 2
    assert plan.sources == ("year", "exposed", "age")


def test_reference_that_is_no_level_is_told_with_the_levels() -> None:
    with pytest.raises(SpecError) as raised:
        plan_terms(["i(year, ref=2010)"], LEVELS.__getitem__, "tried")

    (fault,) = raised.value.faults
    assert (fault.file, fault.where) == ("tried", "i(year, ref=2010)")
    assert "2007, 2008, 2009" in fault.allowed


def test_levels_of_an_identifier_are_not_told() -> None:
    with pytest.raises(SpecError) as raised:
        plan_terms(["i(owner_id, ref=3)"], lambda _: ["acme", "bolt"])

    assert "acme" not in str(raised.value)


def test_too_many_levels_are_to_be_absorbed() -> None:
    with pytest.raises(SpecError, match=r"Absorb it: \"plant\", or \"plant\[age\]\""):
        plan_terms(["i(plant, age)"], lambda _: list(range(2000)))


def test_column_that_is_all_reference_leaves_nothing() -> None:
    with pytest.raises(SpecError, match="0 levels"):
        plan_terms(["i(year, ref=2008)"], lambda _: [2008])


def test_two_terms_of_one_column_are_refused() -> None:
    with pytest.raises(SpecError, match="year::2009 twice"):
        plan_terms(["i(year, ref=2008)", "i(year, ref=2007)"], LEVELS.__getitem__)


def test_rows_without_a_value_are_told_by_term_before_they_are_dropped() -> None:
    plan = plan_terms(["log(size)", "age", "I(1/(age - 4)):exposed"], LEVELS.__getitem__)
    undefined = plan.undefined(TABLE)

    assert {name: list(flags) for name, flags in undefined.items()} == {
        "log(size)": [False, False, False, True],
        "I(1/(age - 4))": [False, True, False, False],
    }
    kept = TABLE.filter(pa.array(~np.logical_or.reduce(list(undefined.values()))))
    assert np.allclose(plan.columns(kept)[0], np.log([1.0, 4.0]))


def test_no_regressor_is_ever_silently_not_a_number() -> None:
    plan = plan_terms(["log(size)"], LEVELS.__getitem__)

    with pytest.raises(DataError, match=r"log\(size\): came 1 rows without a finite value"):
        plan.columns(TABLE)


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_blocks_make_the_columns_of_the_whole(rows: int) -> None:
    plan = plan_terms(["i(year, exposed)", "i(region_code)", "age*size"], LEVELS.__getitem__)
    blocks = [plan.columns(TABLE.slice(first, rows)) for first in range(0, TABLE.num_rows, rows)]
    joined = [np.concatenate(columns) for columns in zip(*blocks, strict=True)]

    assert all(np.array_equal(one, other) for one, other in zip(joined, plan.columns(TABLE), strict=True))
