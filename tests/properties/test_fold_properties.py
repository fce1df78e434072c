"""How the rows are cut, ordered and spread over threads does not matter."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterpanel.engine.local import run_fold
from clusterpanel.models.absorb import AbsorbFold, SampleMoments
from clusterpanel.models.arrays import ArrayBlock, Codes, ModelArrays
from clusterpanel.models.moments import CrossMoments
from clusterpanel.models.ols import fit_ols
from clusterpanel.models.scores import ScoreFold, ScoreMoments, join_groups
from clusterpanel.models.survival.risk_counts import Episodes, RiskFold
from clusterpanel.models.survival.time_grid import TimeGrid
from clusterpanel.spec.vcov import GroupedVcov

# Sums in another order differ in the last digits; solving amplifies that by the conditioning.
TOLERANCE = 1e-10
few = settings(max_examples=25, deadline=None)
BY_FIRM = GroupedVcov(CRV1="firm_id")


def simulated_arrays(seed: int, absorbs_firm: bool = True, rows_per_block: int = 40) -> ModelArrays:
    """Simulate 60 firms of 2 to 6 years in 4 regions."""
    rng = np.random.default_rng(seed)
    years = rng.integers(2, 7, 60)
    firm = np.repeat(np.arange(60, dtype=np.int32), years)
    year = np.concatenate([np.arange(count, dtype=np.int32) for count in years])
    region = rng.integers(0, 4, len(firm)).astype(np.int32)
    regressors = np.column_stack([rng.random(len(firm)) < 0.5, rng.normal(size=len(firm))])
    outcome = regressors @ [0.4, -0.3] + rng.normal(size=60)[firm] + 0.2 * region + rng.normal(size=len(firm))
    firms = Codes("firm_id", firm, 60)
    effects = (Codes("year", year, int(years.max())), Codes("region_code", region, int(region.max()) + 1))
    columns = outcome, *np.ascontiguousarray(regressors.T)
    return ModelArrays(
        columns,
        ("in_cluster", "size"),
        firms,
        effects,
        absorbs_firm,
        groups=(firms, effects[1]),
        rows_per_block=rows_per_block,
    )


def folds_and_blocks(seed: int) -> Iterator[tuple[object, list[object]]]:
    arrays = simulated_arrays(seed)
    rng = np.random.default_rng(seed)
    episodes = [
        Episodes(np.zeros(9), rng.integers(1, 5, 9).astype(float), rng.random(9) < 0.5, rng.integers(0, 2, 9))
        for _ in range(3)
    ]
    coefficients, slopes = rng.normal(size=(2, 1)), rng.normal(size=(arrays.levels, 3))
    yield AbsorbFold(True, arrays.effect_levels, np.zeros(3)), list(arrays.blocks())
    yield AbsorbFold(False, arrays.effect_levels, np.ones(3)), list(arrays.blocks())
    yield (
        ScoreFold(True, coefficients, slopes, np.ones(3), None, arrays.group_levels),
        list(arrays.blocks()),
    )
    yield RiskFold(TimeGrid(np.arange(1.0, 5.0), True), groups=2), list(episodes)


def flat(moments: object) -> np.ndarray:
    if isinstance(moments, SampleMoments):
        return flat((moments.cross, moments.weight, moments.sums, moments.squares))
    if isinstance(moments, CrossMoments):
        return flat((moments.gram, moments.cross, moments.schur))
    if isinstance(moments, ScoreMoments):
        sums = [join_groups(list(parts), 60) for parts in moments.parts]
        return flat((moments.squares, moments.meat, *sums))
    if isinstance(moments, tuple):
        return np.concatenate([flat(part) for part in moments])
    return np.atleast_1d(np.asarray(moments, dtype=float)).ravel()


@few
@given(seed=st.integers(0, 10_000))
def test_merging_is_commutative_and_associative(seed: int) -> None:
    for fold, blocks in folds_and_blocks(seed):
        one, two, three = blocks[:3]

        def step(block: object, fold: object = fold) -> object:
            return fold.step(block)  # type: ignore[attr-defined]

        merge = fold.merge  # type: ignore[attr-defined]
        np.testing.assert_allclose(
            flat(merge(step(one), step(two))), flat(merge(step(two), step(one))), rtol=1e-13, atol=1e-13
        )
        left = merge(merge(step(one), step(two)), step(three))
        right = merge(step(one), merge(step(two), step(three)))
        np.testing.assert_allclose(flat(left), flat(right), rtol=1e-12, atol=1e-12)


@few
@given(seed=st.integers(0, 10_000))
def test_a_step_leaves_its_block_as_it_is(seed: int) -> None:
    for fold, blocks in folds_and_blocks(seed):
        before = [array if array is None else np.copy(array) for array in blocks[0]]  # type: ignore[attr-defined]
        fold.step(blocks[0])  # type: ignore[attr-defined]
        for array, copy in zip(blocks[0], before, strict=True):  # type: ignore[call-overload]
            np.testing.assert_array_equal(array, copy)


@few
@given(seed=st.integers(0, 10_000), rows=st.integers(1, 400), absorbs_firm=st.booleans())
def test_block_borders_do_not_matter_to_least_squares(seed: int, rows: int, absorbs_firm: bool) -> None:
    arrays = replace(simulated_arrays(seed, absorbs_firm), groups=simulated_arrays(seed).groups[:1])
    whole, cut = (fit_ols(replace(arrays, rows_per_block=size), BY_FIRM) for size in (10_000, rows))
    np.testing.assert_allclose(cut.coefficients, whole.coefficients, rtol=TOLERANCE)
    np.testing.assert_allclose(cut.variance.matrix, whole.variance.matrix, rtol=TOLERANCE)


@few
@given(seed=st.integers(0, 10_000), order=st.randoms(use_true_random=False))
def test_the_order_of_blocks_does_not_matter(seed: int, order: "np.random.Generator") -> None:
    arrays = simulated_arrays(seed, rows_per_block=20)
    fold = AbsorbFold(True, arrays.effect_levels, np.zeros(3))
    shuffled: list[ArrayBlock] = list(arrays.blocks())
    order.shuffle(shuffled)  # type: ignore[arg-type]
    here, there = run_fold(fold, arrays.blocks()).absorbed, run_fold(fold, shuffled).absorbed
    np.testing.assert_allclose(here.rest, there.rest, rtol=TOLERANCE, atol=TOLERANCE)
    assert here.rank == there.rank


@few
@given(seed=st.integers(0, 10_000), threads=st.integers(2, 5))
def test_threads_change_no_bit(seed: int, threads: int) -> None:
    arrays = simulated_arrays(seed, rows_per_block=20)
    arrays = replace(arrays, groups=arrays.groups[:1])
    one, many = fit_ols(arrays, BY_FIRM, threads=1), fit_ols(arrays, BY_FIRM, threads=threads)
    assert one.coefficients.tobytes() == many.coefficients.tobytes()
    assert one.variance.matrix.tobytes() == many.variance.matrix.tobytes()
