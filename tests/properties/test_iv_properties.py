"""What must not matter to instruments does not matter, and what must hold of their tests holds."""

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterpanel.models.arrays import Codes, Floats, ModelArrays
from clusterpanel.models.instruments.anderson_rubin import anderson_rubin_test
from clusterpanel.models.instruments.fit import fit_two_stage
from clusterpanel.models.instruments.two_stage import InstrumentsFit
from clusterpanel.models.shift_share.fit import fit_shift_share
from clusterpanel.models.shift_share.shares import Shares
from clusterpanel.spec.vcov import GroupedVcov, Vcov

few = settings(max_examples=15, deadline=None)
seeds = st.integers(0, 10_000)
kinds: Any = st.sampled_from(["iid", "HC1", GroupedVcov(CRV1="region")])


def codes(name: str, values: Any) -> Codes:
    levels, places = np.unique(values, return_inverse=True)
    return Codes(name, places.astype(np.int32), len(levels))


def simulated(seed: int, firms: int = 40) -> ModelArrays:
    """Firms of 3 to 6 years with x endogenous, w exogenous, z1 and z2 instruments; errors by region."""
    random = np.random.default_rng(seed)
    years = random.integers(3, 7, firms)
    firm = np.repeat(np.arange(firms), years)
    rows = len(firm)
    z1, z2, w, error = random.normal(size=(4, rows))
    x = 0.6 * z1 + 0.4 * z2 + 0.3 * w + 0.7 * error + random.normal(size=rows)
    y = 2.0 * x - w + error + random.normal(size=firms)[firm]
    return ModelArrays(
        columns=(y, x, w, z1, z2),
        names=("x", "w", "z1", "z2"),
        firms=codes("firm", firm),
        effects=(codes("year", np.concatenate([np.arange(count) for count in years])),),
        absorbs_firm=True,
        groups=(codes("region", random.integers(0, 9, rows)),),
    )


def numbers(result: InstrumentsFit) -> Floats:
    """Estimates, errors, and the statistics that have no unit."""
    table, stage = result.fit.table(), result.first_stages[0]
    assert result.overidentification is not None
    assert result.endogeneity is not None
    assert result.anderson_rubin is not None
    assert result.effective_f is not None
    tests = [
        result.overidentification.statistic,
        result.endogeneity.statistic,
        result.anderson_rubin.statistic,
        result.effective_f.statistic,
        stage.f_classic,
        stage.f_same_variance,
        stage.partial_r2,
    ]
    return np.array([*table["estimate"], *table["std_error"], *tests])


def fit(arrays: ModelArrays, vcov: Vcov) -> InstrumentsFit:
    return fit_two_stage(arrays, ["x"], ["z1", "z2"], vcov)


@few
@given(seed=seeds, vcov=kinds, rows=st.integers(1, 300), threads=st.integers(1, 3))
def test_borders_of_blocks_and_threads_do_not_matter(seed: int, vcov: Any, rows: int, threads: int) -> None:
    arrays = simulated(seed)
    cut = replace(arrays, rows_per_block=rows)
    again = fit_two_stage(cut, ["x"], ["z1", "z2"], vcov, threads=threads)
    np.testing.assert_allclose(numbers(again), numbers(fit(arrays, vcov)), rtol=1e-8)


@few
@given(seed=seeds, vcov=kinds)
def test_mixing_the_instruments_does_not_matter(seed: int, vcov: Any) -> None:
    arrays = simulated(seed)
    y, x, w, z1, z2 = arrays.columns
    mixed = replace(arrays, columns=(y, x, w, 3 * z1 - 2 * z2 + w, 0.5 * z1 + z2))
    np.testing.assert_allclose(numbers(fit(mixed, vcov)), numbers(fit(arrays, vcov)), rtol=1e-7)


@few
@given(seed=seeds, vcov=kinds, unit=st.sampled_from([1e-6, 1e3, 1e9]))
def test_units_of_money_scale_estimates_and_sets_only(seed: int, vcov: Any, unit: float) -> None:
    arrays = simulated(seed)
    dear = replace(arrays, columns=(unit * arrays.columns[0], *arrays.columns[1:]))
    one, other = fit(arrays, vcov), fit(dear, vcov)
    np.testing.assert_allclose(numbers(other)[4:], numbers(one)[4:], rtol=1e-7)
    np.testing.assert_allclose(other.fit.coefficients, unit * one.fit.coefficients, rtol=1e-9)
    assert one.anderson_rubin_set is not None
    assert other.anderson_rubin_set is not None
    scaled = [(unit * low, unit * high) for low, high in one.anderson_rubin_set.intervals]
    np.testing.assert_allclose(other.anderson_rubin_set.intervals, scaled, rtol=1e-6)


@few
@given(seed=seeds, vcov=kinds)
def test_the_set_keeps_what_the_test_does_not_reject(seed: int, vcov: Any) -> None:
    result = fit(simulated(seed), vcov)
    kept = result.anderson_rubin_set
    assert kept is not None
    for value in np.random.default_rng(seed).normal(2.0, 1.0, 40):
        rejected = anderson_rubin_test(result.reduced_form, value).p_value < 0.05
        assert (float(value) in kept) != rejected


@few
@given(seed=seeds, vcov=kinds)
def test_weights_of_two_are_rows_twice(seed: int, vcov: Any) -> None:
    arrays = simulated(seed)
    twice = np.random.default_rng(seed).integers(1, 3, arrays.rows)
    weighted = replace(arrays, weights=twice.astype(np.float64), weight_kind="frequency")
    repeated = np.repeat(np.arange(arrays.rows), twice)
    copied = replace(
        arrays,
        columns=tuple(column[repeated] for column in arrays.columns),
        firms=replace(arrays.firms, codes=arrays.firms.codes[repeated]),
        effects=tuple(replace(effect, codes=effect.codes[repeated]) for effect in arrays.effects),
        groups=tuple(group.where(np.ones(arrays.rows, dtype=bool)) for group in arrays.groups),
    )
    copied = replace(copied, groups=(codes("region", arrays.groups[0].codes[repeated]),))
    np.testing.assert_allclose(numbers(fit(weighted, vcov)), numbers(fit(copied, vcov)), rtol=1e-8)


@few
@given(seed=seeds, vcov=kinds)
def test_the_arrays_are_left_as_they_were(seed: int, vcov: Any) -> None:
    arrays = simulated(seed)
    before = [column.copy() for column in arrays.columns]
    fit(arrays, vcov)
    for column, old in zip(arrays.columns, before, strict=True):
        np.testing.assert_array_equal(column, old)


@few
@given(seed=seeds, order=st.randoms(use_true_random=False))
def test_order_of_sectors_and_size_of_shocks_do_not_matter(seed: int, order: Any) -> None:
    random = np.random.default_rng(seed)
    arrays = simulated(seed)
    shares, shocks = random.dirichlet(np.ones(8), arrays.rows), random.normal(size=8)
    exposed = replace(
        arrays, columns=(arrays.columns[0], arrays.columns[1] + 3 * shares @ shocks, *arrays.columns[2:])
    )
    places = list(range(8))
    order.shuffle(places)
    one = fit_shift_share(exposed, Shares.of(shares), shocks, endogenous="x")
    other = fit_shift_share(exposed, Shares.of(shares[:, places]), 7 * shocks[places], endogenous="x")
    columns = ["std_error", "p_value", "conf_low", "conf_high"]
    np.testing.assert_allclose(other.estimate, one.estimate, rtol=1e-8)
    np.testing.assert_allclose(other.errors[columns], one.errors[columns], rtol=1e-6, atol=1e-12)
