"""Random effects against generalised least squares written out with the whole covariance of the errors."""

from dataclasses import replace

import numpy as np
import pytest

from clusterpanel.errors import NotIdentifiedError, SpecError
from clusterpanel.models.arrays import Codes, Floats, ModelArrays
from clusterpanel.models.ols import fit_ols
from clusterpanel.models.panel_models import columns as columns_module
from clusterpanel.models.panel_models.between import fit_between
from clusterpanel.models.panel_models.columns import panel_columns, pieces
from clusterpanel.models.panel_models.components import Components
from clusterpanel.models.panel_models.firm_moments import firm_moments
from clusterpanel.models.panel_models.random_effects import (
    fit_correlated_random_effects,
    fit_random_effects,
    solve_random_effects,
)
from clusterpanel.models.panel_models.repeated_firms import repeated_firms
from clusterpanel.models.panel_models.two_way import fit_two_way_random_effects
from clusterpanel.models.vcov.from_rows import RowPlaces
from clusterpanel.spec.vcov import BlockBootstrapVcov, GroupedVcov, JackknifeVcov, WildBootstrapVcov

BY_FIRM = GroupedVcov(CRV1="firm_id")
FIRMS = 30


def sample(
    seed: int = 3, *, balanced: bool = False, years: bool = False, rows_per_block: int = 40
) -> ModelArrays:
    """Simulate firms of 1 to 6 years; two regressors vary, one is constant in each firm."""
    rng = np.random.default_rng(seed)
    counts = np.full(FIRMS, 5) if balanced else rng.integers(1, 7, FIRMS)
    firm = np.repeat(np.arange(FIRMS, dtype=np.int32), counts)
    year = np.concatenate([np.arange(count, dtype=np.int32) for count in counts])
    rows = len(firm)
    effect = rng.normal(size=FIRMS)[firm]
    regressors = [
        rng.normal(size=rows) + effect,
        rng.exponential(size=rows) + 100,
        rng.normal(size=FIRMS)[firm],
    ]
    outcome = 50 + 0.5 * regressors[0] + effect + 0.3 * year + rng.normal(size=rows)
    firms, of_year = Codes("firm_id", firm, FIRMS), Codes("year", year, int(year.max()) + 1)
    return ModelArrays(
        columns=(outcome, *regressors) if years else (outcome, *regressors, np.ones(rows)),
        names=("x", "z", "steady") if years else ("x", "z", "steady", "constant"),
        firms=firms,
        effects=(of_year,) if years else (),
        absorbs_firm=False,
        groups=(firms,),
        rows_per_block=rows_per_block,
    )


def design_matrix(arrays: ModelArrays) -> Floats:
    """Return regressors, a constant and dummies of all levels but each effect's first."""
    dummies = [np.eye(effect.levels)[effect.codes][:, 1:] for effect in arrays.effects]
    regressors = [column for column in arrays.columns[1:] if np.ptp(column) > 0]
    return np.column_stack([*regressors, np.ones(arrays.rows), *dummies])


def same_firm(arrays: ModelArrays) -> Floats:
    return (arrays.firms.codes[:, None] == arrays.firms.codes[None, :]).astype(float)


def generalised(x: Floats, y: Floats, covariance: Floats) -> tuple[Floats, Floats]:
    """Return coefficients and covariance of generalised least squares, the errors' scale estimated."""
    inverse = np.linalg.inv(covariance)
    bread = np.linalg.inv(x.T @ inverse @ x)
    coefficients = bread @ x.T @ inverse @ y
    left = y - x @ coefficients
    return coefficients, bread * (left @ inverse @ left) / (len(y) - x.shape[1])


@pytest.mark.parametrize("years", [False, True])
def test_is_generalised_least_squares(years: bool) -> None:
    arrays, given = sample(years=years), Components(0.7, 1.9)
    fit = fit_random_effects(arrays, components=given)
    covariance = given.sigma2_residual * np.eye(arrays.rows) + given.sigma2_firm * same_firm(arrays)
    coefficients, matrix = generalised(design_matrix(arrays), arrays.columns[0], covariance)
    shown = len(fit.names)
    np.testing.assert_allclose(fit.coefficients, coefficients[:shown], rtol=1e-8)
    np.testing.assert_allclose(fit.covariance, matrix[:shown, :shown], rtol=1e-7, atol=1e-12)


def forms_written_out(arrays: ModelArrays, rule: str) -> tuple[float, float]:
    """Return the components that equate quadratic forms with traces of whole matrices."""
    rows, y = arrays.rows, arrays.columns[0]
    x, firms = design_matrix(arrays), same_firm(arrays)
    between = firms / firms.sum(axis=1, keepdims=True)
    within = np.eye(rows) - between
    if rule == "wallace_hussain":
        maker = np.eye(rows) - x @ np.linalg.solve(x.T @ x, x.T)
        forms = [maker.T @ within @ maker, maker.T @ between @ maker]
    elif rule == "amemiya":
        varying = x[:, :2]
        mean = np.full((rows, rows), 1 / rows)
        slopes = np.linalg.solve(varying.T @ within @ varying, varying.T @ within)
        maker = (np.eye(rows) - mean) @ (np.eye(rows) - varying @ slopes)
        forms = [maker.T @ within @ maker, maker.T @ between @ maker]
    else:
        maker = within - within @ x[:, :2] @ np.linalg.solve(
            x[:, :2].T @ within @ x[:, :2], x[:, :2].T @ within
        )
        other = between - between @ x @ np.linalg.solve(x.T @ between @ x, x.T @ between)
        forms = [maker.T @ maker, other.T @ other]
    system = np.array([[np.trace(form), np.trace(form @ firms)] for form in forms])
    residual, firm = np.linalg.solve(system, [y @ form @ y for form in forms])
    return float(residual), float(firm)


@pytest.mark.parametrize("rule", ["swamy_arora", "wallace_hussain", "amemiya"])
def test_components_are_unbiased_forms(rule: str) -> None:
    arrays = sample()
    if rule == "amemiya":
        arrays = arrays.only([0, 1, 2, 4])
    facts = fit_random_effects(arrays, components=rule).facts  # type: ignore[arg-type]
    residual, firm = forms_written_out(arrays, rule)
    np.testing.assert_allclose(facts["sigma2_residual"], residual, rtol=1e-8)
    np.testing.assert_allclose(facts["sigma2_firm"], firm, rtol=1e-8)


@pytest.mark.parametrize("rule", ["swamy_arora", "wallace_hussain", "amemiya", "nerlove"])
def test_two_ways_are_generalised_least_squares(rule: str) -> None:
    arrays = sample(balanced=True, years=True)
    fit = fit_two_way_random_effects(arrays, components=rule)  # type: ignore[arg-type]
    year = arrays.effects[0].codes
    covariance = (
        fit.facts["sigma2_residual"] * np.eye(arrays.rows)
        + fit.facts["sigma2_firm"] * same_firm(arrays)
        + fit.facts["sigma2_year"] * (year[:, None] == year[None, :])
    )
    x = design_matrix(replace(arrays, effects=()))
    coefficients, matrix = generalised(x, arrays.columns[0], covariance)
    np.testing.assert_allclose(fit.coefficients, coefficients, rtol=1e-8)
    np.testing.assert_allclose(fit.covariance, matrix, rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize("years", [False, True])
def test_correlated_effects_give_the_within_slopes(years: bool) -> None:
    arrays = sample(years=years)
    fit = fit_correlated_random_effects(arrays)
    columns = arrays.columns[:3]
    within = fit_ols(replace(arrays, columns=columns, names=("x", "z"), absorbs_firm=True))
    np.testing.assert_allclose(fit.coefficients[:2], within.coefficients, rtol=1e-8)
    assert fit.names[:5] == ("x", "z", "steady", "firm_mean_x", "firm_mean_z")
    assert ("constant" in fit.names) is not years


def test_blocks_and_threads_do_not_matter() -> None:
    whole = fit_random_effects(sample(rows_per_block=10_000), BY_FIRM)
    for threads in (1, 3):
        cut = fit_random_effects(sample(rows_per_block=7), BY_FIRM, threads=threads)
        np.testing.assert_allclose(cut.coefficients, whole.coefficients, rtol=1e-12)
        np.testing.assert_allclose(cut.covariance, whole.covariance, rtol=1e-10, atol=1e-14)


def test_a_block_is_taken_in_pieces_of_whole_firms(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = fit_random_effects(sample(years=True, rows_per_block=10_000), BY_FIRM)
    monkeypatch.setattr(columns_module, "ROWS_AT_A_TIME", 9)
    block = next(sample(rows_per_block=10_000).blocks())
    cut = list(pieces(block))
    assert len(cut) > 5
    assert sum(piece.rows for piece in cut) == block.rows
    assert [piece.first_row for piece in cut[1:]] == np.cumsum([piece.rows for piece in cut])[:-1].tolist()
    parts = fit_random_effects(sample(years=True, rows_per_block=10_000), BY_FIRM)
    np.testing.assert_allclose(parts.covariance, whole.covariance, rtol=1e-10, atol=1e-14)


def test_influences_reproduce_the_grouped_covariance() -> None:
    fit = fit_random_effects(sample(), BY_FIRM)
    assert fit.influence is not None
    assert fit.influence.shape == (FIRMS, 4)
    np.testing.assert_allclose(fit.influence.T @ fit.influence, fit.covariance, rtol=1e-12)
    assert fit.degrees_of_freedom == FIRMS - 1


def test_variances_of_rows_in_memory() -> None:
    arrays = sample()
    solution = solve_random_effects(arrays)
    rows = RowPlaces(groups=arrays.groups, firms=arrays.firms.codes)
    folded, in_memory = (solution.covariance(BY_FIRM, places=places) for places in (None, rows))
    np.testing.assert_allclose(folded.matrix, in_memory.matrix, rtol=1e-10, atol=1e-14)
    jackknife = solution.fit(solution.covariance(JackknifeVcov(CRV3="firm_id"), places=rows))
    share = np.sqrt(np.diag(jackknife.covariance)) / np.sqrt(np.diag(solution.fit(folded).covariance))
    assert ((share > 0.9) & (share < 1.5)).all()


def test_bootstrapped_tests_are_of_slopes_and_not_of_the_constant() -> None:
    arrays = sample()
    vcov = WildBootstrapVcov(wild_bootstrap="firm_id", draws=99)
    fit = fit_random_effects(arrays, vcov, places=RowPlaces(groups=arrays.groups)).table()
    assert fit.set_index("term").loc["x", "p_value"] < 0.2
    assert np.isnan(fit["p_value"].iloc[-1])


def test_firms_that_count_twice_are_two_firms() -> None:
    arrays = sample(years=True)
    times = np.random.default_rng(4).integers(1, 4, FIRMS)
    weights = times[arrays.firms.codes].astype(np.float64)
    repeated = repeated_firms(replace(arrays, weights=weights, weight_kind="frequency"))
    assert repeated.rows == weights.sum()
    assert repeated.firm_levels == times.sum()
    drawn = repeated.firms.codes
    sizes = np.bincount(drawn)
    np.testing.assert_array_equal(np.sort(sizes), np.sort(np.repeat(np.bincount(arrays.firms.codes), times)))
    # Copies of a firm weigh its cross-products, which is what its frequency weight does to least squares.
    weighted = fit_ols(replace(arrays, weights=weights, weight_kind="frequency"))
    np.testing.assert_allclose(fit_ols(repeated).coefficients, weighted.coefficients, rtol=1e-9)
    once = replace(arrays, weights=np.ones(arrays.rows), weight_kind="frequency")
    same = fit_random_effects(repeated_firms(once))
    np.testing.assert_allclose(same.coefficients, fit_random_effects(arrays).coefficients, rtol=1e-12)
    uneven = replace(once, weights=np.arange(1.0, arrays.rows + 1))
    with pytest.raises(SpecError, match="different weights"):
        repeated_firms(uneven)


def test_places_of_other_rows_are_refused() -> None:
    arrays = sample()
    with pytest.raises(SpecError, match=f"places of {arrays.rows} rows; the model has {FIRMS}"):
        fit_between(arrays, "HC3", places=RowPlaces(firms=arrays.firms.codes))
    firms = RowPlaces(firms=np.arange(FIRMS, dtype=np.int32))
    assert fit_between(arrays, "HC3", places=firms).names == ("x", "z", "steady", "constant")


def test_a_negative_variance_is_set_to_0_and_said() -> None:
    rng = np.random.default_rng(1)
    firm = np.repeat(np.arange(40, dtype=np.int32), 3)
    noise = rng.normal(size=120)
    # Errors that nearly cancel out over a firm's years vary less between firms than independent ones.
    outcome = noise - 0.9 * np.repeat(np.bincount(firm, noise) / 3, 3)
    codes = Codes("firm_id", firm, 40)
    arrays = ModelArrays((outcome, rng.normal(size=120)), ("x",), codes, (), False, groups=(codes,))
    fit = fit_random_effects(arrays)
    assert fit.facts["is_sigma2_firm_floored"]
    assert fit.facts["theta"] == 0.0
    pooled = fit_ols(replace(arrays, columns=(*arrays.columns, np.ones(120)), names=("x", "constant")))
    np.testing.assert_allclose(fit.coefficients, pooled.coefficients, rtol=1e-10)


def test_collinear_regressors_are_named() -> None:
    arrays = sample(years=True)
    outcome, x, z, steady = arrays.columns
    trend = arrays.effects[0].codes.astype(np.float64)
    extended = replace(
        arrays,
        columns=(outcome, x, z, 2 * x - z, np.full(arrays.rows, 0.1), trend, steady),
        names=("x", "z", "sum", "same", "trend", "steady"),
    )
    fit = fit_random_effects(extended)
    assert fit.names == ("x", "z", "steady")
    reasons = {item.name: item.reason for item in fit.collinear}
    assert reasons == {
        "sum": "it is a linear combination of x, z",
        "same": "it is the same in every row",
        "trend": "the effects explain it (year)",
    }
    np.testing.assert_allclose(fit.coefficients, fit_random_effects(arrays).coefficients, rtol=1e-9)


def test_a_collinear_exposure_is_refused() -> None:
    arrays = sample(years=True)
    trend = arrays.effects[0].codes.astype(np.float64)
    with pytest.raises(NotIdentifiedError, match="trend is not identified: the effects explain it"):
        fit_random_effects(replace(arrays, columns=(arrays.columns[0], trend), names=("trend",)))


def test_what_is_not_defined_is_refused() -> None:
    arrays = sample()
    ones = np.ones(arrays.rows)
    for wrong, words in (
        (replace(arrays, weights=ones, weight_kind="analytic"), "analytic weights"),
        (replace(arrays, absorbs_firm=True), "effects of firm_id"),
        (replace(arrays, offset=ones), "offset"),
        (replace(arrays, firm_slopes=(ones,)), "effects of firm_id"),
        (replace(arrays, columns=(ones, *arrays.columns), outcomes=2), "2 outcomes"),
    ):
        with pytest.raises(SpecError, match=words):
            fit_random_effects(wrong)
    many = Codes("region_code", np.arange(arrays.rows, dtype=np.int32) % 201, 201)
    with pytest.raises(SpecError, match=r"region_code 201.*200 levels"):
        panel_columns(replace(arrays, effects=(many,)), "random_effects")
    with pytest.raises(SpecError, match="balanced panel; firms have 1 to 6 rows"):
        fit_random_effects(arrays, components="nerlove")
    with pytest.raises(SpecError, match="vary within firms"):
        fit_random_effects(arrays, components="amemiya")
    with pytest.raises(SpecError, match="not defined for correlated_random_effects"):
        fit_correlated_random_effects(arrays, components="amemiya")
    with pytest.raises(SpecError, match="every firm once in every year"):
        fit_two_way_random_effects(sample(years=True))
    with pytest.raises(SpecError, match="effects none"):
        fit_two_way_random_effects(arrays)
    with pytest.raises(SpecError, match="block bootstrap"):
        fit_random_effects(arrays, BlockBootstrapVcov(block_bootstrap="firm_id"))


def test_too_few_firms_or_rows_are_refused() -> None:
    arrays = sample(balanced=True)
    with pytest.raises(NotIdentifiedError, match="3 firms are too few"):
        fit_random_effects(arrays.where(arrays.firms.codes < 3))
    first_rows = np.concatenate([[True], np.diff(arrays.firms.codes) > 0])
    with pytest.raises(NotIdentifiedError, match="30 rows are too few for 30 firm effects"):
        fit_random_effects(arrays.where(first_rows))


def test_moments_of_firms_add_up_to_those_of_rows() -> None:
    arrays = sample()
    columns = panel_columns(arrays, "random_effects")
    moments = firm_moments(arrays, columns)
    values = np.vstack([np.stack(arrays.columns[:4]) - columns.centre[:, None], np.ones(arrays.rows)])
    np.testing.assert_allclose(moments.pooled, values @ values.T, rtol=1e-10, atol=1e-9)
    assert moments.firms == FIRMS
    assert moments.rows == arrays.rows
    assert (
        moments.firms_by_years.tolist()
        == np.bincount(np.bincount(arrays.firms.codes))[moments.years].tolist()
    )


def test_the_arrays_are_left_as_they_are() -> None:
    arrays = sample()
    before = [column.copy() for column in arrays.columns]
    fit_correlated_random_effects(arrays, BY_FIRM)
    for column, copy in zip(arrays.columns, before, strict=True):
        np.testing.assert_array_equal(column, copy)
