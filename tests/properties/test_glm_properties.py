"""What must not matter to a generalised linear model does not; absorbed effects are dummies."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterpanel.models.arrays import Codes, ModelArrays
from clusterpanel.models.dense_moments import in_batches
from clusterpanel.models.families import FAMILIES, FamilyName
from clusterpanel.models.glm import fit_glm
from clusterpanel.models.glm_passes import GlmFold, GlmRows, Pass, Point
from clusterpanel.models.likelihood_fit import LikelihoodFit
from clusterpanel.models.poisson_separation import find_separated
from clusterpanel.models.separation import rows_of_mixed_levels

few = settings(max_examples=12, deadline=None)
seeds = st.integers(0, 10_000)
families = st.sampled_from(["poisson", "logit", "cloglog"])
absorbs = st.booleans()
TOLERANCE = 1e-8


def simulated(seed: int, family: FamilyName, absorbs_firm: bool, rows_per_block: int = 90) -> ModelArrays:
    """Simulate 60 firms of 3 to 8 years in four regions, some of which move; one-sided levels are gone."""
    rng = np.random.default_rng(seed)
    years = rng.integers(3, 9, 60)
    codes = np.repeat(np.arange(60, dtype=np.int32), years)
    rows = len(codes)
    region = np.where(rng.random(rows) < 0.2, rng.integers(0, 4, rows), codes % 4).astype(np.int32)
    year = (np.arange(rows) % 5).astype(np.int32)
    exposure, size = (rng.random(rows) < 0.5).astype(float), rng.normal(size=rows)
    eta = 0.4 * exposure - 0.3 * size + 0.2 * region + 0.1 * year + 0.5 * rng.normal(size=60)[codes]
    outcome = (
        rng.poisson(np.exp(eta)) if family == "poisson" else rng.random(rows) < 1 / (1 + np.exp(0.5 - eta))
    )
    firms = Codes("firm_id", codes, 60)
    effects = (Codes("region_code", region, 4), Codes("year", year, 5))
    sample = ModelArrays(
        (outcome.astype(float), exposure, size),
        ("in_cluster", "size"),
        firms,
        effects,
        absorbs_firm,
        groups=(firms, effects[0]),
        rows_per_block=rows_per_block,
    )
    if family == "poisson":
        return sample.where(~find_separated(sample).rows)
    all_effects = [*effects, firms] if absorbs_firm else effects
    return sample.where(rows_of_mixed_levels(sample.columns[0], all_effects)[0])


def dummies_of(sample: ModelArrays) -> np.ndarray:
    effects = [*((sample.firms,) if sample.absorbs_firm else ()), *sample.effects]
    blocks = [np.eye(effect.levels)[effect.codes] for effect in effects]
    return np.hstack([blocks[0], *(block[:, 1:] for block in blocks[1:])])


def newton(sample: ModelArrays, family: FamilyName) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return coefficients, bread and row scores from Fisher scoring with dummies, the slow way."""
    outcome, regressors = sample.columns[0], np.column_stack(sample.columns[1:])
    matrix = np.hstack([regressors, dummies_of(sample)])
    weights = np.ones(len(outcome)) if sample.weights is None else sample.weights
    offset = np.zeros(len(outcome)) if sample.offset is None else sample.offset
    inverse, theta = np.empty(0), np.zeros(matrix.shape[1])
    for _ in range(300):
        information, scores, loss = FAMILIES[family].terms(matrix @ theta + offset, outcome, weights)
        inverse = np.linalg.pinv(matrix.T @ (information[:, None] * matrix), rcond=1e-11)
        step = np.clip(inverse @ (matrix.T @ scores), -1, 1)
        if np.abs(step).max() < 1e-12:
            break
        # With few rows a firm, scoring with the expected information goes too far and back.
        while np.abs(step).max() > 1e-9:
            if FAMILIES[family].terms(matrix @ (theta + step) + offset, outcome, weights)[2] < loss:
                break
            step /= 2
        theta += step
    left = matrix @ inverse[:, : regressors.shape[1]]
    count = regressors.shape[1]
    return theta[:count], inverse[:count, :count], left * scores[:, None]


def same(one: LikelihoodFit, other: LikelihoodFit, tolerance: float = TOLERANCE) -> None:
    np.testing.assert_allclose(one.coefficients, other.coefficients, rtol=tolerance)
    np.testing.assert_allclose(one.sums.bread, other.sums.bread, rtol=10 * tolerance)
    np.testing.assert_allclose(one.sums.meat, other.sums.meat, rtol=10 * tolerance)


@few
@given(seed=seeds, family=families, absorbs_firm=absorbs)
def test_absorbed_effects_are_dummies(seed: int, family: FamilyName, absorbs_firm: bool) -> None:
    sample = simulated(seed, family, absorbs_firm)
    rng = np.random.default_rng(seed)
    sample = replace(
        sample,
        weights=rng.uniform(0.5, 2, sample.rows),
        weight_kind="analytic",
        offset=rng.normal(size=sample.rows) * 0.3,
    )
    fit = fit_glm(sample, family)
    coefficients, bread, scores = newton(sample, family)
    np.testing.assert_allclose(fit.coefficients, coefficients, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(fit.sums.bread, bread, rtol=1e-6, atol=1e-9)
    influence = scores.T @ scores
    np.testing.assert_allclose(
        fit.sums.bread @ fit.sums.meat @ fit.sums.bread, influence, rtol=1e-5, atol=1e-9
    )
    for way, group in enumerate(sample.groups):
        sums = np.zeros((group.levels, 2))
        np.add.at(sums, group.codes, scores)
        np.testing.assert_allclose(fit.sums.groups[way] @ fit.sums.bread, sums, rtol=1e-5, atol=1e-8)


@few
@given(seed=seeds, family=families, absorbs_firm=absorbs)
def test_a_weight_of_two_is_the_row_twice(seed: int, family: FamilyName, absorbs_firm: bool) -> None:
    sample = simulated(seed, family, absorbs_firm)
    copies = np.random.default_rng(seed).integers(1, 4, sample.rows)
    weighted = fit_glm(replace(sample, weights=copies.astype(float), weight_kind="frequency"), family)
    rows = np.repeat(np.arange(sample.rows), copies)

    def repeated(codes: Codes) -> Codes:
        return Codes(codes.name, codes.codes[rows], codes.levels)

    fit = fit_glm(
        replace(
            sample,
            columns=tuple(column[rows] for column in sample.columns),
            firms=repeated(sample.firms),
            effects=tuple(repeated(effect) for effect in sample.effects),
            groups=tuple(repeated(group) for group in sample.groups),
        ),
        family,
    )
    same(weighted, fit)
    assert weighted.counts.rows == fit.counts.rows
    np.testing.assert_allclose(weighted.facts["loglik"], fit.facts["loglik"], rtol=1e-10)
    np.testing.assert_allclose(weighted.facts["pseudo_r2"], fit.facts["pseudo_r2"], rtol=1e-8)


@few
@given(seed=seeds, family=families, absorbs_firm=absorbs, unit=st.sampled_from([1e-6, 0.01, 1e3, 1e9]))
def test_units_and_origins_of_regressors_do_not_matter(
    seed: int, family: FamilyName, absorbs_firm: bool, unit: float
) -> None:
    sample = simulated(seed, family, absorbs_firm)
    outcome, exposure, size = sample.columns
    one = fit_glm(sample, family)
    other = fit_glm(replace(sample, columns=(outcome, exposure * unit, size + 1e4)), family)
    np.testing.assert_allclose(other.coefficients * [unit, 1], one.coefficients, rtol=1e-7)
    np.testing.assert_allclose(
        np.sqrt(np.diag(other.sums.bread)) * [unit, 1], np.sqrt(np.diag(one.sums.bread)), rtol=1e-6
    )


@few
@given(seed=seeds, absorbs_firm=absorbs, amount=st.sampled_from([1e-3, 7.0, 1e6]))
def test_a_count_in_other_units_moves_the_effects_alone(seed: int, absorbs_firm: bool, amount: float) -> None:
    """Poisson regressions of sales in crowns and in thousands of crowns have the same coefficients."""
    sample = simulated(seed, "poisson", absorbs_firm)
    one = fit_glm(sample, "poisson")
    other = fit_glm(replace(sample, columns=(sample.columns[0] * amount, *sample.columns[1:])), "poisson")
    np.testing.assert_allclose(other.coefficients, one.coefficients, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(other.sums.bread * amount, one.sums.bread, rtol=1e-6)


@few
@given(seed=seeds, family=families, absorbs_firm=absorbs, shift=st.sampled_from([-20.0, 0.5, 8.0]))
def test_a_shift_of_the_offset_is_absorbed(
    seed: int, family: FamilyName, absorbs_firm: bool, shift: float
) -> None:
    sample = simulated(seed, family, absorbs_firm)
    offset = np.random.default_rng(seed).normal(size=sample.rows) * 0.5
    one, other = (fit_glm(replace(sample, offset=offset + by), family) for by in (0.0, shift))
    same(one, other, 1e-7)
    np.testing.assert_allclose(one.facts["pseudo_r2"], other.facts["pseudo_r2"], rtol=1e-7, atol=1e-9)


@few
@given(seed=seeds, absorbs_firm=absorbs)
def test_an_offset_is_a_regressor_with_coefficient_one(seed: int, absorbs_firm: bool) -> None:
    """Taking a regressor's fitted part as offset leaves the others' coefficients as they were."""
    sample = simulated(seed, "poisson", absorbs_firm)
    fit = fit_glm(sample, "poisson")
    outcome, exposure, size = sample.columns
    moved = replace(
        sample, columns=(outcome, exposure), names=("in_cluster",), offset=fit.coefficients[1] * size
    )
    np.testing.assert_allclose(
        fit_glm(moved, "poisson").coefficients[0], fit.coefficients[0], rtol=1e-7, atol=1e-9
    )


@few
@given(
    seed=seeds,
    family=families,
    absorbs_firm=absorbs,
    rows_per_block=st.sampled_from([1, 17, 64, 10_000]),
    threads=st.sampled_from([1, 2]),
)
def test_borders_of_blocks_and_threads_do_not_matter(
    seed: int, family: FamilyName, absorbs_firm: bool, rows_per_block: int, threads: int
) -> None:
    sample = simulated(seed, family, absorbs_firm)
    one = fit_glm(sample, family)
    other = fit_glm(replace(sample, rows_per_block=rows_per_block), family, threads)
    same(one, other, 1e-10)


@few
@given(seed=seeds, family=families, absorbs_firm=absorbs, threads=st.integers(2, 4))
def test_threads_change_no_bit(seed: int, family: FamilyName, absorbs_firm: bool, threads: int) -> None:
    sample = simulated(seed, family, absorbs_firm, rows_per_block=10)
    one, many = fit_glm(sample, family), fit_glm(sample, family, threads)
    assert one.coefficients.tobytes() == many.coefficients.tobytes()
    assert one.sums.bread.tobytes() == many.sums.bread.tobytes()
    assert one.sums.meat.tobytes() == many.sums.meat.tobytes()


def flat(here: Pass) -> np.ndarray:
    moments = here.moments
    assert moments is not None
    parts = [
        here.scores,
        here.level_scores,
        here.sums,
        here.squares,
        moments.gram,
        moments.cross,
        moments.schur,
    ]
    return np.concatenate([[here.loss, here.information, here.pearson], *(part.ravel() for part in parts)])


@few
@given(seed=seeds, family=families, absorbs_firm=absorbs)
def test_merging_passes_is_commutative_and_associative(
    seed: int, family: FamilyName, absorbs_firm: bool
) -> None:
    sample = simulated(seed, family, absorbs_firm)
    rng = np.random.default_rng(seed)
    point = Point(-0.3, rng.normal(size=2), rng.normal(size=sample.levels) * 0.3)
    fold = GlmFold(GlmRows(FAMILIES[family], absorbs_firm, np.ones(2), point), sample.levels, is_curved=True)
    blocks = list(sample.blocks())
    before = [np.copy(array) for array in blocks[0]]
    there = next(in_batches(blocks, absorbs_firm))

    def step(place: int) -> Pass:
        return fold.step([there[place]])

    np.testing.assert_allclose(
        flat(fold.merge(step(0), step(1))), flat(fold.merge(step(1), step(0))), rtol=1e-12, atol=1e-12
    )
    left = fold.merge(fold.merge(step(0), step(1)), step(2))
    right = fold.merge(step(0), fold.merge(step(1), step(2)))
    np.testing.assert_allclose(flat(left), flat(right), rtol=1e-12, atol=1e-12)
    for array, copy in zip(blocks[0], before, strict=True):
        np.testing.assert_array_equal(array, copy)


@few
@given(seed=seeds, family=families, absorbs_firm=absorbs)
def test_arrays_are_left_as_they_were(seed: int, family: FamilyName, absorbs_firm: bool) -> None:
    sample = simulated(seed, family, absorbs_firm)
    before = [column.copy() for column in sample.columns]
    fit_glm(sample, family)
    for column, copy in zip(sample.columns, before, strict=True):
        np.testing.assert_array_equal(column, copy)


@few
@given(seed=seeds, family=families, absorbs_firm=absorbs)
def test_a_sum_of_effects_is_dropped_and_named(seed: int, family: FamilyName, absorbs_firm: bool) -> None:
    sample = simulated(seed, family, absorbs_firm)
    sum_of_effects = sample.effects[0].codes * 3.0 + sample.effects[1].codes ** 2
    fit = fit_glm(
        replace(sample, columns=(*sample.columns, sum_of_effects), names=(*sample.names, "sum")), family
    )
    assert [item.name for item in fit.collinear] == ["sum"]
    np.testing.assert_allclose(fit.coefficients, fit_glm(sample, family).coefficients, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("absorbs_firm", [False, True])
def test_thousands_of_levels_are_solved_without_a_dense_matrix(absorbs_firm: bool) -> None:
    """The same effect besides the firm's, solved for by a sparse solver, and in the firm's place."""
    rng = np.random.default_rng(0)
    rows = 12_000
    firms = Codes("firm_id", np.repeat(np.arange(2_000, dtype=np.int32), 6), 2_000)
    cell = Codes("cell", rng.integers(0, 2_500, rows).astype(np.int32), 2_500)
    exposure = rng.normal(size=rows)
    counts = rng.poisson(np.exp(1 + 0.3 * exposure)).astype(float)
    sample = ModelArrays((counts, exposure), ("x",), firms, (cell,), absorbs_firm, groups=(firms,))
    found = find_separated(sample)
    sample = sample.where(~found.rows)
    assert sample.levels > 2_000
    fit = fit_glm(sample, "poisson")
    if not absorbs_firm:
        swapped = sample.where(np.ones(sample.rows, dtype=np.bool_))
        order = np.argsort(swapped.effects[0].codes, kind="stable")
        by_cell = Codes("cell", swapped.effects[0].codes[order], swapped.effects[0].levels)
        columns = tuple(column[order] for column in swapped.columns)
        inside = fit_glm(ModelArrays(columns, ("x",), by_cell, (), True), "poisson")
        np.testing.assert_allclose(fit.coefficients, inside.coefficients, rtol=1e-9)
    assert fit.coefficients[0] == pytest.approx(0.3, abs=5 * np.sqrt(fit.sums.bread[0, 0]))
