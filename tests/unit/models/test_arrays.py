import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterpanel.models.arrays import Codes, ModelArrays, compact


@given(st.lists(st.integers(0, 20), min_size=1, max_size=50))
def test_compact_codes_stand_for_the_old_ones(values: list[int]) -> None:
    codes = np.array(values)
    new, levels, old = compact(codes, 21)
    np.testing.assert_array_equal(old[new], codes)
    assert sorted(set(new.tolist())) == list(range(levels))


def test_sparse_codes_are_compacted_too() -> None:
    new, levels, old = compact(np.array([7, 10**12, 7]), 10**12 + 1)
    assert (new.tolist(), levels, old.tolist()) == ([0, 1, 0], 2, [7, 10**12])


@pytest.mark.parametrize("rows_per_block", [1, 2, 3, 5, 100])
def test_blocks_hold_whole_firms_and_all_rows(rows_per_block: int) -> None:
    firm = np.array([0, 0, 0, 1, 2, 2, 3])
    firms = Codes("firm_id", firm, 4)
    values = np.arange(14.0).reshape(7, 2)
    arrays = ModelArrays(values, ("x",), firms, (Codes("year", firm % 2, 2),), True, firms, rows_per_block)
    blocks = list(arrays.blocks())
    np.testing.assert_array_equal(np.vstack([block.values for block in blocks]), values)
    for block in blocks:
        assert block.starts[0] == 0
        assert block.starts[-1] == len(block.values)
        assert len(set(block.groups.tolist())) == len(block.starts) - 1
    seen = [set(block.groups.tolist()) for block in blocks]
    assert sum(len(group) for group in seen) == 4
