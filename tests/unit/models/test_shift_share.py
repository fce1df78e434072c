"""Shift-share regressions: the formulas written out, special cases, what is refused."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from clusterpanel.errors import DataError, NotIdentifiedError, SpecError
from clusterpanel.models.arrays import Codes, Floats, ModelArrays
from clusterpanel.models.shift_share.fit import fit_shift_share
from clusterpanel.models.shift_share.rotemberg import rotemberg_weights
from clusterpanel.models.shift_share.shares import Shares, recover_shocks
from clusterpanel.models.shift_share.shock_level import fit_shock_level
from clusterpanel.spec.vcov import GroupedVcov

EXACT = 1e-9
NORMAL = 1.959963984540054


def codes(name: str, values: Any) -> Codes:
    levels, places = np.unique(values, return_inverse=True)
    return Codes(name, places.astype(np.int32), len(levels))


def simulated(
    seed: int = 1, rows: int = 120, sectors: int = 15, complete: bool = True
) -> tuple[ModelArrays, Floats, Floats]:
    """Places with an endogenous exposure, a control and region effects, their shares and the shocks."""
    random = np.random.default_rng(seed)
    shares = random.dirichlet(np.full(sectors, 0.4), rows)
    if not complete:
        shares *= random.uniform(0.2, 0.9, rows)[:, None]
    shocks = random.normal(size=sectors)
    common = shares @ random.normal(size=sectors)
    control, error = random.normal(size=(2, rows))
    exposure = 2 * shares @ shocks + 0.5 * control + common + 0.5 * error
    outcome = 1.5 * exposure + control + 2 * common + error
    arrays = ModelArrays(
        columns=(outcome, exposure, control),
        names=("exposure", "control"),
        firms=codes("place", np.arange(rows)),
        effects=(codes("region", np.arange(rows) % 6),),
        absorbs_firm=False,
        weights=random.uniform(0.5, 2, rows),
        weight_kind="analytic",
    )
    return arrays, shares, shocks


def written_out(arrays: ModelArrays, shares: Floats, shocks: Floats) -> dict[str, Any]:
    """AKM and AKM0 by their formulas, with loops, dummies and a grid's worth of bisection."""
    outcome, exposure, control = arrays.columns
    assert arrays.weights is not None
    weights = arrays.weights
    controls = np.column_stack([control, np.eye(6)[arrays.effects[0].codes]])

    def left(column: Floats) -> Floats:
        root = np.sqrt(weights)
        slopes = np.linalg.lstsq(controls * root[:, None], column * root, rcond=None)[0]
        remainder: Floats = column - controls @ slopes
        return remainder

    y, d, x = left(outcome), left(exposure), left(shares @ shocks)
    root = np.sqrt(weights)
    left_shocks = np.linalg.lstsq(shares * root[:, None], x * root, rcond=None)[0]
    estimate = (x * weights * y).sum() / (x * weights * d).sum()

    def spread(error: Floats) -> float:
        total = 0.0
        for sector in range(len(shocks)):
            part = 0.0
            for row in range(len(y)):
                part += shares[row, sector] * weights[row] * error[row]
            total += (left_shocks[sector] * part) ** 2
        return total

    def excess(value: float) -> float:
        gap = y - value * d
        return float((x * weights * gap).sum() ** 2 - NORMAL**2 * spread(gap))

    ends = []
    for direction in (-1.0, 1.0):
        inside, outside = estimate, estimate + direction * 50
        assert excess(outside) > 0
        for _ in range(200):
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if excess(middle) <= 0 else (inside, middle)
        ends.append(inside)
    error = np.sqrt(spread(y - estimate * d)) / abs((x * weights * d).sum())
    return {"estimate": estimate, "error": error, "ends": ends}


@pytest.mark.parametrize("complete", [True, False])
def test_errors_by_shock_are_their_formulas_written_out(complete: bool) -> None:
    arrays, shares, shocks = simulated(complete=complete)
    expected = written_out(arrays, shares, shocks)
    fit = fit_shift_share(arrays, Shares.of(shares), shocks, endogenous="exposure")
    errors = fit.errors.set_index("kind")
    np.testing.assert_allclose(fit.estimate, expected["estimate"], rtol=EXACT)
    np.testing.assert_allclose(fit.fit.coefficients[0], fit.estimate, rtol=EXACT)
    np.testing.assert_allclose(errors["std_error"]["AKM"], expected["error"], rtol=EXACT)
    np.testing.assert_allclose(fit.akm0_set.intervals[0], expected["ends"], rtol=1e-7)
    assert any("sum to between" in note for note in fit.notes) == (not complete)


def test_sparse_shares_are_dense_ones() -> None:
    arrays, shares, shocks = simulated()
    shares = np.where(shares > 0.05, shares, 0.0)
    dense, thin = (
        fit_shift_share(arrays, Shares.of(matrix), shocks, endogenous="exposure")
        for matrix in (shares, sparse.csr_array(shares))
    )
    np.testing.assert_array_equal(dense.errors["std_error"], thin.errors["std_error"])


def test_a_sector_for_each_row_gives_white_errors() -> None:
    """Shocks then are the rows' own: AKM is HC1 without its factor."""
    arrays, _, _ = simulated()
    shocks = np.random.default_rng(2).normal(size=arrays.rows) + arrays.columns[1]
    fit = fit_shift_share(arrays, Shares.of(np.eye(arrays.rows)), shocks, endogenous="exposure")
    errors = fit.errors.set_index("kind")["std_error"]
    parameters = 2 + 6
    np.testing.assert_allclose(
        errors["AKM"], errors["HC1"] * np.sqrt((arrays.rows - parameters) / arrays.rows), rtol=EXACT
    )


def test_rows_in_one_sector_each_give_errors_grouped_by_sector() -> None:
    arrays, _, _ = simulated()
    sector = np.random.default_rng(3).integers(0, 12, arrays.rows)
    shocks = np.random.default_rng(4).normal(size=12)
    plain = replace(
        arrays,
        columns=(arrays.columns[0], np.ones(arrays.rows)),
        names=("constant",),
        effects=(),
        groups=(codes("sector", sector),),
    )
    fit = fit_shift_share(plain, Shares.of(np.eye(12)[sector]), shocks, vcov=GroupedVcov(CRV1="sector"))
    by_sector = fit.fit.table()["std_error"][0]
    factor = 12 / 11 * (arrays.rows - 1) / (arrays.rows - 2)
    akm = fit.errors.set_index("kind")["std_error"]["AKM"]
    np.testing.assert_allclose(akm, by_sector / np.sqrt(factor), rtol=EXACT)
    assert fit.first_stage is None


def test_related_shocks_are_added_up_before_they_are_squared() -> None:
    arrays, shares, shocks = simulated()
    fits = [
        fit_shift_share(arrays, Shares.of(shares, None, groups), shocks, endogenous="exposure")
        for groups in (None, np.arange(15), np.arange(15) // 3)
    ]
    single, own, related = (fit.errors.set_index("kind")["std_error"] for fit in fits)
    np.testing.assert_allclose(own, single, rtol=EXACT)
    assert abs(related["AKM"] / single["AKM"] - 1) > 1e-3
    assert "5 groups of related shocks" in fits[2].errors["words"][1]


def test_the_regression_at_the_level_of_shocks_is_the_same() -> None:
    arrays, shares, shocks = simulated()
    fit = fit_shift_share(arrays, Shares.of(shares), shocks, endogenous="exposure")
    level = fit_shock_level(fit.sample, shocks)
    np.testing.assert_allclose(level.fit.coefficients[0], fit.estimate, rtol=EXACT)
    assert level.fit.names == ("exposure", "constant")
    with pytest.raises(SpecError, match="groups of sectors"):
        fit_shock_level(fit.sample, shocks, GroupedVcov(CRV1="sector_group"))


@pytest.mark.parametrize("controls_sum", [True, False])
def test_incomplete_shares_keep_the_same_estimate_at_the_level_of_shocks(controls_sum: bool) -> None:
    arrays, shares, shocks = simulated(complete=False)
    fit = fit_shift_share(arrays, Shares.of(shares), shocks, endogenous="exposure", controls_sum=controls_sum)
    level = fit_shock_level(fit.sample, shocks)
    np.testing.assert_allclose(level.fit.coefficients[0], fit.estimate, rtol=EXACT)
    assert ("constant" in level.fit.names) == controls_sum
    assert ("sum_of_shares" in fit.fit.names) == controls_sum


def test_a_constant_shock_does_not_matter_once_the_sum_of_shares_is_held() -> None:
    arrays, shares, shocks = simulated(complete=False)
    one, other = (
        fit_shift_share(arrays, Shares.of(shares), moved, endogenous="exposure", controls_sum=True)
        for moved in (shocks, shocks + 3.0)
    )
    np.testing.assert_allclose(one.estimate, other.estimate, rtol=1e-8)
    np.testing.assert_allclose(one.errors["std_error"], other.errors["std_error"], rtol=1e-7)


def test_rotemberg_weights_add_the_sectors_estimates_up() -> None:
    arrays, shares, shocks = simulated()
    fit = fit_shift_share(arrays, Shares.of(shares), shocks, endogenous="exposure")
    table = rotemberg_weights(fit.sample.left, fit.sample.shares, shocks)
    np.testing.assert_allclose(table["weight"].sum(), 1.0, rtol=EXACT)
    np.testing.assert_allclose((table["weight"] * table["estimate"]).sum(), fit.estimate, rtol=EXACT)
    assert table["weight"].abs().is_monotonic_decreasing


def test_shocks_are_recovered_from_the_variable_they_made() -> None:
    arrays, shares, shocks = simulated()
    found = recover_shocks(Shares.of(shares), shares @ shocks, arrays.weights)
    np.testing.assert_allclose(found, shocks, rtol=1e-10)
    given = fit_shift_share(arrays, Shares.of(shares), variable=shares @ shocks, endogenous="exposure")
    np.testing.assert_allclose(given.shocks["shock"], shocks, rtol=1e-10)


def test_collinear_and_empty_sectors_are_named() -> None:
    arrays, shares, shocks = simulated()
    names = tuple(f"s{place:02d}" for place in range(16))
    twice = Shares.of(np.column_stack([shares, shares[:, 3]]) / 2, names)
    with pytest.raises(NotIdentifiedError, match=r"those of s(03|15) are linear"):
        fit_shift_share(arrays, twice, np.append(shocks, 1.0), endogenous="exposure")
    empty = Shares.of(np.column_stack([shares, np.zeros(arrays.rows)]), names)
    with pytest.raises(NotIdentifiedError, match="no row has a share in s15"):
        fit_shift_share(arrays, empty, np.append(shocks, 1.0), endogenous="exposure")


def test_a_variable_that_the_shares_did_not_make_is_refused() -> None:
    arrays, shares, shocks = simulated()
    noisy = shares @ shocks + np.random.default_rng(1).normal(size=arrays.rows)
    for given in (None, shocks):
        with pytest.raises(DataError, match="not shares times shocks"):
            fit_shift_share(arrays, Shares.of(shares), given, variable=noisy, endogenous="exposure")


def test_what_does_not_match_is_refused() -> None:
    arrays, shares, shocks = simulated()
    with pytest.raises(DataError, match="negative or missing"):
        Shares.of(-shares)
    with pytest.raises(DataError, match="2 names"):
        Shares.of(shares, ("a", "b"))
    with pytest.raises(DataError, match="14 shocks"):
        fit_shift_share(arrays, Shares.of(shares), shocks[1:])
    with pytest.raises(DataError, match="119 rows"):
        fit_shift_share(arrays, Shares.of(shares[1:]), shocks)
    with pytest.raises(SpecError, match="neither shocks nor"):
        fit_shift_share(arrays, Shares.of(shares))
    with pytest.raises(SpecError, match="endogenous exposure is not in the sample"):
        fit_shift_share(arrays, Shares.of(shares), shocks, endogenous="wage")
    with pytest.raises(SpecError, match="frequency"):
        fit_shift_share(replace(arrays, weight_kind="frequency"), Shares.of(shares), shocks)


def test_few_effective_sectors_are_noted() -> None:
    arrays, shares, shocks = simulated()
    fit = fit_shift_share(arrays, Shares.of(shares), shocks, endogenous="exposure")
    assert fit.facts["effective_sectors"] < 15
    assert any("AKM0 is the safer" in note for note in fit.notes)
