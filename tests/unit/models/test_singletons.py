import numpy as np

from clusterpanel.models.arrays import Codes, ModelArrays
from clusterpanel.models.ols import fit_ols
from clusterpanel.models.singletons import rows_beside_others


def codes(name: str, values: list[int]) -> Codes:
    return Codes(name, np.array(values, dtype=np.int32), max(values) + 1)


def test_dropping_one_row_can_leave_another_alone() -> None:
    firms = codes("firm_id", [0, 1, 1, 2, 2, 2])
    years = codes("year", [0, 0, 1, 1, 1, 1])
    # Firm 0 is alone; then year 0 holds one row; then firm 1 does; firm 2 stays.
    keep, dropped = rows_beside_others(6, [firms, years])
    assert keep.tolist() == [False, False, False, True, True, True]
    assert dropped == {"firm_id": 2, "year": 1}


def test_nothing_alone_keeps_all() -> None:
    keep, dropped = rows_beside_others(4, [codes("firm_id", [0, 0, 1, 1])])
    assert keep.all()
    assert dropped == {"firm_id": 0}


def test_a_row_that_stands_for_two_is_not_alone() -> None:
    firms = codes("firm_id", [0, 1, 1, 2])
    keep, dropped = rows_beside_others(4, [firms], np.array([1.0, 1.0, 1.0, 2.0]))
    assert keep.tolist() == [False, True, True, True]
    assert dropped == {"firm_id": 1}


def test_slopes_drop_nothing() -> None:
    firms = codes("firm_id", [0, 0, 1, 1])
    slope = Codes("region[year]", np.arange(4, dtype=np.int32), 4, np.zeros(4))
    keep, dropped = rows_beside_others(4, [firms, slope])
    assert keep.all()
    assert dropped == {"firm_id": 0}


def test_singletons_do_not_move_the_coefficients() -> None:
    rng = np.random.default_rng(0)
    firm = np.concatenate([np.repeat(np.arange(20), 3), np.arange(20, 30)])
    firms = Codes("firm_id", firm.astype(np.int32), 30)
    arrays = ModelArrays((rng.normal(size=70), rng.normal(size=70)), ("x",), firms, (), True)
    keep, dropped = rows_beside_others(70, [firms])
    assert dropped == {"firm_id": 10}
    np.testing.assert_allclose(
        fit_ols(arrays.where(keep)).coefficients, fit_ols(arrays).coefficients, rtol=1e-12
    )
