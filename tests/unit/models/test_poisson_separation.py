import numpy as np
import pytest

from clusterpanel.errors import SpecError
from clusterpanel.models.arrays import Codes, ModelArrays
from clusterpanel.models.poisson_separation import find_separated


def codes(name: str, values: list[int]) -> Codes:
    return Codes(name, np.array(values, dtype=np.int32), max(values) + 1)


def test_levels_of_zeros_are_counted_where_they_fall_first() -> None:
    counts = np.array([0.0, 0, 0, 1, 2, 0])
    firms, year = codes("firm_id", [0, 0, 1, 1, 2, 2]), codes("year", [0, 1, 0, 1, 1, 2])
    found = find_separated(ModelArrays((counts, np.arange(6.0)), ("x",), firms, (year,), True))
    assert found.by_level == {"firm_id": (2, 1), "year": (2, 2)}
    assert found.rows.tolist() == [True, True, True, False, False, True]
    assert found.by_combination == 0


def test_a_regressor_that_separates_is_named() -> None:
    """Two regressors are 0 wherever something came; only one has the same sign throughout."""
    counts = np.array([1.0, 2, 3, 0, 0, 0])
    one_sided = np.array([0.0, 0, 0, 1, 2, 0])
    both_sides = np.array([0.0, 0, 0, -1, 1, 0])
    other = np.array([1.0, -1, 2, 3, 1, 5])
    firms = Codes("firm_id", np.arange(6, dtype=np.int32), 6)
    columns = (counts, other, one_sided, np.ones(6))
    names = ("other", "one_sided", "constant")
    found = find_separated(ModelArrays(columns, names, firms, (), False))
    assert (found.by_combination, found.regressors, found.effects) == (2, ("one_sided",), ())
    assert found.rows.tolist() == [False, False, False, True, True, False]
    columns = (counts, other, both_sides, np.ones(6))
    assert not find_separated(ModelArrays(columns, names, firms, (), False)).rows.any()


def test_slopes_of_levels_separate_by_sign() -> None:
    """A level's slope on a variable lifts its rows only if the variable has one sign in the level's zeros."""
    counts = np.array([1.0, 2, 1, 0, 0, 0, 0])
    region, loads = [0, 0, 0, 1, 1, 2, 2], np.array([1.0, 2, 4, 1, 3, -1, 1])
    slope = Codes("region[size]", np.array(region, dtype=np.int32), 3, loads)
    firms = Codes("firm_id", np.arange(7, dtype=np.int32), 7)
    columns = (counts, np.array([1.0, 0, 2, 1, 0, 1, 3]), np.ones(7))
    found = find_separated(ModelArrays(columns, ("x", "constant"), firms, (slope,), False))
    assert found.rows.tolist() == [False, False, False, True, True, False, False]


def test_units_and_far_away_origins_do_not_matter() -> None:
    rng = np.random.default_rng(0)
    counts, size = rng.poisson(1.0, 200).astype(float), rng.normal(size=200)
    only_zeros = np.where(counts == 0, rng.random(200), 0.0)
    firms = Codes("firm_id", np.arange(200, dtype=np.int32), 200)
    names = ("size", "only_zeros", "constant")
    for unit, origin in ((1.0, 0.0), (1e-6, 5.0), (1e9, 1e6)):
        columns = (counts, (size + origin) * unit, only_zeros * unit, np.ones(200))
        found = find_separated(ModelArrays(columns, names, firms, (), False))
        np.testing.assert_array_equal(found.rows, only_zeros > 0)
        assert found.regressors == ("only_zeros",)


def test_slopes_of_each_firm_are_refused() -> None:
    firms = codes("firm_id", [0, 0, 1, 1])
    sample = ModelArrays((np.ones(4), np.arange(4.0)), ("x",), firms, (), True, firm_slopes=(np.ones(4),))
    with pytest.raises(SpecError, match="slopes of each firm_id's own"):
        find_separated(sample)
