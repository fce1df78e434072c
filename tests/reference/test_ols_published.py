"""Numbers of R fixest and of textbooks on data sets that are not ours to ship."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from clusterpanel.designs.design import design
from clusterpanel.designs.estimate import estimate
from clusterpanel.models.result import Result
from clusterpanel.panel.panel import Panel

R_TOLERANCE = 1e-6  # the tolerance the reference numbers are given with


def case(folder: Path, data: str, expected: str) -> tuple[pd.DataFrame, dict[str, Any]]:
    numbers = json.loads((folder / "expected" / f"{expected}.json").read_text(encoding="utf-8"))
    return pd.read_csv(folder / "cases" / data), numbers


def fit(frame: pd.DataFrame, firm: str, **fields: Any) -> Result:
    panel = Panel.from_frame(frame, firm=firm)
    fields.setdefault("vcov", {"CRV1": firm})
    result = estimate(design(**fields), panel)
    assert isinstance(result, Result)
    return result


def check(
    result: Result, column: str, expected: dict[str, float], names: dict[str, str] | None = None
) -> None:
    rows = result.tidy().set_index("term")[column]
    for name, value in expected.items():
        term = (names or {}).get(name, name)
        np.testing.assert_allclose(rows[term], value, rtol=R_TOLERANCE, err_msg=name)


@pytest.mark.parametrize(
    ("vcov", "expected"),
    [
        ("iid", "fixest_iid"),
        ("HC1", "fixest_hetero"),
        ({"CRV1": "firm"}, "fixest_cluster_firm"),
        ({"CRV1": "year"}, "fixest_cluster_year"),
    ],
)
def test_petersen_pooled(shared_data: Path, vcov: Any, expected: str) -> None:
    frame, numbers = case(shared_data, "petersen_cl.csv", "petersen_cl")
    result = fit(frame, "firm", comparison="pooled", outcome="y", exposure="x", vcov=vcov)
    names = {"intercept": "constant"}
    check(result, "estimate", numbers["coef"], names)
    check(result, "std_error", numbers["se"][expected], names)
    np.testing.assert_allclose(result.glance["r2"], numbers["r2"], rtol=R_TOLERANCE)


@pytest.mark.parametrize(
    ("vcov", "key"), [("iid", "se_iid"), ({"CRV1": "firm"}, "se_firm"), ({"CRV1": "year"}, "se_year")]
)
def test_petersen_within(shared_data: Path, vcov: Any, key: str) -> None:
    frame, numbers = case(shared_data, "petersen_cl.csv", "petersen_cl")
    result = fit(frame, "firm", comparison="within", outcome="y", exposure="x", vcov=vcov)
    check(result, "estimate", {"x": numbers["fe_firm"]["coef"]})
    check(result, "std_error", {"x": numbers["fe_firm"][key]})


def test_petersen_firm_and_year_effects(shared_data: Path) -> None:
    frame, numbers = case(shared_data, "petersen_cl.csv", "petersen_cl")
    expected = numbers["fe_firm_year"]
    fields = {"comparison": "within", "outcome": "y", "exposure": "x", "absorb": ["year"]}
    check(fit(frame, "firm", **fields), "estimate", {"x": expected["coef"]})
    check(fit(frame, "firm", **fields), "std_error", {"x": expected["se_firm"]})
    check(fit(frame, "firm", vcov="iid", **fields), "std_error", {"x": expected["se_iid"]})


def test_job_training_grants(shared_data: Path) -> None:
    """Wooldridge, Introductory Econometrics, example 14.1, and R fixest's errors."""
    frame, numbers = case(shared_data, "jtrain.csv", "jtrain")
    fields = {
        "comparison": "within",
        "outcome": "lscrap",
        "exposure": "grant",
        "controls": ["grant_1", "d88", "d89"],
    }
    grouped = fit(frame, "fcode", **fields)
    check(grouped, "estimate", numbers["fe"]["coef"])
    check(grouped, "std_error", numbers["fe"]["se_cluster"])
    check(fit(frame, "fcode", vcov="iid", **fields), "std_error", numbers["fe"]["se_iid"])
    check(fit(frame, "fcode", vcov="HC1", **fields), "std_error", numbers["fe"]["se_hetero"])
    assert grouped.glance["n"] == numbers["published"]["n"]
    assert grouped.glance["firms"] == numbers["published"]["firms"]
    np.testing.assert_allclose(grouped.glance["r2_within"], numbers["fe"]["r2_within"], rtol=R_TOLERANCE)


NLSWORK = {
    "age": "age",
    "I(age^2)": "age2",
    "ttl_exp": "ttl_exp",
    "I(ttl_exp^2)": "ttl_exp2",
    "tenure": "tenure",
    "I(tenure^2)": "tenure2",
    "not_smsa": "not_smsa",
    "south": "south",
}


def nlswork(folder: Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    frame, numbers = case(folder, "nlswork.csv.gz", "nlswork")
    squares = {f"{name}2": frame[name] ** 2 for name in ("age", "ttl_exp", "tenure")}
    return frame.assign(**squares), numbers


def test_national_longitudinal_survey(shared_data: Path) -> None:
    """Stata manual [XT] xtreg, and R fixest; those keep the 550 women seen once, whom we set aside."""
    frame, numbers = nlswork(shared_data)
    frame = frame.dropna(subset=["grade"])
    names = list(NLSWORK.values())
    fields = {"comparison": "within", "outcome": "ln_wage", "exposure": names[0], "controls": names[1:]}
    iid = fit(frame, "idcode", vcov="iid", **fields)
    check(iid, "estimate", numbers["fe"]["coef"], NLSWORK)
    check(iid, "std_error", numbers["fe"]["se_iid"], NLSWORK)
    alone = sum(step["rows_set_aside"] for step in iid.provenance["flow"] if "more than once" in step["step"])
    assert iid.glance["n"] + alone == numbers["fe"]["n"]
    assert iid.glance["firms"] + alone == numbers["fe"]["groups"]
    grouped = fit(frame, "idcode", **fields)
    factor = _factor(numbers["fe"]["n"], numbers["fe"]["groups"], 9)
    factor /= _factor(grouped.glance["n"], grouped.glance["firms"], 9)
    expected = {name: error / np.sqrt(factor) for name, error in numbers["fe"]["se_cluster"].items()}
    check(grouped, "std_error", expected, NLSWORK)


def _factor(rows: int, groups: int, parameters: int) -> float:
    return groups / (groups - 1) * (rows - 1) / (rows - parameters)
