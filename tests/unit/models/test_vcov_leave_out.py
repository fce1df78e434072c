"""Leverages, HC2, HC3, CRV2 and CRV3 against dense dummies and refits without the rows."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from clusterpanel.errors import NotIdentifiedError, SpecError
from clusterpanel.models.arrays import Codes
from clusterpanel.models.linearised import EffectRows, Linearised
from clusterpanel.models.vcov import hat_blocks
from clusterpanel.models.vcov.counts import SampleCounts
from clusterpanel.models.vcov.from_rows import RowPlaces, from_rows
from clusterpanel.models.vcov.hat import hat_of
from clusterpanel.models.vcov.jackknife import crv2, crv3, moves_without_groups
from clusterpanel.models.vcov.leverage import leverages
from clusterpanel.models.vcov.nesting import effects_are_nested
from clusterpanel.spec.vcov import BiasReducedVcov, JackknifeVcov

Floats = NDArray[np.float64]
ROWS, FIRMS = 90, 15


class Sample:
    """A simulated panel, its effects as dense dummies, and the regression of it."""

    def __init__(self, *, firm: bool, slope: bool, others: bool, weighted: bool, load: bool = False) -> None:
        generator = np.random.default_rng(5)
        self.firms = np.sort(np.concatenate([np.arange(FIRMS), generator.integers(0, FIRMS, ROWS - FIRMS)]))
        self.year = generator.integers(0, 5, ROWS)
        # Firms move between regions now and then, so that neither effect nor firm is nested.
        self.region = np.where(generator.random(ROWS) < 0.15, generator.integers(0, 4, ROWS), self.firms % 4)
        self.x = generator.normal(size=(ROWS, 2)) + 0.3 * self.region[:, None]
        self.y = self.x @ [1.0, -0.5] + 0.2 * self.year + generator.normal(size=ROWS)
        self.weights = generator.uniform(0.5, 3.0, ROWS) if weighted else None
        trend = generator.normal(size=ROWS)
        kinds = np.column_stack([self.year, 5 + self.region]) if others else np.empty((ROWS, 0))
        loads = np.column_stack([np.ones(ROWS), trend]) if load else None
        dense = [np.eye(FIRMS)[self.firms]] if firm else []
        dense += [np.eye(FIRMS)[self.firms] * trend[:, None]] if slope else []
        if others:
            region = np.eye(4)[self.region] * (trend[:, None] if load else 1.0)
            dense += [np.eye(5)[self.year], region]
        self.dummies = np.column_stack(dense) if dense else np.zeros((ROWS, 1))
        self.effects = EffectRows(
            firms=self.firms.astype(np.int32) if firm or slope else None,
            absorbs_firm=firm,
            basis=trend[:, None] if slope else np.empty((ROWS, 0)),
            effects=kinds.astype(np.int32),
            loads=loads,
            levels=9 if others else 0,
        )
        self.linearised = self._fit()

    def _fit(self) -> Linearised:
        weights = np.ones(ROWS) if self.weights is None else self.weights
        roots = np.sqrt(weights)[:, None]
        both = np.column_stack([self.x, self.y])
        left = both - self.dummies @ np.linalg.lstsq(self.dummies * roots, both * roots, rcond=None)[0]
        x, y = left[:, :2], left[:, 2]
        bread = np.linalg.inv(x.T @ (x * weights[:, None]))
        coefficients = bread @ (x.T @ (weights * y))
        return Linearised(
            ("one", "two"), coefficients, bread, x, y - x @ coefficients, self.weights, effects=self.effects
        )

    def hat(self) -> Floats:
        roots = np.sqrt(np.ones(ROWS) if self.weights is None else self.weights)[:, None]
        whole = np.column_stack([self.x, self.dummies]) * roots
        return whole @ np.linalg.pinv(whole)

    def without(self, gone: NDArray[np.bool_]) -> Floats:
        roots = np.sqrt(np.ones(ROWS) if self.weights is None else self.weights)[~gone, None]
        whole = np.column_stack([self.x, self.dummies])[~gone] * roots
        return np.linalg.lstsq(whole, self.y[~gone] * roots[:, 0], rcond=None)[0][:2]


KINDS: dict[str, dict[str, Any]] = {
    "firm": {"firm": True, "slope": False, "others": False, "weighted": False},
    "firm and others": {"firm": True, "slope": False, "others": True, "weighted": False},
    "weighted": {"firm": True, "slope": False, "others": True, "weighted": True},
    "slopes": {"firm": True, "slope": True, "others": True, "weighted": True},
    "slopes without effect": {"firm": False, "slope": True, "others": True, "weighted": False},
    "no firm": {"firm": False, "slope": False, "others": True, "weighted": True},
    "loaded": {"firm": True, "slope": False, "others": True, "weighted": True, "load": True},
}


@pytest.fixture(params=KINDS.values(), ids=KINDS.keys())
def sample(request: pytest.FixtureRequest) -> Sample:
    return Sample(**request.param)


def group(codes: NDArray[Any], name: str = "g") -> Codes:
    return Codes(name, codes.astype(np.int32), int(codes.max()) + 1)


COUNTS = SampleCounts(ROWS, 2)


def test_leverages_are_the_diagonal_of_the_dense_hat_matrix(sample: Sample) -> None:
    found, _ = leverages(sample.linearised)
    np.testing.assert_allclose(found, np.diag(sample.hat()), atol=1e-9)


@pytest.mark.parametrize(("kind", "power"), [("HC2", 1), ("HC3", 2)])
def test_hc2_and_hc3_divide_by_the_leverage(sample: Sample, kind: Any, power: int) -> None:
    fit = sample.linearised
    leverage = np.diag(sample.hat())
    is_alone = leverage > 1 - 1e-9
    adjusted = np.where(is_alone, 0.0, (1 - np.where(is_alone, 0.0, leverage)) ** -power)
    meat = fit.scores.T @ (fit.scores * adjusted[:, None])
    found = from_rows(kind, fit, COUNTS, RowPlaces())
    np.testing.assert_allclose(found.matrix, fit.bread @ meat @ fit.bread, rtol=1e-7)
    assert found.facts["rows_alone"] == is_alone.sum()


@pytest.mark.parametrize("by", ["region", "year", "firms"])
@pytest.mark.parametrize("few_rows", [300, 0], ids=["by rows", "by levels"])
def test_leaving_a_group_out_is_refitting_without_it(
    sample: Sample, by: str, few_rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hat_blocks, "FEW_ROWS", few_rows)
    groups = group(getattr(sample, by))
    moves = moves_without_groups(sample.linearised, groups)
    for place in range(groups.levels):
        refitted = sample.without(groups.codes == place)
        np.testing.assert_allclose(sample.linearised.coefficients + moves[place], refitted, rtol=1e-7)


def test_by_levels_and_by_rows_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    sample = Sample(firm=True, slope=True, others=True, weighted=True)
    groups = group(sample.region)
    by_rows = moves_without_groups(sample.linearised, groups)
    monkeypatch.setattr(hat_blocks, "FEW_ROWS", -1)
    # Nine levels are fewer than the rows of a region, so that no group is solved by its rows.
    np.testing.assert_allclose(moves_without_groups(sample.linearised, groups), by_rows, rtol=1e-8)


@pytest.mark.parametrize("around", ["estimate", "mean"])
def test_crv3_is_the_jackknife(sample: Sample, around: Any) -> None:
    groups = group(sample.region, "region_code")
    refitted = np.array([sample.without(groups.codes == place) for place in range(4)])
    centre = sample.linearised.coefficients if around == "estimate" else refitted.mean(axis=0)
    expected = 3 / 4 * (refitted - centre).T @ (refitted - centre)
    vcov = JackknifeVcov(CRV3="region_code", around=around)
    found = from_rows(vcov, sample.linearised, COUNTS, RowPlaces([groups]))
    np.testing.assert_allclose(found.matrix, expected, rtol=1e-6)
    assert found.influence is not None
    np.testing.assert_allclose(found.influence.T @ found.influence, found.matrix)
    assert f"around the {around}" in found.rule
    assert found.degrees_of_freedom == 3


@pytest.mark.parametrize("by", ["region", "firms"])
def test_crv2_takes_the_root_of_each_groups_block(sample: Sample, by: str) -> None:
    groups, fit = group(getattr(sample, by)), sample.linearised
    left = np.eye(ROWS) - sample.hat()
    influence = []
    for place in range(groups.levels):
        rows = groups.codes == place
        values, vectors = np.linalg.eigh(left[np.ix_(rows, rows)])
        roots = np.where(values > 1e-9, 1 / np.sqrt(np.maximum(values, 1e-9)), 0.0)
        adjusted = vectors @ (roots * (vectors.T @ fit.scaled_residuals[rows]))
        influence.append(fit.bread @ (fit.scaled_regressors[rows].T @ adjusted))
    expected = np.array(influence).T @ np.array(influence)
    found = from_rows(BiasReducedVcov(CRV2="g"), fit, COUNTS, RowPlaces([groups]))
    np.testing.assert_allclose(found.matrix, expected, rtol=1e-6)


def test_effects_are_nested_only_if_every_one_is() -> None:
    sample = Sample(firm=True, slope=False, others=False, weighted=False)
    assert effects_are_nested(sample.effects, group(sample.firms // 3))
    assert not effects_are_nested(sample.effects, group(sample.region))
    assert effects_are_nested(None, group(sample.region))


def test_frequencies_are_rows_written_that_often() -> None:
    sample = Sample(firm=True, slope=False, others=True, weighted=False)
    often = np.random.default_rng(1).integers(1, 4, ROWS)
    long = np.repeat(np.arange(ROWS), often)
    fit = Sample.__new__(Sample)
    fit.__dict__ |= {**sample.__dict__, "weights": often.astype(float)}
    short = replace(fit._fit(), frequencies=often.astype(float))
    copied = replace(
        short,
        regressors=short.regressors[long],
        residuals=short.residuals[long],
        weights=None,
        frequencies=None,
        effects=replace(
            sample.effects,
            firms=sample.firms[long].astype(np.int32),
            basis=np.empty((len(long), 0)),
            effects=sample.effects.effects[long],
        ),
    )
    counts = SampleCounts(len(long), 2)
    for vcov in ("iid", "HC1", "HC2", "HC3"):
        one = from_rows(vcov, short, counts, RowPlaces())
        other = from_rows(vcov, copied, counts, RowPlaces())
        np.testing.assert_allclose(one.matrix, other.matrix, rtol=1e-9, err_msg=vcov)
    for kind in (crv2, crv3):
        np.testing.assert_allclose(
            kind(short, group(sample.region), counts).matrix,
            kind(copied, group(sample.region[long]), counts).matrix,
            rtol=1e-7,
        )


def test_a_regressor_that_fits_one_row_is_refused() -> None:
    sample = Sample(firm=False, slope=False, others=False, weighted=False)
    sample.x[:, 1] = np.arange(ROWS) == 3
    with pytest.raises(NotIdentifiedError, match="1 rows have leverage 1"):
        from_rows("HC3", replace(sample._fit(), effects=None), COUNTS, RowPlaces())


def test_a_row_alone_in_an_effect_adds_nothing_and_is_counted() -> None:
    sample = Sample(firm=False, slope=False, others=True, weighted=False)
    alone = sample.effects.effects.copy()
    alone[7, 0] = 9
    sample.effects = replace(sample.effects, effects=alone, levels=10)
    sample.dummies = np.column_stack([sample.dummies, np.arange(ROWS) == 7])
    found = from_rows("HC3", sample._fit(), COUNTS, RowPlaces())
    assert found.facts["rows_alone"] == 1
    assert "1 rows fitted by the effects alone" in found.rule
    assert np.isfinite(found.matrix).all()


def test_crv3_names_the_coefficient_that_hangs_on_one_group() -> None:
    sample = Sample(firm=False, slope=False, others=False, weighted=False)
    sample.x[:, 1] = sample.region == 2
    fit = replace(sample._fit(), effects=None)
    with pytest.raises(NotIdentifiedError, match="coefficient of two is not identified"):
        crv3(fit, group(sample.region, "region_code"), COUNTS)


@pytest.mark.parametrize("vcov", ["HC2", "HC3", JackknifeVcov(CRV3="g"), BiasReducedVcov(CRV2="g")])
def test_instruments_have_no_leverages(vcov: Any) -> None:
    sample = Sample(firm=True, slope=False, others=False, weighted=False)
    fit = replace(sample.linearised, estimator="instruments")
    with pytest.raises(SpecError, match="instruments"):
        from_rows(vcov, fit, COUNTS, RowPlaces([group(sample.region)]))


def test_too_many_levels_for_leverages_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from clusterpanel.models.vcov import hat

    sample = Sample(firm=True, slope=False, others=True, weighted=False)
    monkeypatch.setattr(hat, "MOST_LEVELS", 8)
    with pytest.raises(SpecError, match="9 levels"):
        from_rows("HC3", sample.linearised, COUNTS, RowPlaces())


def test_the_effects_solver_is_used_where_there_is_one() -> None:
    sample = Sample(firm=True, slope=False, others=True, weighted=True)

    class Known:
        def inverse(self) -> Floats:
            hat = hat_of(sample.linearised)
            assert hat is not None
            return np.linalg.pinv(hat.schur)

    fit = replace(sample.linearised, effects=replace(sample.effects, solver=Known()))
    np.testing.assert_allclose(leverages(fit)[0], np.diag(sample.hat()), atol=1e-9)


def test_a_likelihoods_jackknife_says_that_it_is_one_step() -> None:
    sample = Sample(firm=True, slope=False, others=False, weighted=True)
    fit = replace(sample.linearised, estimator="likelihood")
    assert "one step" in crv3(fit, group(sample.region), COUNTS).rule
