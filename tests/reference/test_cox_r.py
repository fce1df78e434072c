"""Cox regressions against R's survival package 3.5-3, its numbers made with convergence to 1e-12.

`golden_R.json` was made so, and is held to 1e-8; `survival_r.json` has R's default convergence of 1e-9 in the
likelihood, and statistics printed with two decimals, and is held to 1e-5.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import ArrayLike

from clusterpanel.models.arrays import Codes, ModelArrays
from clusterpanel.models.survival.cox import CoxFit, fit_cox
from clusterpanel.models.survival.cox_ties import Ties
from clusterpanel.models.survival.cox_variance import survival_variance, wald_test
from clusterpanel.spec.vcov import GroupedVcov

TIGHT, DEFAULT = 1e-8, 1e-5


@pytest.fixture(scope="session")
def golden(shared_data: Path) -> dict[str, Any]:
    text = (shared_data / "survival" / "golden_R.json").read_text("utf-8")
    numbers: dict[str, Any] = json.loads(text)
    return numbers


@pytest.fixture(scope="session")
def expected(shared_data: Path) -> dict[str, Any]:
    numbers: dict[str, Any] = json.loads((shared_data / "expected" / "survival_r.json").read_text("utf-8"))
    return numbers


def codes(name: str, values: ArrayLike) -> Codes:
    labels, place = np.unique(np.asarray(values), return_inverse=True)
    return Codes(name, place.astype(np.int32), len(labels))


def source(  # noqa: PLR0917
    frame: pd.DataFrame,
    times: tuple[ArrayLike, ArrayLike, ArrayLike],
    names: Sequence[str],
    strata: str | None = None,
    groups: str | None = None,
    weights: str | None = None,
) -> ModelArrays:
    """Make a survival source of start, stop, event and columns; rows of an `id` are a firm's."""
    start, stop, event = times
    columns = (event, start, stop, *(frame[name] for name in names))
    firm = frame["id"] if "id" in frame else np.arange(len(frame))
    return ModelArrays(
        columns=tuple(np.ascontiguousarray(np.asarray(column, dtype=float)) for column in columns),
        names=tuple(names),
        firms=codes("id", firm),
        effects=() if strata is None else (codes(strata, frame[strata]),),
        absorbs_firm=False,
        groups=() if groups is None else (codes(groups, frame[groups]),),
        weights=None if weights is None else frame[weights].to_numpy(dtype=float),
        outcomes=3,
    )


def check(fit: CoxFit, numbers: dict[str, Any], tolerance: float, vcov: Any = "iid") -> None:
    """Compare coefficients, errors, likelihoods and tests with R's."""
    likelihood = fit.likelihood
    variance = survival_variance(vcov, likelihood.sums, likelihood.counts)
    errors = numbers["se"].values() if isinstance(numbers["se"], dict) else numbers["se"]
    near(likelihood.coefficients, list(numbers["coef"].values()), tolerance)
    near(np.sqrt(np.diag(variance.matrix)), list(errors), tolerance)
    first, last = numbers.get("loglik"), numbers.get("loglik_null")
    null, top = first if isinstance(first, list) else (last, first)
    facts = likelihood.facts
    near([facts["loglik_null"], facts["loglik"]], [null, top], tolerance)
    near(facts["score_chi2"], numbers["score"], tolerance)
    assert facts["events"] == numbers["nevent"]
    wald = wald_test(likelihood.coefficients, variance.matrix)
    if isinstance(first, list):
        near(wald, numbers["wald"], tolerance)
    else:
        assert abs(wald - numbers["wald"]) <= 0.00501
        near(facts["lr_chi2"], numbers["lr"], tolerance)


def near(came: ArrayLike, wanted: ArrayLike, tolerance: float) -> None:
    np.testing.assert_allclose(came, wanted, rtol=tolerance)


def read(folder: Path, name: str, **dropped: Any) -> pd.DataFrame:
    return pd.read_csv(folder / name).dropna(**dropped)


def lung(folder: Path, *needed: str) -> pd.DataFrame:
    return read(folder, "survival/lung.csv", subset=["time", "status", *needed])


def lung_times(frame: pd.DataFrame) -> tuple[ArrayLike, ArrayLike, ArrayLike]:
    return np.zeros(len(frame)), frame["time"], frame["status"] == 2


def heart_times(frame: pd.DataFrame) -> tuple[ArrayLike, ArrayLike, ArrayLike]:
    return frame["start"], frame["stop"], frame["event"]


LUNG = ("age", "sex", "ph.ecog")
HEART = ("age", "year", "surgery", "transplant")


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_lung(shared_data: Path, golden: dict[str, Any], expected: dict[str, Any], ties: Ties) -> None:
    frame = lung(shared_data, *LUNG)
    fit = fit_cox(source(frame, lung_times(frame), LUNG), ties)
    check(fit, golden[f"lung_{ties}"], TIGHT)
    check(fit, expected[f"lung_{ties}"], DEFAULT)


def test_lung_by_strata(shared_data: Path, expected: dict[str, Any]) -> None:
    frame = lung(shared_data, *LUNG)
    names = ("age", "ph.ecog")
    fit = fit_cox(source(frame, lung_times(frame), names, strata="sex"))
    check(fit, expected["lung_strata_inst_sex"], DEFAULT)


def test_lung_by_strata_errors_grouped_by_institution(shared_data: Path, golden: dict[str, Any]) -> None:
    frame = lung(shared_data, *LUNG, "inst")
    fit = fit_cox(source(frame, lung_times(frame), ("age", "ph.ecog"), strata="sex", groups="inst"))
    check(fit, golden["lung_strata_cluster_inst"], TIGHT, GroupedVcov(CRV1="inst"))


def test_lung_errors_grouped_by_institution(shared_data: Path, expected: dict[str, Any]) -> None:
    frame = lung(shared_data, *LUNG, "inst")
    fit = fit_cox(source(frame, lung_times(frame), LUNG, groups="inst"))
    check(fit, expected["lung_cluster_inst"], DEFAULT, GroupedVcov(CRV1="inst"))


def test_lung_robust_errors_are_hc1_where_each_row_is_a_firm(
    shared_data: Path, expected: dict[str, Any]
) -> None:
    frame = lung(shared_data, *LUNG)
    fit = fit_cox(source(frame, lung_times(frame), LUNG))
    check(fit, expected["lung_robust"], DEFAULT, "HC1")


def test_lung_weighted_by_sex(shared_data: Path, expected: dict[str, Any]) -> None:
    # The weights are not named in the file: those of `sex` reproduce its two likelihoods to 12 digits.
    frame = lung(shared_data, "age", "sex")
    fit = fit_cox(source(frame, lung_times(frame), ("age", "sex"), weights="sex"))
    check(fit, expected["lung_weighted"], DEFAULT)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_heart_transplants_with_covariates_that_change(
    shared_data: Path, golden: dict[str, Any], ties: Ties
) -> None:
    frame = read(shared_data, "survival/heart.csv")
    fit = fit_cox(source(frame, heart_times(frame), HEART, groups="id"), ties)
    check(fit, golden[f"heart_{ties}"], TIGHT)
    if ties == "efron":
        check(fit, golden["heart_cluster"], TIGHT, GroupedVcov(CRV1="id"))
        check(fit, golden["heart_cluster"], TIGHT, "HC1")


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_heart_in_months_heavily_tied_and_grouped(
    shared_data: Path, golden: dict[str, Any], ties: Ties
) -> None:
    frame = read(shared_data, "survival/heart_months.csv")
    fit = fit_cox(source(frame, heart_times(frame), HEART, groups="id"), ties)
    numbers = golden[f"heart_months_tied_{ties}"]
    check(fit, numbers, TIGHT, GroupedVcov(CRV1="id"))
    near(np.sqrt(np.diag(fit.likelihood.sums.bread)), numbers["naive_se"], TIGHT)


def test_heart_with_interactions(shared_data: Path, golden: dict[str, Any], expected: dict[str, Any]) -> None:
    frame = read(shared_data, "survival/heart.csv")
    frame["age:transplant"] = frame["age"] * frame["transplant"]
    frame["surgery:transplant"] = frame["surgery"] * frame["transplant"]
    names = ("age", "surgery", "transplant", "age:transplant", "surgery:transplant")
    fit = fit_cox(source(frame, heart_times(frame), names))
    check(fit, golden["heart_interaction"], TIGHT)
    check(fit, expected["heart_int"], DEFAULT)


VETERAN = (
    "trt",
    "celltypesmallcell",
    "celltypeadeno",
    "celltypelarge",
    "karno",
    "diagtime",
    "age",
    "prior",
)


def test_veteran(shared_data: Path, golden: dict[str, Any]) -> None:
    frame = read(shared_data, "survival/veteran.csv")
    times = np.zeros(len(frame)), frame["time"], frame["status"]
    check(fit_cox(source(frame, times, VETERAN)), golden["veteran_full"], TIGHT)


def cut(frame: pd.DataFrame, times: ArrayLike) -> pd.DataFrame:
    """Cut each interval from 0 at the times, as R's survSplit does; `id` tells whose rows they are."""
    borders = np.concatenate([[0.0], np.unique(np.asarray(times, dtype=float))])
    rows = []
    for place, row in enumerate(frame.to_dict("records")):
        inner = borders[borders < row["time"]]
        ends = np.append(inner[1:], row["time"])
        for start, stop in zip(inner, ends, strict=True):
            event = row["status"] if stop == row["time"] else 0
            rows.append({**row, "id": place, "start": start, "stop": stop, "event": event})
    return pd.DataFrame(rows)


def test_veteran_coefficient_that_changes_with_the_logarithm_of_time(
    shared_data: Path, expected: dict[str, Any]
) -> None:
    # tt = function(x, t, ...) x * log(t + 20) in the package's vignette on time-dependent covariates.
    frame = read(shared_data, "survival/veteran.csv")
    rows = cut(frame, frame.loc[frame["status"] == 1, "time"])
    rows["tt(karno)"] = rows["karno"] * np.log(rows["stop"] + 20)
    fit = fit_cox(source(rows, heart_times(rows), ("trt", "prior", "karno", "tt(karno)")))
    check(fit, {**expected["veteran_tt_log"]}, DEFAULT)


def test_veteran_coefficient_that_steps_with_time(shared_data: Path, expected: dict[str, Any]) -> None:
    frame = read(shared_data, "survival/veteran.csv")
    rows = cut(frame, [90, 180])
    rows["period"] = np.digitize(rows["start"], [90, 180])
    for period in range(3):
        rows[f"karno in {period}"] = rows["karno"] * (rows["period"] == period)
    names = ("trt", "prior", "karno in 0", "karno in 1", "karno in 2")
    fit = fit_cox(source(rows, heart_times(rows), names, strata="period"))
    check(fit, expected["veteran_step"], DEFAULT)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_rossi(shared_data: Path, golden: dict[str, Any], ties: Ties) -> None:
    frame = read(shared_data, "survival/rossi.csv")
    numbers = golden[f"rossi_{ties}"]
    times = np.zeros(len(frame)), frame["week"], frame["arrest"]
    check(fit_cox(source(frame, times, list(numbers["coef"])), ties), numbers, TIGHT)


def test_rossi_by_strata(shared_data: Path, golden: dict[str, Any]) -> None:
    frame = read(shared_data, "survival/rossi.csv")
    numbers = golden["rossi_strata_wexp"]
    times = np.zeros(len(frame)), frame["week"], frame["arrest"]
    check(fit_cox(source(frame, times, list(numbers["coef"]), strata="wexp")), numbers, TIGHT)


def test_deaths_by_year_with_progression_as_another_cause(shared_data: Path, golden: dict[str, Any]) -> None:
    frame = read(shared_data, "cases/surv_mgus2.csv", subset=["mspike"])
    frame["sexM"] = frame["sex"] == "M"
    years = np.ceil(frame["etime"] / 12)
    fit = fit_cox(
        source(frame, (np.zeros(len(frame)), years, frame["event"]), ("age", "sexM", "mspike")), cause=2
    )
    check(fit, golden["mgus2_annual_efron_death"], TIGHT)
    assert fit.likelihood.facts["other_events"] == (frame["event"] == 1).sum()
