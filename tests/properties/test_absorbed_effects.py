"""Absorbing is regressing on dummies, whatever the weights, slopes and blocks; the oracle is dense."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterpanel.models.absorb import absorb, left_rows
from clusterpanel.models.arrays import Codes, ModelArrays
from clusterpanel.models.moments import CrossMoments, add_moments
from clusterpanel.models.ols import fit_ols, fit_ols_outcomes
from clusterpanel.spec.vcov import GroupedVcov

few = settings(max_examples=30, deadline=None)
seeds = st.integers(0, 10_000)
BY_FIRM, BY_REGION = GroupedVcov(CRV1="firm_id"), GroupedVcov(CRV1="region_code")
# Direct solutions both, of systems whose condition Hypothesis varies.
TOLERANCE = 1e-9

samples = st.fixed_dictionaries(
    {
        "seed": seeds,
        "absorbs_firm": st.booleans(),
        "slopes": st.integers(0, 2),
        "is_weighted": st.booleans(),
        "has_loads": st.booleans(),
        "rows_per_block": st.sampled_from([1, 7, 40, 1000]),
    }
)


def codes(name: str, values: np.ndarray, **fields: Any) -> Codes:
    """Number a column from 0."""
    labels, numbers = np.unique(values, return_inverse=True)
    return Codes(name, numbers.astype(np.int32), len(labels), **fields)


def simulated(
    seed: int,
    *,
    absorbs_firm: bool = True,
    slopes: int = 0,
    is_weighted: bool = False,
    has_loads: bool = False,
    rows_per_block: int = 40,
    outcomes: int = 1,
) -> ModelArrays:
    """Simulate 30 firms of 1 to 9 years with gaps, some of which move, in industry-years seen in a row."""
    rng = np.random.default_rng(seed)
    years = rng.integers(1, 10, 30)
    firm = np.repeat(np.arange(30), years)
    rows = len(firm)
    year = np.concatenate([rng.integers(0, 3) + np.arange(count) for count in years])
    year += np.concatenate([np.cumsum(rng.random(count) < 0.1) for count in years])
    region = (
        np.where(rng.random(30) < 0.4, 1, 0)[firm] * rng.integers(0, 3, rows) + rng.integers(0, 3, 30)[firm]
    )
    industry = rng.integers(0, 3, 30)[firm]
    effects = [codes("region_code", region), codes("industry^year", industry * 20 + year)]
    if has_loads:
        effects.append(codes("region_code[z]", region, loads=rng.normal(size=rows)))
    columns = [rng.normal(size=rows) + 5 + year for _ in range(outcomes + 2)]
    firms = codes("firm_id", firm)
    return ModelArrays(
        columns=tuple(columns),
        names=("in_cluster", "size"),
        firms=firms,
        effects=tuple(effects),
        absorbs_firm=absorbs_firm,
        firm_slopes=tuple(rng.normal(size=rows) + 3 for _ in range(slopes)),
        groups=(firms, codes("region_code", region)),
        weights=rng.uniform(0.5, 4, rows) if is_weighted else None,
        weight_kind="analytic" if is_weighted else None,
        outcomes=outcomes,
        rows_per_block=rows_per_block,
    )


def dummies_of(arrays: ModelArrays) -> np.ndarray:
    """Return a column for each level, multiplied where it is a slope."""
    own = np.eye(arrays.firms.levels)[arrays.firms.codes]
    blocks = [own] if arrays.absorbs_firm else []
    blocks += [own * variable[:, None] for variable in arrays.firm_slopes]
    for effect in arrays.effects:
        loads = np.ones(arrays.rows) if effect.loads is None else effect.loads
        blocks.append(np.eye(effect.levels)[effect.codes] * loads[:, None])
    return np.hstack(blocks)


def left_by_dummies(arrays: ModelArrays) -> np.ndarray:
    """Return what a regression on all dummies leaves of each column; shape (columns, rows)."""
    values, dummies = np.stack(arrays.columns, axis=1), dummies_of(arrays)
    roots = np.sqrt(np.ones(arrays.rows) if arrays.weights is None else arrays.weights)[:, None]
    return np.asarray((values - dummies @ np.linalg.lstsq(dummies * roots, values * roots, rcond=None)[0]).T)


@few
@given(sample=samples)
def test_absorbed_effects_equal_dummies(sample: dict[str, Any]) -> None:
    arrays = simulated(**sample)
    weights = np.ones(arrays.rows) if arrays.weights is None else arrays.weights
    left, absorbed = left_by_dummies(arrays), absorb(arrays)
    np.testing.assert_allclose(left_rows(arrays, absorbed), left, atol=1e-8)
    np.testing.assert_allclose(absorbed.rest, left * weights @ left.T, rtol=1e-8, atol=1e-8)


@few
@given(sample=samples)
def test_scores_by_group_are_sums_of_the_rows_scores(sample: dict[str, Any]) -> None:
    arrays = simulated(**{**sample, "slopes": 0})
    weights = np.ones(arrays.rows) if arrays.weights is None else arrays.weights
    left = left_by_dummies(arrays)
    coefficients = np.linalg.lstsq((left[1:] * np.sqrt(weights)).T, left[0] * np.sqrt(weights), rcond=None)[0]
    scores = left[1:] * weights * (left[0] - coefficients @ left[1:])
    bread = np.linalg.inv(left[1:] * weights @ left[1:].T)
    for place, vcov in enumerate((BY_FIRM, BY_REGION)):
        group = arrays.groups[place]
        fit = fit_ols(replace(arrays, groups=(group,)), vcov)
        sums = np.eye(group.levels)[group.codes].T @ scores.T
        sandwich = bread @ sums.T @ sums @ bread
        np.testing.assert_allclose(fit.coefficients, coefficients, rtol=TOLERANCE, atol=1e-9)
        ratio = fit.variance.matrix / sandwich
        np.testing.assert_allclose(ratio, ratio[0, 0], rtol=1e-6)


@few
@given(seed=seeds, slopes=st.integers(0, 1), vcov=st.sampled_from(["iid", "HC1", BY_FIRM]))
def test_a_frequency_weight_of_two_is_the_row_twice(seed: int, slopes: int, vcov: Any) -> None:
    arrays = simulated(seed, slopes=slopes)
    rng = np.random.default_rng(seed)
    copies = rng.integers(1, 4, arrays.rows)
    weighted = replace(arrays, weights=copies.astype(float), weight_kind="frequency")
    again = np.repeat(np.arange(arrays.rows), copies)
    repeated = replace(
        arrays,
        columns=tuple(column[again] for column in arrays.columns),
        firms=replace(arrays.firms, codes=arrays.firms.codes[again]),
        effects=tuple(replace(effect, codes=effect.codes[again]) for effect in arrays.effects),
        firm_slopes=tuple(variable[again] for variable in arrays.firm_slopes),
        groups=tuple(replace(group, codes=group.codes[again]) for group in arrays.groups),
    )
    ways = {"groups": arrays.groups[:1]}, {"groups": repeated.groups[:1]}
    one, other = fit_ols(replace(weighted, **ways[0]), vcov), fit_ols(replace(repeated, **ways[1]), vcov)
    np.testing.assert_allclose(one.coefficients, other.coefficients, rtol=TOLERANCE)
    np.testing.assert_allclose(one.variance.matrix, other.variance.matrix, rtol=TOLERANCE)
    assert one.variance.degrees_of_freedom == other.variance.degrees_of_freedom


@few
@given(seed=seeds, unit=st.sampled_from([1e-3, 7.0]))
def test_the_unit_of_weights_does_not_matter(seed: int, unit: float) -> None:
    arrays = replace(simulated(seed, is_weighted=True), groups=())
    assert arrays.weights is not None
    one, other = fit_ols(arrays, "HC1"), fit_ols(replace(arrays, weights=unit * arrays.weights), "HC1")
    np.testing.assert_allclose(one.coefficients, other.coefficients, rtol=TOLERANCE)
    np.testing.assert_allclose(one.variance.matrix, other.variance.matrix, rtol=TOLERANCE)


@few
@given(sample=samples, outcomes=st.integers(2, 4), vcov=st.sampled_from(["HC1", BY_FIRM]))
def test_several_outcomes_at_once_are_each_by_itself(
    sample: dict[str, Any], outcomes: int, vcov: Any
) -> None:
    arrays = simulated(**{**sample, "slopes": min(sample["slopes"], 1)}, outcomes=outcomes)
    arrays = replace(arrays, groups=arrays.groups[:1])
    together = fit_ols_outcomes(arrays, vcov)
    for outcome, fit in enumerate(together):
        alone = fit_ols(arrays.only([outcome, outcomes, outcomes + 1]), vcov)
        np.testing.assert_allclose(fit.coefficients, alone.coefficients, rtol=TOLERANCE, atol=1e-12)
        np.testing.assert_allclose(fit.variance.matrix, alone.variance.matrix, rtol=TOLERANCE)


@few
@given(sample=samples)
def test_the_order_of_firms_and_the_numbers_of_levels_do_not_matter(sample: dict[str, Any]) -> None:
    arrays = simulated(**{**sample, "slopes": min(sample["slopes"], 1)})
    arrays = replace(arrays, groups=arrays.groups[:1])
    rng = np.random.default_rng(sample["seed"])
    rank = rng.permutation(arrays.firms.levels)
    order = np.argsort(rank[arrays.firms.codes], kind="stable")
    shuffled = arrays.where(np.ones(arrays.rows, dtype=np.bool_))
    renumbered = [rng.permutation(effect.levels).astype(np.int32) for effect in arrays.effects]
    shuffled = replace(
        arrays,
        columns=tuple(column[order] for column in arrays.columns),
        firms=replace(arrays.firms, codes=np.sort(rank[arrays.firms.codes]).astype(np.int32)),
        effects=tuple(
            replace(
                effect,
                codes=numbers[effect.codes][order],
                loads=None if effect.loads is None else effect.loads[order],
            )
            for effect, numbers in zip(arrays.effects, renumbered, strict=True)
        ),
        firm_slopes=tuple(variable[order] for variable in arrays.firm_slopes),
        groups=tuple(replace(group, codes=group.codes[order]) for group in arrays.groups),
        weights=None if arrays.weights is None else arrays.weights[order],
    )
    one, other = fit_ols(arrays, BY_FIRM), fit_ols(shuffled, BY_FIRM)
    np.testing.assert_allclose(one.coefficients, other.coefficients, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(one.variance.matrix, other.variance.matrix, rtol=1e-8)


@few
@given(sample=samples, threads=st.integers(2, 4))
def test_threads_change_no_bit(sample: dict[str, Any], threads: int) -> None:
    arrays = simulated(**{**sample, "slopes": min(sample["slopes"], 1)})
    arrays = replace(arrays, groups=arrays.groups[1:])
    one, many = fit_ols(arrays, BY_REGION), fit_ols(arrays, BY_REGION, threads=threads)
    assert one.coefficients.tobytes() == many.coefficients.tobytes()
    assert one.variance.matrix.tobytes() == many.variance.matrix.tobytes()


@few
@given(sample=samples, rows=st.integers(1, 300))
def test_block_borders_move_moments_by_rounding_only(sample: dict[str, Any], rows: int) -> None:
    arrays = simulated(**sample)
    whole, cut = (_moments(replace(arrays, rows_per_block=size)) for size in (10_000, rows))
    for one, other in ((whole.gram, cut.gram), (whole.cross, cut.cross), (whole.schur, cut.schur)):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12 * np.abs(one).max())


def _moments(arrays: ModelArrays) -> CrossMoments:
    total = CrossMoments.zeros(len(arrays.columns), arrays.levels)
    for block in arrays.blocks():
        moments = CrossMoments.zeros(len(arrays.columns), arrays.levels)
        add_moments(block, block.values, block.weights, arrays.absorbs_firm, moments)
        total.add(moments)
    return total


@few
@given(sample=samples)
def test_the_schur_complement_is_that_of_the_dummies(sample: dict[str, Any]) -> None:
    arrays = simulated(**sample)
    moments = _moments(arrays)
    firms = replace(arrays, effects=())
    others = replace(arrays, absorbs_firm=False, firm_slopes=())
    roots = np.sqrt(np.ones(arrays.rows) if arrays.weights is None else arrays.weights)[:, None]
    rest = dummies_of(others) * roots
    if firms.absorbs_firm or firms.firm_slopes:
        own = dummies_of(firms) * roots
        rest = rest - own @ np.linalg.lstsq(own, rest, rcond=None)[0]
    np.testing.assert_allclose(moments.schur, np.triu(rest.T @ rest), atol=1e-8)
    # The sparse form holds the same numbers.
    whole = sparse_schur(moments)
    np.testing.assert_allclose(whole, moments.schur, rtol=1e-14, atol=1e-13)


def sparse_schur(moments: CrossMoments) -> np.ndarray:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("clusterpanel.models.moments.DENSE_LEVELS", 0)
        return np.asarray(moments.matrix().toarray())  # type: ignore[union-attr]


@few
@given(sample=samples)
def test_the_arrays_are_left_as_they_are(sample: dict[str, Any]) -> None:
    arrays = simulated(**sample)
    mine = [*arrays.columns, *arrays.firm_slopes, arrays.firms.codes, *(e.codes for e in arrays.effects)]
    before = [array.copy() for array in mine]
    left_rows(arrays, absorb(arrays))
    fit_ols(replace(arrays, groups=arrays.groups[:1], firm_slopes=()), BY_FIRM)
    for array, copy in zip(mine, before, strict=True):
        np.testing.assert_array_equal(array, copy)


@few
@given(seed=seeds, unit=st.sampled_from([1e-6, 1e6]))
def test_a_sum_of_effects_is_dropped_and_named(seed: int, unit: float) -> None:
    arrays = simulated(seed)
    rng = np.random.default_rng(seed)
    total = sum(rng.normal(size=effect.levels)[effect.codes] for effect in arrays.effects)
    total = unit * (total + rng.normal(size=30)[arrays.firms.codes])
    columns = (*arrays.columns[:2], total)
    fit = fit_ols(replace(arrays, columns=columns, groups=arrays.groups[:1]), BY_FIRM)
    assert [item.name for item in fit.collinear] == ["size"]
    assert fit.collinear[0].reason == "the effects explain it (region_code, industry^year)" or (
        fit.collinear[0].reason == "it is constant within firm_id"
    )
