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
    firm = np.array([0, 0, 0, 1, 2, 2, 3], dtype=np.int32)
    firms, years = Codes("firm_id", firm, 4), Codes("year", firm % 2, 2)
    columns = np.arange(7.0), np.arange(7.0, 14.0)
    arrays = ModelArrays(
        columns, ("x",), firms, (years,), True, groups=(firms, years), rows_per_block=rows_per_block
    )
    blocks = list(arrays.blocks())
    np.testing.assert_array_equal(np.hstack([block.values for block in blocks]), np.stack(columns))
    assert [block.first_row for block in blocks] == [0, *np.cumsum([block.rows for block in blocks])[:-1]]
    for block in blocks:
        assert block.starts[0] == 0
        assert block.starts[-1] == block.rows
        assert len(set(block.groups[:, 0].tolist())) == len(block.starts) - 1
    seen = [set(block.groups[:, 0].tolist()) for block in blocks]
    assert sum(len(group) for group in seen) == 4


def test_a_block_carries_what_its_rows_have() -> None:
    firm = np.array([0, 0, 1, 1, 1], dtype=np.int32)
    firms, region = Codes("firm_id", firm, 2), Codes("region_code", firm, 2)
    slope = Codes("region_code[year]", firm, 2, loads=np.arange(5.0))
    one, two, three = np.arange(5.0), np.arange(5.0) + 1, np.arange(5.0) + 2
    arrays = ModelArrays(
        (one,), (), firms, (region, slope), True, (two,), (), three, "analytic", one, rows_per_block=2
    )
    block = list(arrays.blocks())[1]
    assert block.effects.tolist() == [[1, 3]] * 3
    assert block.loads.tolist() == [[1, 2], [1, 3], [1, 4]]
    assert (block.basis[:, 0].tolist(), block.weights.tolist()) == ([3, 4, 5], [4, 5, 6])
    assert (block.offset.tolist(), block.first_row) == ([2, 3, 4], 2)
    kept = arrays.where(np.array([False, False, True, True, False]))
    assert (kept.rows, kept.effects[1].loads.tolist(), kept.firms.levels) == (2, [2, 3], 1)
    assert kept.total_weight == 9


def test_nested_effects_are_told() -> None:
    firm = Codes("firm_id", np.array([0, 0, 1, 1], dtype=np.int32), 2)
    region = Codes("region_code", np.array([0, 0, 0, 0], dtype=np.int32), 1)
    year = Codes("year", np.array([0, 1, 0, 1], dtype=np.int32), 2)
    arrays = ModelArrays((np.arange(4.0),), (), firm, (region, year), True, groups=(region, firm))
    assert arrays.is_nested("firm", 0)
    assert arrays.is_nested("firm", 1)
    assert not arrays.is_nested(0, 1)
    assert not arrays.is_nested(1, 1)


def test_a_joint_effects_factors_follow_its_levels() -> None:
    codes = np.array([0, 1, 2, 3], dtype=np.int32)
    joint = Codes("region^year", codes, 4, factors=(codes // 2, codes % 2))
    kept = joint.where(np.array([False, True, False, True]))
    assert [factor.tolist() for factor in kept.factors] == [[0, 1], [1, 1]]
