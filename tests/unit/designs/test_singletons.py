"""Rows alone in a level go until none is left; the model room's slow version is the measure."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterpanel.designs.codes import SampleCodes
from clusterpanel.designs.singletons import FirmLevels, OtherLevels, rows_beside_others


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
