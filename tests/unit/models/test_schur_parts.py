"""The parts of the solvers of the effects' normal equations, each against plain NumPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from clusterpanel.errors import NotConvergedError
from clusterpanel.models.arrays import Codes, Floats, ModelArrays
from clusterpanel.models.moments import CrossMoments, add_moments
from clusterpanel.models.schur import blocks, spells
from clusterpanel.models.schur.blas_threads import one_blas_thread
from clusterpanel.models.schur.blocks import factor_diagonal_blocks
from clusterpanel.models.schur.bundles import bundle_levels, lift_of_bundles
from clusterpanel.models.schur.certificate import check_residual, has_solved, scale_of_levels
from clusterpanel.models.schur.conjugate_gradients import conjugate_gradients
from clusterpanel.models.schur.crossing import crossing
from clusterpanel.models.schur.lost import (
    hold_at_zero,
    independent_directions,
    redundant_levels,
    unseen_within,
)
from clusterpanel.models.schur.spells import NO_SPELLS, Spells, matrix_and_spells, stretches, taken_off
from clusterpanel.models.schur.split import split_effects
from clusterpanel.models.schur.sums import linked_levels, sums_of_levels
from clusterpanel.models.schur.triangle import pivoted_factor

seeds = st.integers(0, 10_000)
few = settings(max_examples=20, deadline=None)


def semidefinite(seed: int, size: int, rank: int) -> Floats:
    """Make a matrix of a rank, with a diagonal of 1."""
    made = np.random.default_rng(seed).normal(size=(size, rank))
    made /= np.linalg.norm(made, axis=1)[:, None]
    return np.asarray(made @ made.T)


@few
@given(seed=seeds, size=st.integers(1, 12), short=st.integers(0, 4))
def test_a_pivoted_factor_solves_and_tells_what_it_does_not_see(seed: int, size: int, short: int) -> None:
    rank = max(1, size - short)
    matrix = semidefinite(seed, size, rank)
    right = matrix @ np.random.default_rng(seed).normal(size=(size, 2))
    factor = pivoted_factor(matrix.copy())
    assert factor.rank == rank
    np.testing.assert_allclose(matrix @ factor.solve(right), right, atol=1e-6)
    directions = factor.unseen()
    assert directions.shape == (size, size - rank)
    np.testing.assert_allclose(matrix @ directions, 0.0, atol=1e-6)


def test_a_matrix_of_empty_levels_has_no_rank() -> None:
    factor = pivoted_factor(np.zeros((3, 3)))
    assert factor.rank == 0
    assert not factor.solve(np.ones((3, 1))).any()


@pytest.mark.parametrize("largest_small", [0, 2, 100])
def test_blocks_are_solved_whether_small_or_large(
    monkeypatch: pytest.MonkeyPatch, largest_small: int
) -> None:
    monkeypatch.setattr(blocks, "LARGEST_SMALL", largest_small)
    block = np.array([0, 1, 0, 1, 2, 1, 1], dtype=np.int32)
    matrix = semidefinite(1, 7, 7)
    # Within block 1 one level repeats another.
    matrix[6], matrix[:, 6] = matrix[5], matrix[:, 5]
    matrix[6, 6] = matrix[5, 6] = matrix[6, 5] = 1.0
    lift = np.arange(7) / 10.0
    lift[6] = lift[5]
    factors = factor_diagonal_blocks(sparse.csr_array(matrix), block, lift)
    assert list(factors.dependent) in ([5], [6])
    whole = np.where(block[:, None] == block, matrix + np.outer(lift, lift), 0.0)
    right = whole @ np.random.default_rng(2).normal(size=(7, 3))
    np.testing.assert_allclose(whole @ factors.solve(right), right, atol=1e-10)


def test_years_of_a_region_are_bundled_and_never_with_another_effects() -> None:
    region, year = np.repeat(np.arange(3), 4), np.tile(np.arange(4), 3)
    strong = np.where(region[:, None] == region, -0.3, -0.01)
    matrix = np.zeros((16, 16))
    matrix[:12, :12] = strong
    same_year = np.where(np.arange(4)[:, None] == year[None, :], 0.5, 0.0)
    matrix[12:, :12], matrix[:12, 12:] = same_year, same_year.T
    np.fill_diagonal(matrix, 1.0)
    effect = np.repeat([0, 1], [12, 4]).astype(np.int32)
    bundle = bundle_levels(sparse.csr_array(matrix), effect)
    np.testing.assert_array_equal(bundle, [*region, 3, 4, 5, 6])
    root = np.arange(1.0, 17.0)
    lift = lift_of_bundles(root, bundle)
    assert not lift[12:].any()
    np.testing.assert_allclose(np.linalg.norm(lift[:4]), np.sqrt(1e3))
    np.testing.assert_allclose(lift[:4] / lift[0], root[:4])


def test_levels_of_two_effects_that_share_rows_are_linked_year_by_year() -> None:
    year = np.array([0, 1, 2, 0, 1, 2, 0, 1, 2])
    effect = np.array([0, 0, 0, 0, 0, 0, 1, 1, 1], dtype=np.int32)
    shares = np.where(year[:, None] == year, 2.0, -1.0)
    linked = linked_levels(sparse.csr_array(np.triu(shares)), effect)
    assert [len(set(linked[year == one])) for one in range(3)] == [1, 1, 1]
    assert len(set(linked)) == 3


def test_sums_of_levels_have_norm_1_and_no_sum_is_of_one_level() -> None:
    group = np.array([0, 0, 1, 2, 2], dtype=np.int32)
    root = np.array([3.0, 4.0, 1.0, 1.0, 1.0])
    sums = sums_of_levels(root, [(np.arange(5), group)], most=5).toarray()
    np.testing.assert_allclose(sums, np.array([[0.6, 0.8, 0, 0, 0], [0, 0, 0, 0.5**0.5, 0.5**0.5]]).T)


@few
@given(seed=seeds, size=st.integers(2, 12))
def test_conjugate_gradients_solve_each_column(seed: int, size: int) -> None:
    matrix = semidefinite(seed, size, 2 * size)
    right = np.random.default_rng(seed).normal(size=(size, 3))
    right[:, 1] = 0.0
    aims = 1e-9 * np.ones(3)
    solution, steps = conjugate_gradients(
        lambda values: matrix @ values, lambda values: values / 2, right, aims, 300
    )
    assert 0 < steps < 300
    assert (np.linalg.norm(right - matrix @ solution, axis=0) <= 1e-6).all()
    assert not solution[:, 1].any()


def test_conjugate_gradients_stop_when_steps_run_out() -> None:
    matrix = np.diag([1.0, 0.1, 0.01])
    _, steps = conjugate_gradients(
        lambda x: matrix @ x, lambda x: x, np.ones((3, 1)), np.array([1e-12]), most_steps=2
    )
    assert steps == 2


def test_a_residual_is_judged_by_its_column_and_by_what_it_was_made_of() -> None:
    right = np.array([[1.0, 1e-12], [0.0, 0.0]])
    residual = np.array([[1e-13, 1e-12], [0.0, 0.0]])
    assert has_solved(residual, right, np.array([1.0, 1e3]))
    assert not has_solved(residual, right, None)
    with pytest.raises(NotConvergedError, match=r"normal equations \(some path\).* 1\.0e\+00 of their"):
        check_residual(residual, right, None, "some path")


def test_levels_nobody_is_in_have_no_scale() -> None:
    np.testing.assert_allclose(scale_of_levels(np.array([4.0, 0.0, 1e-14, 25.0])), [0.5, 0.0, 0.0, 0.2])


def test_redundant_levels_pin_directions_down_from_the_last_effect_on() -> None:
    # Two effects of 3 levels with a sum in common, the second with a sum of its own beside.
    directions = np.array([[1.0, 1, 1, -1, -1, -1], [0, 0, 0, 1, 1, 0]]).T
    levels = redundant_levels(directions, np.array([0, 3, 6]))
    assert (levels >= 3).all()
    assert len(levels) == 2
    assert np.linalg.matrix_rank(directions[levels]) == 2
    values = np.random.default_rng(0).normal(size=(6, 2))
    held = hold_at_zero(values, directions, levels)
    assert not held[levels].any()
    # What was added lies in the directions.
    added = held - values
    np.testing.assert_allclose(directions @ np.linalg.lstsq(directions, added, rcond=None)[0], added)


def test_directions_among_some_levels_are_found_and_joined_to_the_known() -> None:
    matrix = np.eye(5)
    matrix[2:4, 2:4] = [[1.0, -1.0], [-1.0, 1.0]]
    levels = np.array([1, 2, 3])
    found = unseen_within(levels, 5, lambda some: matrix[np.ix_(some, some)])
    np.testing.assert_allclose(np.abs(found / found[2]).ravel(), [0, 0, 1, 1, 0], atol=1e-12)
    joined = independent_directions(found / np.linalg.norm(found), np.hstack([found, np.eye(5)[:, :1]]))
    assert joined.shape == (5, 2)
    np.testing.assert_allclose(joined.T @ joined, np.eye(2), atol=1e-12)


def test_the_effect_that_falls_into_blocks_is_eliminated_and_few_others_are_left() -> None:
    industries, years, regions = 40, 5, 30
    size = industries * years + regions
    matrix = np.zeros((size, size))
    block = np.arange(industries * years) // years
    matrix[:-regions, :-regions] = block[:, None] == block
    matrix[:, -regions:] = matrix[-regions:] = 1.0
    split = split_effects(sparse.csr_array(np.triu(matrix)), np.array([0, industries * years, size]))
    np.testing.assert_array_equal(split.iterated, np.arange(size - regions, size))
    np.testing.assert_array_equal(split.block, block)
    kind, place = split.parts
    assert (kind[:-regions] == 1).all()
    np.testing.assert_array_equal(place[-regions:], np.arange(regions))


def panel(seed: int) -> ModelArrays:
    """Simulate firms that mostly stay in one of 4 regions and always in one of 3 industries."""
    rng = np.random.default_rng(seed)
    years = rng.integers(2, 9, 80)
    firm = np.repeat(np.arange(80), years)
    year = np.concatenate([rng.integers(0, 9 - count) + np.arange(count) for count in years])
    region = (rng.integers(0, 4, 80)[firm] + (rng.random(len(firm)) < 0.03)) % 4
    industry = rng.integers(0, 3, 80)[firm]
    pairs = {"region^year": region * 8 + year, "industry^year": industry * 8 + year, "year": year}
    effects = []
    for name, values in pairs.items():
        labels, numbers = np.unique(values, return_inverse=True)
        effects.append(Codes(name, numbers.astype(np.int32), len(labels)))
    return ModelArrays(
        (rng.normal(size=len(firm)),), (), Codes("firm", firm.astype(np.int32), 80), tuple(effects), True
    )


def moments_of(arrays: ModelArrays) -> CrossMoments:
    total = CrossMoments.zeros(1, arrays.levels)
    for block in arrays.blocks():
        add_moments(block, block.values, block.weights, True, total)
    return total


@few
@given(seed=seeds, longest=st.sampled_from([1, 1_000]))
def test_spells_taken_off_give_the_whole_matrix(seed: int, longest: int) -> None:
    arrays = panel(seed)
    moments = moments_of(arrays)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spells, "LONGEST_STRETCH", longest)
        upper, between = matrix_and_spells(moments.pairs, sum(arrays.effect_levels))
    assert (len(between.level) > 0) == (longest > 1)
    np.testing.assert_allclose(taken_off(upper, between).toarray(), moments.schur, atol=1e-12)


@few
@given(seed=seeds)
def test_the_part_between_by_corners_is_that_pair_by_pair(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pairs, count = rng.normal(size=(20, 15)), 12
    years = rng.integers(2, 5, count)
    some = Spells(rng.integers(0, 20 - years), rng.integers(0, 15 - years), years, rng.random(count))
    dense = pairs.copy()
    for level, other, length, share in zip(*some, strict=True):
        dense[level : level + length, other : other + length] -= share
    row_scale, column_scale = rng.uniform(1, 2, 20), rng.uniform(1, 2, 15)
    scaled = row_scale[:, None] * pairs * column_scale
    part = crossing(sparse.csr_array(scaled), some, row_scale, column_scale)
    dense = row_scale[:, None] * dense * column_scale
    left, right = rng.normal(size=(20, 2)), rng.normal(size=(15, 2))
    np.testing.assert_allclose(part.times(right), dense @ right, atol=1e-12)
    np.testing.assert_allclose(part.transposed_times(left), dense.T @ left, atol=1e-12)
    np.testing.assert_allclose(part.of_rows(np.array([3, 1])), dense[[3, 1]], atol=1e-12)


def test_a_part_without_spells_is_its_pairs() -> None:
    pairs = np.arange(6.0).reshape(2, 3)
    part = crossing(sparse.csr_array(pairs), NO_SPELLS, np.ones(2), np.ones(3))
    np.testing.assert_array_equal(part.times(np.eye(3)), pairs)
    np.testing.assert_array_equal(part.transposed_times(np.eye(2)), pairs.T)


def test_levels_that_a_spell_passes_through_share_a_stretch() -> None:
    # Spells over levels 1-3 and 3-4 hang together; 0, 5 and 6 are alone.
    np.testing.assert_array_equal(stretches(np.array([1, 3]), np.array([3, 2]), 7), [0, 1, 1, 1, 1, 2, 3])


def test_linear_algebra_has_one_thread_inside_and_the_old_number_after() -> None:
    from threadpoolctl import threadpool_info

    def threads() -> list[int]:
        return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]

    before = threads()
    with one_blas_thread():
        assert set(threads()) == {1}
    assert threads() == before
