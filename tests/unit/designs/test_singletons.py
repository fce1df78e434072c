"""Rows alone in a level go until none is left; counting all levels anew each time is the measure."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterpanel.designs.codes import SampleCodes
from clusterpanel.designs.singletons import FirmLevels, OtherLevels, rows_beside_others
from clusterpanel.models.arrays import Codes, ModelArrays
from clusterpanel.models.ols import fit_ols


def dropped_one_by_one(kinds: dict[str, np.ndarray]) -> tuple[np.ndarray, dict[str, int]]:
    """Drop rows alone in a level by counting all levels again after each effect."""
    rows = len(next(iter(kinds.values())))
    keep, dropped, before = np.ones(rows, dtype=bool), dict.fromkeys(kinds, 0), -1
    while before != keep.sum():
        before = keep.sum()
        for name, codes in kinds.items():
            counts = np.bincount(codes[keep], minlength=codes.max() + 1)
            lost = keep & (counts[codes] == 1)
            dropped[name] += int(lost.sum())
            keep &= ~lost
    return keep, dropped


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 10_000), regions=st.integers(1, 30), years=st.integers(1, 30))
def test_the_same_rows_stay_as_by_counting_again(seed: int, regions: int, years: int) -> None:
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 4, 20)
    firms = np.repeat(np.arange(20), sizes)
    others = {
        name: np.unique(rng.integers(0, size, len(firms)), return_inverse=True)[1]
        for name, size in (("region", regions), ("year", years))
    }
    wanted, counts = dropped_one_by_one({"firm": firms, **others})
    effects = [FirmLevels("firm", np.concatenate([[0], np.cumsum(sizes)]))]
    coded = [OtherLevels(SampleCodes(name, codes, int(codes.max()) + 1)) for name, codes in others.items()]
    keep, dropped = rows_beside_others(len(firms), [*effects, *coded])
    np.testing.assert_array_equal(np.ones(len(firms), dtype=bool) if keep is None else keep, wanted)
    assert dropped == counts


@pytest.mark.parametrize("codes", [[0, 0, 1, 1], [0, 0, 0, 0]])
def test_nothing_is_copied_where_no_row_is_alone(codes: list[int]) -> None:
    levels = OtherLevels(SampleCodes("a", np.array(codes, dtype=np.uint8), max(codes) + 1))
    assert rows_beside_others(4, [levels]) == (None, {"a": 0})


def test_dropping_one_row_can_leave_another_alone() -> None:
    # Firm 0 is alone; then year 0 holds one row; then firm 1 does; firm 2 stays.
    firms = FirmLevels("firm_id", np.array([0, 1, 3, 6]))
    years = OtherLevels(SampleCodes("year", np.array([0, 0, 1, 1, 1, 1], dtype=np.uint8), 2))
    keep, dropped = rows_beside_others(6, [firms, years])
    assert keep is not None
    assert keep.tolist() == [False, False, False, True, True, True]
    assert dropped == {"firm_id": 2, "year": 1}


def test_rows_alone_in_their_firm_do_not_move_the_coefficients() -> None:
    rng = np.random.default_rng(0)
    firm = np.concatenate([np.repeat(np.arange(20), 3), np.arange(20, 30)])
    arrays = ModelArrays(
        (rng.normal(size=70), rng.normal(size=70)),
        ("x",),
        Codes("firm_id", firm.astype(np.int32), 30),
        (),
        absorbs_firm=True,
    )
    keep, dropped = rows_beside_others(70, [FirmLevels("firm_id", arrays.starts)])
    assert keep is not None
    assert dropped == {"firm_id": 10}
    np.testing.assert_allclose(
        fit_ols(arrays.where(keep)).coefficients, fit_ols(arrays).coefficients, rtol=1e-12
    )
