import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize, minimize_scalar
from scipy.special import gammaln
from scipy.stats import chi2

from clusterpanel.errors import SpecError
from clusterpanel.models.arrays import Codes, Floats, ModelArrays
from clusterpanel.models.survival.cox import fit_cox
from clusterpanel.models.survival.cox_ties import Ties
from clusterpanel.models.survival.frailty import fit_gamma_frailty, frailty_variance
from clusterpanel.models.survival.frailty_climb import log_constants
from clusterpanel.models.survival.frailty_information import Information
from clusterpanel.spec.vcov import GroupedVcov


def simulated(
    seed: int = 0, firms: int = 90, regions: int = 9, theta: float = 0.8, is_annual: bool = True
) -> ModelArrays:
    """A simulated register whose regions share a gamma frailty; firms enter up to 2 years late."""
    rng = np.random.default_rng(seed)
    frailty = rng.gamma(1 / theta, theta, regions) if theta else np.ones(regions)
    region = rng.integers(0, regions, firms)
    x, size = (rng.random(firms) < 0.5).astype(float), rng.normal(size=firms)
    life = rng.exponential(4 / (frailty[region] * np.exp(0.6 * x - 0.2 * size)))
    entry, end = rng.integers(0, 3, firms).astype(float), rng.integers(4, 9, firms).astype(float)
    life = np.ceil(life) if is_annual else life
    stop = np.maximum(np.minimum(life, end), entry + 0.5)
    event = ((life <= end) & (life > entry)).astype(float)
    codes = Codes(
        "region_code", np.unique(region, return_inverse=True)[1].astype(np.int32), len(np.unique(region))
    )
    firm = Codes("firm_id", np.arange(firms, dtype=np.int32), firms)
    return ModelArrays(
        (event, entry, stop, x, size),
        ("in_cluster", "size"),
        firm,
        (),
        False,
        groups=(codes, firm),
        outcomes=3,
        rows_per_block=25,
    )


def partial(sample: ModelArrays, coefficients: Floats, effects: Floats, ties: Ties, way: int = 0) -> float:
    """The log partial likelihood, event by event."""
    event, start, stop = sample.columns[:3]
    weights = np.ones(sample.rows) if sample.weights is None else sample.weights
    strata = sample.effects[0].codes if sample.effects else np.zeros(sample.rows, dtype=int)
    eta = np.stack(sample.columns[3:]).T @ coefficients + effects[sample.groups[way].codes]
    total = 0.0
    for stratum in np.unique(strata):
        for time in np.unique(stop[(event > 0) & (strata == stratum)]):
            mine = strata == stratum
            fails = mine & (event > 0) & (stop == time)
            at_risk = mine & (start < time) & (time <= stop)
            risk = weights * np.exp(eta)
            total += weights[fails] @ eta[fails]
            for place in range(fails.sum()):
                share = place / fails.sum() if ties == "efron" else 0.0
                total -= weights[fails].mean() * np.log(risk[at_risk].sum() - share * risk[fails].sum())
    return float(total)


def penalised(sample: ModelArrays, point: Floats, theta: float, ties: Ties) -> float:
    coefficients, effects = point[:2], point[2:]
    return partial(sample, coefficients, effects, ties) + float((effects - np.exp(effects)).sum()) / theta


def marginal(sample: ModelArrays, theta: float, ties: Ties, start: Floats) -> tuple[float, Floats]:
    """Penalised likelihood at its top, plus each group's constants (Therneau and others 2003)."""
    best = minimize(
        lambda point: -penalised(sample, point, theta, ties), start, method="BFGS", options={"gtol": 1e-5}
    )
    weights = np.ones(sample.rows) if sample.weights is None else sample.weights
    events = np.bincount(sample.groups[0].codes, weights * sample.columns[0])
    nu = 1 / theta
    constants = (
        nu + nu * np.log(nu) - (nu + events) * np.log(nu + events) + gammaln(nu + events) - gammaln(nu)
    )
    return -best.fun + float((constants + events).sum()), best.x


@pytest.mark.parametrize(("ties", "is_annual"), [("efron", True), ("breslow", False)])
def test_equals_the_marginal_likelihood_maximised_slowly(ties: Ties, is_annual: bool) -> None:
    sample = simulated(1, is_annual=is_annual)
    fit = fit_gamma_frailty(sample, 0, ties)
    start = np.concatenate([fit.likelihood.coefficients, np.log(fit.frailties)]) + 0.02
    best = minimize_scalar(
        lambda log: -marginal(sample, np.exp(log), ties, start)[0],
        bounds=(np.log(fit.theta) - 0.5, np.log(fit.theta) + 0.6),
        method="bounded",
        options={"xatol": 1e-4},
    )
    assert fit.theta > 0.02
    assert np.log(fit.theta) == pytest.approx(best.x, abs=2e-3)
    value, point = marginal(sample, fit.theta, ties, start)
    assert fit.likelihood.facts["loglik"] == pytest.approx(value, abs=1e-7)
    np.testing.assert_allclose(fit.likelihood.coefficients, point[:2], atol=1e-5)
    np.testing.assert_allclose(np.log(fit.frailties), point[2:], atol=1e-4)


def test_errors_are_of_the_whole_penalised_information() -> None:
    sample = simulated(2)
    fit = fit_gamma_frailty(sample)
    point = np.concatenate([fit.likelihood.coefficients, np.log(fit.frailties)])
    units, signs = np.eye(len(point)) * 1e-3, ((1, 1), (1, -1), (-1, 1), (-1, -1))
    hessian = np.array(
        [
            [
                -sum(
                    s * t * penalised(sample, point + s * one + t * two, fit.theta, "efron") for s, t in signs
                )
                for two in units
            ]
            for one in units
        ]
    ) / (4 * 1e-6)
    np.testing.assert_allclose(
        fit.likelihood.sums.bread, np.linalg.inv(hessian)[:2, :2], rtol=1e-4, atol=1e-7
    )
    np.testing.assert_allclose(frailty_variance("iid", fit).matrix, fit.likelihood.sums.bread)
    with pytest.raises(SpecError, match="allowed: iid"):
        frailty_variance(GroupedVcov.model_validate({"CRV1": "region_code"}), fit)


def test_strata_weights_and_block_borders() -> None:
    sample = simulated(3, 120)
    stratum = Codes("industry", sample.firms.codes % np.int32(2), 2)
    weights = 1.0 + sample.firms.codes % 2
    sample = replace(sample, effects=(stratum,), weights=weights, weight_kind="analytic", rows_per_block=7)
    fit = fit_gamma_frailty(sample, threads=2)
    start = np.concatenate([fit.likelihood.coefficients, np.log(fit.frailties)])
    value, point = marginal(sample, fit.theta, "efron", start + 0.01)
    assert fit.likelihood.facts["loglik"] == pytest.approx(value, abs=1e-7)
    np.testing.assert_allclose(fit.likelihood.coefficients, point[:2], atol=2e-5)
    whole = fit_gamma_frailty(replace(sample, rows_per_block=10_000))
    np.testing.assert_allclose(whole.likelihood.coefficients, fit.likelihood.coefficients, rtol=1e-7)
    assert whole.theta == pytest.approx(fit.theta, rel=1e-6)


def test_many_groups_and_few_times_are_solved_as_few_groups_are() -> None:
    """The low-rank way against the plain inverse."""
    rng = np.random.default_rng(0)
    left, middle = rng.random((40, 6)) * 0.2, np.diag(rng.random(6))
    information = Information(np.eye(2), rng.random((40, 2)), 1 + rng.random(40), left, middle)
    right = rng.random((40, 3))
    block = np.diag(information.diagonal) - left @ middle @ left.T
    np.testing.assert_allclose(information.solve_groups(right), np.linalg.solve(block, right), rtol=1e-10)


def test_firms_share_a_frailty_over_their_years() -> None:
    """Repeated exits by firm: many more firms than event times."""
    rng = np.random.default_rng(4)
    firms, years = 400, 6
    frailty = np.repeat(rng.gamma(1 / 0.7, 0.7, firms), years)
    start = np.tile(np.arange(years, dtype=float), firms)
    x = rng.normal(size=firms * years)
    event = (rng.random(firms * years) < 1 - np.exp(-0.25 * frailty * np.exp(0.5 * x))).astype(float)
    firm = Codes("firm_id", np.repeat(np.arange(firms, dtype=np.int32), years), firms)
    sample = ModelArrays((event, start, start + 1, x), ("x",), firm, (), False, groups=(firm,), outcomes=3)
    fit = fit_gamma_frailty(sample)
    assert fit.theta == pytest.approx(0.7, abs=0.3)
    assert fit.likelihood.coefficients[0] == pytest.approx(
        0.5, abs=4 * fit.likelihood.sums.bread[0, 0] ** 0.5
    )
    statistic = fit.likelihood.facts["frailty_chi2"]
    assert statistic > 10
    assert fit.likelihood.facts["frailty_p_value"] == pytest.approx(chi2.sf(statistic, 1) / 2, rel=1e-9)
    assert fit.frailties.mean() == pytest.approx(1, abs=1e-6)


def test_without_frailty_it_is_cox_regression() -> None:
    fits = [fit_gamma_frailty(simulated(seed, 300, 6, 0.0)) for seed in range(6)]
    without = [fit for fit in fits if not fit.theta]
    assert without
    assert len(without) < 6 or all(fit.likelihood.facts["frailty_chi2"] == 0 for fit in fits)
    seed = [fit.theta for fit in fits].index(0)
    cox = fit_cox(simulated(seed, 300, 6, 0.0)).likelihood
    np.testing.assert_array_equal(fits[seed].likelihood.coefficients, cox.coefficients)
    np.testing.assert_array_equal(fits[seed].likelihood.sums.bread, cox.sums.bread)
    assert fits[seed].likelihood.facts["frailty_p_value"] == 1
    assert "no frailty by region_code" in fits[seed].likelihood.notes[-1]


def test_constants_are_the_same_by_series_and_by_log_gammas() -> None:
    events = np.array([0.0, 1.0, 7.0, 200.0])
    by_series, by_gammas = log_constants(events, 10_001.0), log_constants(events, 9_999.0)
    np.testing.assert_allclose(by_series, by_gammas, atol=1e-3)
    nu = 10_001.0
    direct = nu * np.log(nu) - (nu + events) * np.log(nu + events) + events
    np.testing.assert_allclose(by_series, direct + gammaln(nu + events) - gammaln(nu), atol=1e-9)


def test_lung_by_institution_has_no_frailty(shared_data: Path) -> None:
    """R: coxph(Surv(time, status) ~ age + sex + frailty(inst, distribution = "gamma"), lung): theta 5e-9.

    R's likelihood there, -737.81093, misses its own without frailty, -737.81086, by rounding of log-gammas.
    """
    expected = json.loads((shared_data / "survival" / "golden_R.json").read_text(encoding="utf-8"))
    numbers = expected["lung_frailty_gamma_inst"]
    frame = pd.read_csv(shared_data / "survival" / "lung.csv").dropna(subset=["inst", "age", "sex"])
    rows = len(frame)
    institute = np.unique(frame["inst"], return_inverse=True)[1].astype(np.int32)
    columns = ((frame["status"] == 2), frame["time"] * 0, frame["time"], frame["age"], frame["sex"])
    sample = ModelArrays(
        tuple(column.to_numpy(dtype=float) for column in columns),
        ("age", "sex"),
        Codes("id", np.arange(rows, dtype=np.int32), rows),
        (),
        False,
        groups=(Codes("inst", institute, int(institute.max()) + 1),),
        outcomes=3,
    )
    fit = fit_gamma_frailty(sample)
    np.testing.assert_allclose(fit.likelihood.coefficients, list(numbers["coef"].values()), rtol=1e-6)
    np.testing.assert_allclose(np.sqrt(np.diag(fit.likelihood.sums.bread)), numbers["se"], rtol=1e-6)
    assert fit.theta == pytest.approx(numbers["theta"], abs=1e-8)
    assert fit.likelihood.facts["loglik"] == pytest.approx(numbers["c.loglik"], abs=1e-4)


def test_what_cannot_be_held_or_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SpecError, match="way 2 is not there"):
        fit_gamma_frailty(simulated(), 2)
    monkeypatch.setattr("clusterpanel.models.survival.frailty.MOST_PARTS", 100)
    with pytest.raises(SpecError, match="levels of firm_id at"):
        fit_gamma_frailty(simulated(), 1)
