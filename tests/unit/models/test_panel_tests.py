"""Tests of panel models, on unbalanced panels, against the same written out row by row."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from clusterpanel.errors import NotIdentifiedError, SpecError
from clusterpanel.models.arrays import Codes, Floats, ModelArrays
from clusterpanel.models.fit import Fit
from clusterpanel.models.ols import fit_ols
from clusterpanel.models.panel_models import cross_section
from clusterpanel.models.panel_models.breusch_pagan import breusch_pagan, honda
from clusterpanel.models.panel_models.cross_section import pairwise_lm, pesaran_cd
from clusterpanel.models.panel_models.firm_effects import firm_effects, firm_effects_test
from clusterpanel.models.panel_models.hausman import (
    auxiliary_solution,
    hausman,
    hausman_of,
    hausman_robust,
    mundlak_test,
)
from clusterpanel.models.panel_models.poolability import poolability
from clusterpanel.models.panel_models.random_effects import (
    fit_correlated_random_effects,
    fit_random_effects,
)
from clusterpanel.models.panel_models.serial_correlation import unobserved_effects, within_autocorrelation
from clusterpanel.spec.vcov import GroupedVcov

BY_FIRM = GroupedVcov(CRV1="firm_id")
FIRMS = 25


@pytest.fixture
def frame() -> pd.DataFrame:
    """Simulate 25 firms of 4 to 9 years whose effects go together with x."""
    rng = np.random.default_rng(5)
    firms = np.repeat(np.arange(FIRMS), rng.integers(4, 10, FIRMS))
    frame = pd.DataFrame({"firm_id": firms})
    frame["year"] = 2000 + frame.groupby("firm_id").cumcount() + (firms % 3)
    effect = rng.normal(size=FIRMS)[firms]
    frame["x"] = 0.8 * effect + rng.normal(size=len(frame)) + 10
    frame["z"] = rng.normal(size=len(frame))
    frame["y"] = (
        frame["x"] + effect + 0.5 * rng.normal(size=20)[frame["year"] - 2000] + rng.normal(size=len(frame))
    )
    return frame


def codes(frame: pd.DataFrame, name: str) -> Codes:
    numbers, levels = pd.factorize(frame[name], sort=True)
    return Codes(name, numbers.astype(np.int32), len(levels))


def arrays_of(frame: pd.DataFrame, *, year: bool = False, firm: bool = False) -> ModelArrays:
    values = [frame[name].to_numpy(np.float64) for name in ("y", "x", "z")]
    has_constant = not year and not firm
    return ModelArrays(
        columns=(*values, np.ones(len(frame))) if has_constant else tuple(values),
        names=("x", "z", "constant") if has_constant else ("x", "z"),
        firms=codes(frame, "firm_id"),
        effects=(codes(frame, "year"),) if year else (),
        absorbs_firm=firm,
        groups=(codes(frame, "firm_id"),),
        rows_per_block=30,
    )


def left_over(x: Floats, y: Floats) -> Floats:
    rest: Floats = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    return rest


def pooled_residuals(frame: pd.DataFrame) -> "pd.Series[float]":
    x = np.column_stack([frame[["x", "z"]], np.ones(len(frame))])
    return pd.Series(left_over(x, frame["y"].to_numpy()))


def within_residuals(frame: pd.DataFrame) -> "pd.Series[float]":
    x = np.column_stack([frame[["x", "z"]], np.eye(FIRMS)[frame["firm_id"]]])
    return pd.Series(left_over(x, frame["y"].to_numpy()))


def multiplier(residuals: "pd.Series[float]", groups: "pd.Series[int]") -> float:
    """Return Baltagi and Li's (1990) statistic with its sign, from the definition."""
    rows, sums, sizes = len(residuals), residuals.groupby(groups).sum(), groups.value_counts()
    ratio = float((sums**2).sum() / (residuals**2).sum()) - 1
    return rows * ratio / float(np.sqrt(2 * ((sizes**2).sum() - rows)))


def test_lagrange_multipliers_of_unbalanced_panels(frame: pd.DataFrame) -> None:
    residuals = pooled_residuals(frame)
    firm, year = (multiplier(residuals, frame[name]) for name in ("firm_id", "year"))
    dated = arrays_of(frame, year=True)
    np.testing.assert_allclose(breusch_pagan(arrays_of(frame)).statistic, firm**2, rtol=1e-9)
    np.testing.assert_allclose(breusch_pagan(dated, "year").statistic, year**2, rtol=1e-9)
    np.testing.assert_allclose(breusch_pagan(dated, "both").statistic, firm**2 + year**2, rtol=1e-9)
    np.testing.assert_allclose(honda(dated, "both").statistic, (firm + year) / 2**0.5, rtol=1e-9)
    one_sided = honda(dated, "year")
    np.testing.assert_allclose(one_sided.p_value, stats.norm.sf(year), rtol=1e-9)
    with pytest.raises(SpecError, match="year effects came with the effects none"):
        breusch_pagan(arrays_of(frame), "both")


def test_f_test_of_firm_effects_is_that_of_their_dummies(frame: pd.DataFrame) -> None:
    pooled, within = ((residuals(frame) ** 2).sum() for residuals in (pooled_residuals, within_residuals))
    left = len(frame) - FIRMS - 2
    test = firm_effects_test(arrays_of(frame))
    np.testing.assert_allclose(test.statistic, (pooled - within) / (FIRMS - 1) / (within / left), rtol=1e-9)
    assert test.degrees_of_freedom == (FIRMS - 1, left)


def test_firm_effects_are_the_dummies_coefficients(frame: pd.DataFrame) -> None:
    x = np.column_stack([frame[["x", "z"]], np.eye(FIRMS)[frame["firm_id"]]])
    wanted = np.linalg.lstsq(x, frame["y"].to_numpy(), rcond=None)[0][2:]
    np.testing.assert_allclose(firm_effects(arrays_of(frame)), wanted, rtol=1e-8)


def test_within_autocorrelation_is_a_grouped_regression_on_the_lag(frame: pd.DataFrame) -> None:
    frame = frame[frame.groupby("firm_id").cumcount() < 4].reset_index(drop=True)
    residuals = within_residuals(frame)
    lag = residuals.groupby(frame["firm_id"]).shift()
    keep = lag.notna()
    x = np.column_stack([np.ones(keep.sum()), lag[keep]])
    y = residuals[keep].to_numpy()
    bread = np.linalg.inv(x.T @ x)
    slope = (bread @ x.T @ y)[1]
    scores = (
        pd.DataFrame(x * left_over(x, y)[:, None]).groupby(frame["firm_id"][keep].to_numpy()).sum().to_numpy()
    )
    variance = (bread @ scores.T @ scores @ bread)[1, 1]
    test = within_autocorrelation(arrays_of(frame))
    np.testing.assert_allclose(test.statistic, (slope + 1 / 3) ** 2 / variance, rtol=1e-8)
    assert test.degrees_of_freedom == (1, 3 * FIRMS - 2)
    two = frame[frame.groupby("firm_id").cumcount() < 2]
    with pytest.raises(NotIdentifiedError, match="three years"):
        within_autocorrelation(arrays_of(two))


def test_within_autocorrelation_refuses_unequal_years(frame: pd.DataFrame) -> None:
    with pytest.raises(SpecError, match="same number of years"):
        within_autocorrelation(arrays_of(frame))


def test_unobserved_effects_are_products_of_residuals(frame: pd.DataFrame) -> None:
    """Wooldridge (2010), equation 10.40, pair by pair."""
    residuals = pooled_residuals(frame)
    firms = [group.to_numpy() for _, group in residuals.groupby(frame["firm_id"])]
    products = np.array([sum(a * b for a, b in combinations(firm, 2)) for firm in firms])
    test = unobserved_effects(arrays_of(frame))
    np.testing.assert_allclose(test.statistic, products.sum() / np.sqrt((products**2).sum()), rtol=1e-9)
    np.testing.assert_allclose(test.p_value, 2 * stats.norm.sf(abs(test.statistic)), rtol=1e-9)


def test_pairs_of_firms_over_the_years_both_are_seen(
    frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    wide = within_residuals(frame).to_frame("e").assign(firm=frame["firm_id"], year=frame["year"])
    table = wide.pivot_table(index="year", columns="firm", values="e")
    signed, squared, pairs = 0.0, 0.0, 0
    for one, other in combinations(table.columns, 2):
        shared = table[[one, other]].dropna()
        if len(shared) > 1:
            correlation = np.corrcoef(shared.T)[0, 1]
            signed += np.sqrt(len(shared)) * correlation
            squared += len(shared) * correlation**2
            pairs += 1
    monkeypatch.setattr(cross_section, "FIRMS_AT_A_TIME", 7)
    arrays, years = arrays_of(frame), codes(frame, "year")
    np.testing.assert_allclose(pesaran_cd(arrays, years).statistic, signed / pairs**0.5, rtol=1e-7)
    test = pairwise_lm(arrays, years)
    np.testing.assert_allclose(test.statistic, squared, rtol=1e-7)
    assert test.degrees_of_freedom == (pairs,)
    monkeypatch.setattr(cross_section, "MOST_FIRMS", 10)
    with pytest.raises(SpecError, match="25 firms"):
        pesaran_cd(arrays, years)


def test_poolability_is_the_f_test_of_own_slopes(frame: pd.DataFrame) -> None:
    dummies = np.eye(FIRMS)[frame["firm_id"]]
    own = np.column_stack([dummies, dummies * frame[["x"]].to_numpy(), dummies * frame[["z"]].to_numpy()])
    apart = float((left_over(own, frame["y"].to_numpy()) ** 2).sum())
    within = float((within_residuals(frame) ** 2).sum())
    degrees = (2 * (FIRMS - 1), len(frame) - 3 * FIRMS)
    test = poolability(arrays_of(frame))
    np.testing.assert_allclose(
        test.statistic, (within - apart) / degrees[0] / (apart / degrees[1]), rtol=1e-8
    )
    assert test.degrees_of_freedom == degrees
    with pytest.raises(NotIdentifiedError, match="more than 3 rows"):
        poolability(arrays_of(frame[frame.groupby("firm_id").cumcount() < 3]))


def within_and_random(frame: pd.DataFrame) -> tuple[Fit, Fit]:
    return fit_ols(arrays_of(frame, firm=True)), fit_random_effects(arrays_of(frame))


def test_hausman_finds_effects_that_go_together_with_x(frame: pd.DataFrame) -> None:
    test = hausman(*within_and_random(frame))
    assert test.p_value < 0.01
    assert hausman_robust(arrays_of(frame), BY_FIRM).p_value < 0.01


def test_hausman_form_is_written_out(frame: pd.DataFrame) -> None:
    within, random = within_and_random(frame)
    difference = within.coefficients - random.coefficients[:2]
    variance = within.covariance - random.covariance[:2, :2]
    wanted = difference @ np.linalg.inv(variance) @ difference
    np.testing.assert_allclose(hausman(within, random).statistic, wanted, rtol=1e-9)


def test_a_negative_hausman_statistic_is_refused() -> None:
    with pytest.raises(NotIdentifiedError, match="statistic negative"):
        hausman_of(np.array([1.0, 0.1]), np.diag([-1.0, 1.0]), "classic")
    doubtful = hausman_of(np.array([0.1, 1.0]), np.diag([-1.0, 1.0]), "classic")
    assert "not positive definite" in doubtful.doubt
    with pytest.raises(NotIdentifiedError, match="singular"):
        hausman_of(np.ones(2), np.ones((2, 2)), "classic")


def test_hausman_needs_a_shared_regressor(frame: pd.DataFrame) -> None:
    within, random = within_and_random(frame)
    with pytest.raises(SpecError, match="share no regressor"):
        hausman(replace(within, names=("a", "b")), random)


def test_firm_means_and_deviations_from_them_give_the_same_robust_test(frame: pd.DataFrame) -> None:
    """The auxiliary regression on deviations from firm means, written out, grouped by firm."""
    arrays = arrays_of(frame)
    solution = auxiliary_solution(arrays)
    rows = np.column_stack(solution.linearised().regressors.T[: len(solution.source.names)])
    theta = fit_random_effects(arrays).facts
    share = 1 - np.sqrt(
        theta["sigma2_residual"]
        / (theta["sigma2_residual"] + frame.groupby("firm_id")["x"].transform("size") * theta["sigma2_firm"])
    )
    values = frame[["y", "x", "z"]].assign(constant=1.0)
    means = values.groupby(frame["firm_id"]).transform("mean")
    quasi = (values - means.mul(share, axis=0)).to_numpy()
    x = np.column_stack([quasi[:, 1:], (values - means)[["x", "z"]]])
    assert x.shape == rows.shape
    bread = np.linalg.inv(x.T @ x)
    coefficients = bread @ x.T @ quasi[:, 0]
    scores = (
        pd.DataFrame(x * (quasi[:, 0] - x @ coefficients)[:, None]).groupby(frame["firm_id"]).sum().to_numpy()
    )
    factor = FIRMS / (FIRMS - 1) * (len(x) - 1) / (len(x) - 5)
    variance = (factor * bread @ scores.T @ scores @ bread)[3:, 3:]
    wanted = coefficients[3:] @ np.linalg.solve(variance, coefficients[3:])
    np.testing.assert_allclose(hausman_robust(arrays, BY_FIRM).statistic, wanted, rtol=1e-8)


def test_mundlaks_test_is_a_wald_test_of_the_means(frame: pd.DataFrame) -> None:
    fit = fit_correlated_random_effects(arrays_of(frame), BY_FIRM)
    means = [fit.names.index(name) for name in ("firm_mean_x", "firm_mean_z")]
    gammas, variance = fit.coefficients[means], fit.covariance[np.ix_(means, means)]
    test = mundlak_test(fit)
    np.testing.assert_allclose(test.statistic, gammas @ np.linalg.inv(variance) @ gammas, rtol=1e-9)
    assert test.p_value < 0.01
    with pytest.raises(NotIdentifiedError, match="no regressor has a firm mean"):
        mundlak_test(fit_random_effects(arrays_of(frame), BY_FIRM))
