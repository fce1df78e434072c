"""What follows a Cox regression, against R's survival 3.5-3.

Numbers: shared data's survival/golden_R.json (coxph.control(eps = 1e-12)) and expected/survival_r.json; lung,
veteran, heart, heart in months, rossi and mgus2 of R's survival and carData. Tolerances: both programs stop
their climb about 1e-8 standard errors from the top; where R used its default eps, 1e-6.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from clusterpanel.models.arrays import Codes, ModelArrays
from clusterpanel.models.survival.baseline import baseline_hazard, survival_at
from clusterpanel.models.survival.concordance import Concordance, concordance
from clusterpanel.models.survival.cox import CoxFit, fit_cox
from clusterpanel.models.survival.proportional_hazards import proportional_hazards_test
from clusterpanel.models.survival.residuals import (
    deviance_residuals,
    dfbeta_residuals,
    martingale_residuals,
    scaled_schoenfeld_residuals,
    schoenfeld_residuals,
    score_residuals,
)
from clusterpanel.models.survival.time_varying import TimeTerm, event_times, period_terms, split_at

CLOSE = 1e-7
R_DEFAULT = 1e-6
LUNG = ("age", "sex", "ph.ecog")
HEART = ("age", "year", "surgery", "transplant")
ROSSI = ("fin", "age", "race", "wexp", "mar", "paro", "prio")
COUNTS = ("concordant", "discordant", "tied.x", "tied.y", "tied.xy", "concordance", "std")


@pytest.fixture(scope="module")
def golden(shared_data: Path) -> dict[str, Any]:
    return json.loads((shared_data / "survival" / "golden_R.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def expected(shared_data: Path) -> dict[str, Any]:
    return json.loads((shared_data / "expected" / "survival_r.json").read_text("utf-8"))


def read(shared_data: Path, name: str) -> pd.DataFrame:
    """Read a data set with the columns event, start and stop."""
    folder = "cases" if name == "surv_mgus2" else "survival"
    table = pd.read_csv(shared_data / folder / f"{name}.csv")
    if name == "lung":
        return table.assign(event=table["status"] == 2, start=0, stop=table["time"])
    if name == "veteran":
        return table.assign(event=table["status"], start=0, stop=table["time"])
    if name == "rossi":
        return table.assign(event=table["arrest"], start=0, stop=table["week"])
    return table


def codes_of(values: pd.Series) -> Codes:
    levels, codes = np.unique(values, return_inverse=True)
    return Codes(str(values.name), codes.astype(np.int32), len(levels))


def arrays(
    table: pd.DataFrame, names: Sequence[str], strata: str | None = None, group: str | None = None
) -> ModelArrays:
    """Return rows without missing values as a survival source, each its own firm."""
    needed = [*names, *(name for name in (strata, group) if name)]
    table = table.dropna(subset=needed)
    rows = len(table)
    return ModelArrays(
        tuple(table[name].to_numpy(float) for name in ("event", "start", "stop", *names)),
        tuple(names),
        Codes("row", np.arange(rows, dtype=np.int32), rows),
        () if strata is None else (codes_of(table[strata]),),
        absorbs_firm=False,
        groups=() if group is None else (codes_of(table[group]),),
        outcomes=3,
        rows_per_block=50,
    )


@pytest.fixture(scope="module")
def lung(shared_data: Path) -> CoxFit:
    return fit_cox(arrays(read(shared_data, "lung"), LUNG))


def test_residuals_by_row(lung: CoxFit, golden: dict[str, Any]) -> None:
    wanted = golden["lung_resid"]
    np.testing.assert_allclose(martingale_residuals(lung)[:6], wanted["martingale_first6"], rtol=CLOSE)
    np.testing.assert_allclose(deviance_residuals(lung)[:6], wanted["deviance_first6"], rtol=CLOSE)
    np.testing.assert_allclose(score_residuals(lung)[:3], wanted["score_first3"], rtol=CLOSE)
    np.testing.assert_allclose(dfbeta_residuals(lung)[:3], wanted["dfbeta_first3"], rtol=CLOSE)


def test_residuals_by_event(lung: CoxFit, golden: dict[str, Any]) -> None:
    wanted = golden["lung_resid"]
    plain, scaled = schoenfeld_residuals(lung), scaled_schoenfeld_residuals(lung)
    np.testing.assert_allclose(plain.values[:3], wanted["schoenfeld_first3"], rtol=CLOSE)
    np.testing.assert_allclose(scaled.values[:3], wanted["scaledsch_first3"], rtol=CLOSE)


def assert_test(found: pd.DataFrame, wanted: dict[str, Any], tolerance: float = CLOSE) -> None:
    np.testing.assert_allclose(found["statistic"], wanted["chisq"], rtol=tolerance)
    np.testing.assert_allclose(found["p_value"], wanted["p"], rtol=tolerance)
    assert found["degrees_of_freedom"].tolist() == wanted["df"]


@pytest.mark.parametrize("transform", ["km", "identity", "rank", "log"])
def test_proportional_hazards_of_lung(lung: CoxFit, golden: dict[str, Any], transform: Any) -> None:
    assert_test(proportional_hazards_test(lung, transform), golden[f"lung_zph_{transform}"])


def test_proportional_hazards_of_heart_with_late_entry(shared_data: Path, golden: dict[str, Any]) -> None:
    fit = fit_cox(arrays(read(shared_data, "heart"), HEART))
    assert_test(proportional_hazards_test(fit), golden["heart_zph"])


def test_proportional_hazards_of_rossi(shared_data: Path, golden: dict[str, Any]) -> None:
    fit = fit_cox(arrays(read(shared_data, "rossi"), ROSSI))
    assert_test(proportional_hazards_test(fit), golden["rossi_zph_km"])


def test_proportional_hazards_of_veteran_by_term(shared_data: Path, golden: dict[str, Any]) -> None:
    table = read(shared_data, "veteran")
    kinds = ("celltypesmallcell", "celltypeadeno", "celltypelarge")
    rest = ("karno", "diagtime", "age", "prior")
    terms = {"trt": ("trt",), "celltype": kinds, **{name: (name,) for name in rest}}
    fit = fit_cox(arrays(table, ("trt", *kinds, *rest)))
    assert_test(proportional_hazards_test(fit, terms=terms), golden["veteran_zph_km"])
    few = fit_cox(arrays(table, ("trt", "prior", "karno")))
    assert_test(proportional_hazards_test(few), golden["veteran_tpk_zph"])


def test_the_baseline_hazard(lung: CoxFit, golden: dict[str, Any]) -> None:
    """R's table also has the times of censoring, at the last of which the hazard stands as before."""
    wanted, table = golden["lung_basehaz_uncentered"], baseline_hazard(lung)
    last = np.searchsorted(table["time"], wanted["time"], side="right") - 1
    np.testing.assert_allclose(table["cumulative_hazard"].to_numpy()[last], wanted["hazard"], rtol=CLOSE)
    same = survival_at(lung, {"zero": dict.fromkeys(LUNG, 0.0)}, wanted["time"])
    np.testing.assert_allclose(same["cumulative_hazard"], wanted["hazard"], rtol=CLOSE)


def test_survival_for_given_regressors(shared_data: Path, expected: dict[str, Any]) -> None:
    wanted = expected["lung_cox_predict"]
    fit = fit_cox(arrays(read(shared_data, "lung"), ("age", "sex")))
    patterns = {"one": {"age": 50.0, "sex": 1.0}, "other": {"age": 70.0, "sex": 2.0}}
    found = survival_at(fit, patterns, wanted["time"])
    np.testing.assert_allclose(found["survival"], np.transpose(wanted["surv"]).ravel(), rtol=R_DEFAULT)
    np.testing.assert_allclose(found["std_error"], np.transpose(wanted["se"]).ravel(), rtol=R_DEFAULT)


def assert_concordance(fit: CoxFit, wanted: dict[str, Any], way: int | None = None) -> None:
    found = concordance(fit, way)
    pairs = (found.concordant, found.discordant, found.tied_risk, found.tied_time, found.tied_both)
    assert pairs == tuple(wanted["concordance"][name] for name in COUNTS[:5])
    assert found.concordance == pytest.approx(wanted["concordance"]["concordance"], rel=1e-12)
    assert found.std_error == pytest.approx(wanted["concordance"]["std"], rel=1e-12)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_concordance_of_lung_and_rossi(shared_data: Path, golden: dict[str, Any], ties: Any) -> None:
    assert_concordance(fit_cox(arrays(read(shared_data, "lung"), LUNG), ties), golden[f"lung_{ties}"])
    assert_concordance(fit_cox(arrays(read(shared_data, "rossi"), ROSSI), ties), golden[f"rossi_{ties}"])


def test_concordance_with_strata(shared_data: Path, golden: dict[str, Any], expected: dict[str, Any]) -> None:
    rossi = arrays(read(shared_data, "rossi"), [name for name in ROSSI if name != "wexp"], strata="wexp")
    assert_concordance(fit_cox(rossi), golden["rossi_strata_wexp"])
    by_sex = arrays(read(shared_data, "lung"), ("age", "ph.ecog"), strata="sex", group="inst")
    assert_concordance(fit_cox(by_sex), golden["lung_strata_cluster_inst"], way=0)
    alone = fit_cox(arrays(read(shared_data, "lung"), ("age", "ph.ecog"), strata="sex"))
    assert_same_concordance(concordance(alone), expected["lung_strata_inst_sex"])


@pytest.mark.parametrize(
    ("name", "key", "way"),
    [
        ("heart", "heart_efron", None),
        ("heart", "heart_breslow", None),
        ("heart", "heart_cluster", 0),
        ("heart_months", "heart_months_tied_efron", 0),
        ("heart_months", "heart_months_tied_breslow", 0),
    ],
)
def test_concordance_with_late_entry(
    shared_data: Path, golden: dict[str, Any], name: str, key: str, way: int | None
) -> None:
    ties = golden[key]["method"]
    assert_concordance(fit_cox(arrays(read(shared_data, name), HEART, group="id"), ties), golden[key], way)


def assert_same_concordance(found: Concordance, wanted: dict[str, Any]) -> None:
    assert found.concordance == pytest.approx(wanted["concordance"], rel=1e-12)
    assert found.std_error == pytest.approx(wanted["concordance_se"], rel=1e-10)


def test_concordance_grouped_by_institution(shared_data: Path, expected: dict[str, Any]) -> None:
    fit = fit_cox(arrays(read(shared_data, "lung"), LUNG, group="inst"))
    assert_same_concordance(concordance(fit, way=0), expected["lung_cluster_inst"])


def test_concordance_with_weights(shared_data: Path, expected: dict[str, Any]) -> None:
    """The weights are the column sex, 1 or 2, which gives the likelihoods of the source."""
    table, wanted = read(shared_data, "lung"), expected["lung_weighted"]
    source = replace(arrays(table, ("age", "sex")), weights=table["sex"].to_numpy(float))
    fit = fit_cox(source)
    assert fit.likelihood.facts["loglik_null"] == pytest.approx(wanted["loglik_null"], rel=1e-12)
    assert_same_concordance(concordance(fit), wanted)


def test_concordance_of_mgus2_in_years_by_cause(shared_data: Path, golden: dict[str, Any]) -> None:
    table = read(shared_data, "surv_mgus2").dropna(subset=["mspike"])
    stop = np.maximum(np.ceil(table["etime"] / 12), 1)
    table = table.assign(start=0, stop=stop, male=table["sex"] == "M")
    fit, wanted = (
        fit_cox(arrays(table, ("age", "male", "mspike")), cause=2),
        golden["mgus2_annual_efron_death"],
    )
    np.testing.assert_allclose(fit.likelihood.coefficients, list(wanted["coef"].values()), rtol=CLOSE)
    assert_concordance(fit, wanted)


def assert_fit(fit: CoxFit, wanted: dict[str, Any]) -> None:
    likelihood, errors = fit.likelihood, np.sqrt(np.diag(fit.likelihood.sums.bread))
    np.testing.assert_allclose(likelihood.coefficients, list(wanted["coef"].values()), rtol=R_DEFAULT)
    np.testing.assert_allclose(errors, list(wanted["se"].values()), rtol=R_DEFAULT)
    assert likelihood.facts["loglik"] == pytest.approx(wanted["loglik"], rel=1e-9)
    assert_same_concordance(concordance(fit), wanted)


def test_a_coefficient_that_changes_with_the_logarithm_of_time(
    shared_data: Path, expected: dict[str, Any]
) -> None:
    source = arrays(read(shared_data, "veteran"), ("trt", "prior", "karno"))
    term = TimeTerm("tt(karno)", "karno", lambda time: np.log(time + 20))
    split = split_at(source, event_times(source), [term])
    assert_fit(fit_cox(split), expected["veteran_tt_log"])


def test_a_coefficient_of_each_period(shared_data: Path, expected: dict[str, Any]) -> None:
    source = arrays(read(shared_data, "veteran"), ("trt", "prior", "karno"))
    split = split_at(source, [90, 180], period_terms("karno", [90, 180]), without=["karno"])
    assert split.rows == expected["veteran_step"]["n"]
    assert_fit(fit_cox(split), expected["veteran_step"])
