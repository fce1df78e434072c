"""linearmodels 7.1 as a second oracle, on simulated unbalanced panels with gaps."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from linearmodels.panel import BetweenOLS, FirstDifferenceOLS, PanelOLS, PooledOLS, RandomEffects

from clusterpanel.models.arrays import Codes, ModelArrays
from clusterpanel.models.fit import Fit
from clusterpanel.models.ols import fit_ols
from clusterpanel.models.panel_models.between import fit_between
from clusterpanel.models.panel_models.first_difference import fit_first_difference
from clusterpanel.models.panel_models.random_effects import fit_random_effects
from clusterpanel.spec.vcov import GroupedVcov

TOLERANCE = 1e-9  # two exact methods in double precision
NAMES = ["size", "age_years", "is_foreign"]
BY_FIRM = GroupedVcov(CRV1="firm_id")
GROUPED: dict[str, Any] = {"cov_type": "clustered", "cluster_entity": True, "group_debias": True}


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """Simulate 120 firms of 2 to 9 years, some with gaps, one regressor constant in each firm."""
    rng = np.random.default_rng(7)
    firms = np.repeat(np.arange(120), rng.integers(3, 10, 120))
    frame = pd.DataFrame({"firm_id": firms})
    frame["year"] = 2000 + frame.groupby("firm_id").cumcount()
    effect = rng.normal(size=120)[firms]
    frame["size"] = 0.5 * effect + rng.normal(size=len(frame))
    frame["age_years"] = rng.uniform(0, 30, len(frame))
    frame["is_foreign"] = (rng.random(120) < 0.3)[firms].astype(float)
    noise = rng.normal(size=len(frame))
    frame["log_wage"] = (
        0.3 * frame["size"] + 0.01 * frame["age_years"] + 0.2 * frame["is_foreign"] + effect + noise
    )
    keep = rng.random(len(frame)) < 0.9
    frame = frame[keep]
    return frame[frame.groupby("firm_id")["year"].transform("size") > 1].reset_index(drop=True)


def arrays(frame: pd.DataFrame, names: list[str], *, firm: bool = False, year: bool = False) -> ModelArrays:
    values = [frame[name].to_numpy(np.float64) for name in ("log_wage", *names)]
    has_constant = not firm and not year
    firms, years = (codes(frame, name) for name in ("firm_id", "year"))
    return ModelArrays(
        columns=(*values, np.ones(len(frame))) if has_constant else tuple(values),
        names=(*names, "constant") if has_constant else tuple(names),
        firms=firms,
        effects=(years,) if year else (),
        absorbs_firm=firm,
        groups=(firms,),
        rows_per_block=64,
    )


def codes(frame: pd.DataFrame, name: str) -> Codes:
    numbers, levels = pd.factorize(frame[name], sort=True)
    return Codes(name, numbers.astype(np.int32), len(levels))


def panel(frame: pd.DataFrame, names: list[str], constant: bool = True) -> tuple[pd.Series, pd.DataFrame]:
    indexed = frame.set_index(["firm_id", "year"])
    regressors = indexed[names].assign(constant=1.0) if constant else indexed[names]
    return indexed["log_wage"], regressors


def check(fit: Fit, oracle: Any, *, has_errors: bool = True) -> None:
    table = fit.table().set_index("term")
    names = [name for name in table.index if name in oracle.params.index]
    assert names
    np.testing.assert_allclose(table.loc[names, "estimate"], oracle.params[names], rtol=TOLERANCE)
    if has_errors:
        np.testing.assert_allclose(table.loc[names, "std_error"], oracle.std_errors[names], rtol=TOLERANCE)


def test_random_effects(frame: pd.DataFrame) -> None:
    oracle = RandomEffects(*panel(frame, NAMES))
    fit = fit_random_effects(arrays(frame, NAMES), components="swamy_arora_harmonic")
    check(fit, oracle.fit())
    grouped = fit_random_effects(arrays(frame, NAMES), BY_FIRM, components="swamy_arora_harmonic")
    check(grouped, oracle.fit(**GROUPED))
    theta = oracle.fit().theta["theta"]
    np.testing.assert_allclose(fit.facts["theta"], theta.mean(), rtol=TOLERANCE)
    np.testing.assert_allclose(fit.facts["theta_min"], theta.min(), rtol=TOLERANCE)
    np.testing.assert_allclose(fit.facts["theta_max"], theta.max(), rtol=TOLERANCE)


def test_random_effects_unbiased_for_unbalanced_panels(frame: pd.DataFrame) -> None:
    """``small_sample`` is the estimator of Baltagi and Chang, as R plm has it."""
    oracle = RandomEffects(*panel(frame, NAMES)).fit(small_sample=True)
    fit = fit_random_effects(arrays(frame, NAMES))
    np.testing.assert_allclose(
        fit.facts["sigma2_firm"], oracle.variance_decomposition["Effects"], rtol=TOLERANCE
    )
    check(fit, oracle)


def test_random_effects_with_year_dummies(frame: pd.DataFrame) -> None:
    years = pd.get_dummies(frame["year"], prefix="y", dtype=float).iloc[:, 1:]
    wide = pd.concat([frame, years], axis=1)
    oracle = RandomEffects(*panel(wide, [*NAMES, *years.columns])).fit()
    check(fit_random_effects(arrays(frame, NAMES, year=True), components="swamy_arora_harmonic"), oracle)


def test_between(frame: pd.DataFrame) -> None:
    oracle = BetweenOLS(*panel(frame, NAMES))
    check(fit_between(arrays(frame, NAMES)), oracle.fit())
    check(fit_between(arrays(frame, NAMES), "HC1"), oracle.fit(cov_type="robust"))


def test_first_difference_leaves_gaps_out(frame: pd.DataFrame) -> None:
    names = NAMES[:2]
    oracle = FirstDifferenceOLS(*panel(frame, names, constant=False))
    sample = arrays(frame, [*names, "year"]).only([0, 1, 2, 3])
    check(fit_first_difference(sample, "year"), oracle.fit())
    fit = fit_first_difference(sample, "year", BY_FIRM)
    check(fit, oracle.fit(**GROUPED))
    assert fit.facts["gap_rows"] > 0
    counted = fit.facts["gap_rows"] + fit.facts["first_rows"]
    assert oracle.fit().nobs == len(frame) - counted


def test_pooled_and_within(frame: pd.DataFrame) -> None:
    check(fit_ols(arrays(frame, NAMES)), PooledOLS(*panel(frame, NAMES)).fit())
    names = NAMES[:2]
    one_way = PanelOLS(*panel(frame, names, constant=False), entity_effects=True)
    check(fit_ols(arrays(frame, names, firm=True)), one_way.fit())
    two_way = PanelOLS(*panel(frame, names, constant=False), entity_effects=True, time_effects=True)
    check(fit_ols(arrays(frame, names, firm=True, year=True)), two_way.fit())
