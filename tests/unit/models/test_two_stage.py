"""Two-stage least squares: against dummies and plain algebra, what is refused, what is said."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from clusterpanel.errors import NotIdentifiedError, SpecError
from clusterpanel.models.arrays import Codes, Floats, ModelArrays
from clusterpanel.models.instruments.fit import fit_two_stage
from clusterpanel.models.ols import fit_ols
from clusterpanel.models.vcov.from_rows import RowPlaces
from clusterpanel.spec.vcov import (
    BlockBootstrapVcov,
    ConleyVcov,
    DriscollKraayVcov,
    GroupedVcov,
    WildBootstrapVcov,
)

EXACT = 1e-9


def codes(name: str, values: Any) -> Codes:
    levels, places = np.unique(values, return_inverse=True)
    return Codes(name, places.astype(np.int32), len(levels))


def sample(seed: int = 1, firms: int = 40, **changes: Any) -> ModelArrays:
    """Columns y, x, w, z1, z2, z3 of firms in regions and years, x endogenous."""
    random = np.random.default_rng(seed)
    years = random.integers(3, 7, firms)
    firm = np.repeat(np.arange(firms), years)
    rows = len(firm)
    year = np.concatenate([np.arange(count) for count in years])
    z1, z2, z3, w, error = random.normal(size=(5, rows))
    x = (
        0.6 * z1
        + 0.4 * z2
        + 0.3 * w
        + 0.7 * error
        + random.normal(size=rows)
        + random.normal(size=firms)[firm]
    )
    y = 2.0 * x - w + error * (1 + 0.3 * np.abs(z1)) + random.normal(size=firms)[firm] + 0.2 * year
    arrays = ModelArrays(
        columns=(y, x, w, z1, z2, z3),
        names=("x", "w", "z1", "z2", "z3"),
        firms=codes("firm", firm),
        effects=(codes("year", year),),
        absorbs_firm=True,
        groups=(codes("firm", firm),),
    )
    return replace(arrays, **changes)


def dummies(arrays: ModelArrays) -> Floats:
    kinds = [*((arrays.firms,) if arrays.absorbs_firm else ()), *arrays.effects]
    blocks = [
        np.eye(kind.levels)[kind.codes][:, (0 if place == 0 else 1) :] for place, kind in enumerate(kinds)
    ]
    return np.hstack(blocks) if blocks else np.empty((arrays.rows, 0))


def by_hand(arrays: ModelArrays, endogenous: int, instruments: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Coefficients, projected regressors, residuals and weights with dummies for the effects, x before w."""
    y, *columns = arrays.columns
    regressors = np.column_stack([*columns[: endogenous + 1], dummies(arrays)])
    exogenous = np.column_stack(
        [columns[endogenous], *columns[endogenous + 1 :][:instruments], dummies(arrays)]
    )
    weights = np.ones(len(y)) if arrays.weights is None else arrays.weights
    root = np.sqrt(weights)[:, None]
    projected = exogenous @ np.linalg.lstsq(exogenous * root, regressors * root, rcond=None)[0]
    slopes = np.linalg.solve(projected.T @ (projected * weights[:, None]), projected.T @ (weights * y))
    return slopes, projected, y - regressors @ slopes, weights


@pytest.mark.parametrize("weighted", [False, True])
def test_effects_are_dummies(weighted: bool) -> None:
    arrays = sample()
    if weighted:
        arrays = replace(
            arrays, weights=np.random.default_rng(2).uniform(0.3, 3, arrays.rows), weight_kind="analytic"
        )
    slopes, projected, residuals, weights = by_hand(arrays, 1, 3)
    bread = np.linalg.inv(projected.T @ (projected * weights[:, None]))
    scores = projected * (weights * residuals)[:, None]
    rows, parameters = arrays.rows, projected.shape[1]
    white = bread @ scores.T @ scores @ bread * rows / (rows - parameters)
    plain = bread * (weights @ residuals**2) / (rows - parameters)
    for vcov, expected in (("HC1", white), ("iid", plain)):
        result = fit_two_stage(arrays, ["x"], ["z1", "z2", "z3"], vcov)
        np.testing.assert_allclose(result.fit.coefficients, slopes[:2], rtol=EXACT)
        np.testing.assert_allclose(result.fit.covariance, expected[:2, :2], rtol=EXACT)
    np.testing.assert_allclose(result.fit.facts["rmse"], np.sqrt(weights @ residuals**2 / rows), rtol=EXACT)


def test_grouped_influences_make_the_covariance() -> None:
    arrays = sample()
    result = fit_two_stage(arrays, ["x"], ["z1", "z2"], GroupedVcov(CRV1="firm"))
    influence = result.fit.influence
    assert influence is not None
    assert influence.shape == (arrays.firms.levels, 3)
    np.testing.assert_allclose(influence.T @ influence, result.fit.covariance, rtol=EXACT)


def test_rows_in_memory_give_what_the_fold_gives() -> None:
    """Conley errors over a reach that holds nobody but the row itself are HC1 with another factor."""
    arrays = sample()
    random = np.random.default_rng(3)
    places = RowPlaces(
        latitude=random.uniform(-60, 60, arrays.rows), longitude=random.uniform(-180, 180, arrays.rows)
    )
    arrays, vcov = replace(arrays, groups=()), ConleyVcov(conley_km=1e-6)
    near = fit_two_stage(arrays, ["x"], ["z1", "z2"], vcov, places=places)
    white = fit_two_stage(arrays, ["x"], ["z1", "z2"], "HC1")
    ratio = (arrays.rows - 1) / arrays.rows
    np.testing.assert_allclose(near.fit.covariance, white.fit.covariance * ratio, rtol=EXACT)
    assert near.overidentification is not None
    assert white.overidentification is not None
    np.testing.assert_allclose(
        near.overidentification.statistic, white.overidentification.statistic, rtol=EXACT
    )


def test_driscoll_kraay_without_lags_groups_by_year() -> None:
    arrays = sample()
    arrays = replace(arrays, groups=arrays.effects)
    years = np.arange(arrays.effects[0].levels)
    related = fit_two_stage(arrays, ["x"], ["z1"], DriscollKraayVcov(driscoll_kraay_lags=0), times=years)
    grouped = fit_two_stage(arrays, ["x"], ["z1"], GroupedVcov(CRV1="year"))
    ratio = related.fit.covariance / grouped.fit.covariance
    np.testing.assert_allclose(ratio, ratio[0, 0], rtol=EXACT)


def test_an_instrument_that_is_the_regressor_makes_it_least_squares() -> None:
    arrays = sample()
    copied = replace(arrays, columns=(*arrays.columns[:3], arrays.columns[1].copy()), names=("x", "w", "z"))
    result = fit_two_stage(copied, ["x"], ["z"], "iid")
    regressors = np.column_stack([*arrays.columns[1:3], dummies(arrays)])
    slopes = np.linalg.lstsq(regressors, arrays.columns[0], rcond=None)[0]
    np.testing.assert_allclose(result.fit.coefficients, slopes[:2], rtol=EXACT)
    assert result.endogeneity is None
    assert "fit an endogenous regressor perfectly" in result.notes[0]


def test_the_constant_is_that_of_the_columns_as_they_came() -> None:
    arrays = sample(effects=(), absorbs_firm=False, groups=())
    shifted = tuple(column + 100.0 * place for place, column in enumerate(arrays.columns))
    with_constant = replace(
        arrays, columns=(*shifted, np.ones(arrays.rows)), names=(*arrays.names, "constant")
    )
    result = fit_two_stage(with_constant, ["x"], ["z1", "z2", "z3"], "HC1")
    y, x, w = shifted[:3]
    regressors, exogenous = (
        np.column_stack([*kind, np.ones(len(y))]) for kind in ((x, w), (w, *shifted[3:]))
    )
    projected = exogenous @ np.linalg.lstsq(exogenous, regressors, rcond=None)[0]
    np.testing.assert_allclose(
        result.fit.coefficients, np.linalg.lstsq(projected, y, rcond=None)[0], rtol=1e-8
    )
    stage = result.first_stages[0]
    columns = np.column_stack([*shifted[3:], w, np.ones(len(y))])
    np.testing.assert_allclose(stage.coefficients, np.linalg.lstsq(columns, x, rcond=None)[0], rtol=1e-8)
    residuals = y - regressors @ result.fit.coefficients
    bread = np.linalg.inv(projected.T @ projected)
    meat = projected.T @ (projected * residuals[:, None] ** 2)
    factor = len(y) / (len(y) - 3)
    np.testing.assert_allclose(result.fit.covariance, factor * bread @ meat @ bread, rtol=1e-6)


def test_collinear_instruments_and_controls_are_dropped_and_named() -> None:
    arrays = sample()
    y, x, w, z1, z2, _ = arrays.columns
    firm_constant = arrays.firms.codes.astype(np.float64)
    wide = replace(
        arrays,
        columns=(y, x, w, z1, z2, z1 + 2 * z2, firm_constant, 3 * w),
        names=("x", "w", "z1", "z2", "z_sum", "z_firm", "w_again"),
    )
    result = fit_two_stage(wide, ["x"], ["z1", "z2", "z_sum", "z_firm"], "iid")
    expected = fit_two_stage(sample(), ["x"], ["z1", "z2"], "iid")
    # z3 is an exogenous regressor of the second sample.
    assert expected.fit.names == ("x", "w", "z3")
    assert result.fit.names == ("x", "w")
    reasons = {item.name: item.reason for item in result.fit.collinear}
    assert set(reasons) == {"w_again", "z_sum", "z_firm"}
    assert reasons["z_sum"] == "it is a linear combination of z1, z2"
    assert "constant within firm" in reasons["z_firm"]
    assert result.first_stages[0].instruments == 2


def test_too_few_instruments_are_refused_with_what_was_dropped() -> None:
    arrays = sample()
    with pytest.raises(NotIdentifiedError, match="x, w cannot be identified: 2 endogenous regressors need"):
        fit_two_stage(arrays, ["x", "w"], ["z1"], "iid")
    y, x, w, _, z2, z3 = arrays.columns
    constant = replace(arrays, columns=(y, x, w, np.ones(len(y)), z2, z3))
    with pytest.raises(NotIdentifiedError, match="z1 was dropped: it is the same in every row"):
        fit_two_stage(constant, ["x"], ["z1"], "iid")


def test_instruments_that_move_only_one_regressor_are_refused() -> None:
    """w is twice x and something that neither instrument has to do with."""
    arrays = sample()
    y, x, _, z1, z2, z3 = arrays.columns
    others = np.column_stack([z1, z2, z3, dummies(arrays)])
    noise = np.random.default_rng(4).normal(size=arrays.rows)
    noise -= others @ np.linalg.lstsq(others, noise, rcond=None)[0]
    both = replace(arrays, columns=(y, x, 2 * x + noise, z1, z2, z3))
    with pytest.raises(NotIdentifiedError, match="explain nothing of x, w beyond"):
        fit_two_stage(both, ["x", "w"], ["z1", "z2"], "iid")


def test_a_collinear_endogenous_regressor_is_refused_with_the_reason() -> None:
    arrays = sample()
    constant = replace(arrays, columns=(arrays.columns[0], arrays.firms.codes * 1.0, *arrays.columns[2:]))
    with pytest.raises(NotIdentifiedError, match="x: it is constant within firm"):
        fit_two_stage(constant, ["x"], ["z1"], "iid")


def test_names_are_checked_all_at_once() -> None:
    with pytest.raises(SpecError) as caught:
        fit_two_stage(sample(), ["x", "nobody"], ["x", "z1", "z1"], "iid")
    text = str(caught.value)
    assert "nobody" in text
    assert "z1 twice" in text
    assert "a column that is not endogenous" in text


@pytest.mark.parametrize(
    "vcov",
    ["HC3", BlockBootstrapVcov(block_bootstrap="firm"), WildBootstrapVcov(wild_bootstrap="firm", draws=99)],
)
def test_variances_that_are_not_defined_with_instruments_are_refused(vcov: Any) -> None:
    with pytest.raises(SpecError):
        fit_two_stage(sample(), ["x"], ["z1"], vcov)


def test_several_outcomes_are_refused() -> None:
    arrays = sample()
    two = replace(arrays, outcomes=2, names=arrays.names[1:])
    with pytest.raises(SpecError, match="one outcome"):
        fit_two_stage(two, ["w"], ["z1"], "iid")


def test_fewer_groups_than_instruments_leave_a_note() -> None:
    arrays = sample()
    halves = codes("half", arrays.firms.codes < 20)
    result = fit_two_stage(replace(arrays, groups=(halves,)), ["x"], ["z1"], GroupedVcov(CRV1="half"))
    assert result.anderson_rubin is not None
    with pytest.raises(NotIdentifiedError, match="singular"):
        fit_two_stage(replace(arrays, groups=(halves,)), ["x"], ["z1", "z2", "z3"], GroupedVcov(CRV1="half"))


def test_two_endogenous_regressors_by_plain_algebra() -> None:
    """Cragg and Donald's and the conditional F of Sanderson and Windmeijer, w being the second."""
    arrays = sample()
    y, x, w, z1, z2, z3 = arrays.columns
    second = w + 0.5 * z3 - 0.3 * z1
    both = replace(arrays, columns=(y, x, second, z1, z2, z3))
    result = fit_two_stage(both, ["x", "w"], ["z1", "z2", "z3"], "iid")
    kinds = dummies(arrays)
    left = [
        column - kinds @ np.linalg.lstsq(kinds, column, rcond=None)[0] for column in (x, second, z1, z2, z3)
    ]
    regressors, instruments = np.column_stack(left[:2]), np.column_stack(left[2:])
    hat = instruments @ np.linalg.inv(instruments.T @ instruments) @ instruments.T
    freedom = arrays.rows - 3 - kinds.shape[1]
    unexplained = regressors.T @ regressors - regressors.T @ hat @ regressors
    roots = np.linalg.eigvals(np.linalg.inv(unexplained) @ regressors.T @ hat @ regressors)
    np.testing.assert_allclose(result.cragg_donald, roots.min() * freedom / 3, rtol=EXACT)
    slope = (left[1] @ hat @ left[0]) / (left[1] @ hat @ left[1])
    gap = left[0] - slope * left[1]
    expected = (gap @ hat @ gap / 2) / ((gap @ gap - gap @ hat @ gap) / freedom)
    np.testing.assert_allclose(result.first_stages[0].f_conditional, expected, rtol=EXACT)
    assert result.effective_f is None
    assert result.anderson_rubin_set is None
    assert result.anderson_rubin is not None


@pytest.mark.parametrize("vcov", ["iid", "HC1", GroupedVcov(CRV1="firm")], ids=str)
def test_anderson_rubin_is_the_wald_test_of_the_instruments_in_the_reduced_form(vcov: Any) -> None:
    """At b, of y - b x on the instruments; the polarised variance must be that of this very regression."""
    from clusterpanel.models.instruments.anderson_rubin import anderson_rubin_test

    arrays = sample()
    result = fit_two_stage(arrays, ["x"], ["z1", "z2"], vcov)
    for value in (0.0, 1.7, -40.0):
        y, x, w, z1, z2, z3 = arrays.columns
        regression = replace(arrays, columns=(y - value * x, w, z3, z1, z2), names=("w", "z3", "z1", "z2"))
        plain = fit_two_stage(
            replace(regression, columns=(*regression.columns, z1), names=(*regression.names, "copy")),
            ["z1"],
            ["copy"],
            vcov,
        )
        places = [plain.fit.names.index(name) for name in ("z1", "z2")]
        slopes = plain.fit.coefficients[places]
        expected = slopes @ np.linalg.inv(plain.fit.covariance[np.ix_(places, places)]) @ slopes / 2
        np.testing.assert_allclose(
            anderson_rubin_test(result.reduced_form, value).statistic, expected, rtol=1e-7
        )


def test_it_says_how_effects_were_taken_out_as_least_squares_does() -> None:
    arrays = sample()
    two_stages = fit_two_stage(arrays, ["x"], ["z1"], "iid").fit.facts["path"]
    assert two_stages == fit_ols(arrays, "iid").facts["path"]
