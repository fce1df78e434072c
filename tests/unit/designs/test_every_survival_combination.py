"""What the table of estimators promises of survival is to be had, each rule of variance and each option."""

from typing import Any

import numpy as np
import pytest

from clusterpanel.designs.design import design
from clusterpanel.designs.estimate import estimate
from clusterpanel.errors import SpecError
from clusterpanel.models.result import Result
from clusterpanel.panel.panel import Panel
from clusterpanel.spec.estimators import ESTIMATORS, estimator_of

from .survival_panel import simulated_exits
from .test_every_combination import VCOV

COMPETING = {"cause": "exit_cause", "cause_of_interest": "merger"}
FIELDS: dict[str, dict[str, Any]] = {
    "cox": {},
    "fine_gray": COMPETING,
    "exponential": {},
    "weibull": {},
    "gompertz": {},
    "log_logistic": {},
    "log_normal": {},
    "piecewise_exponential": {"cuts": [3.0, 7.0]},
    "competing_logit": {"cause": "exit_cause"},
}
# Coefficients that are log time ratios, less where exits are more.
TIMES = ("exponential", "weibull", "log_logistic", "log_normal")


@pytest.fixture(scope="module")
def panel() -> Panel:
    return Panel.from_frame(simulated_exits())


def fields(estimator: str, vcov: str = "CRV1") -> dict[str, Any]:
    plain = {"comparison": "pooled", "outcome": "is_exit", "exposure": "in_cluster", "controls": ["size"]}
    return {**plain, "estimator": estimator, **FIELDS[estimator], "vcov": VCOV[vcov]}


def exposures_row(result: object) -> Any:
    assert isinstance(result, Result)
    return result.estimate.iloc[0]


def test_every_survival_model_is_tried() -> None:
    models = {
        name
        for name, found in ESTIMATORS.items()
        if (found.is_timed or found.cause == "required") and not found.is_curve
    }
    assert models == set(FIELDS)


@pytest.mark.parametrize("vcov", VCOV)
@pytest.mark.parametrize("estimator", FIELDS)
def test_variance_that_is_promised_is_to_be_had_and_the_rest_is_refused(
    estimator: Any, vcov: str, panel: Panel
) -> None:
    if vcov not in ESTIMATORS[estimator].vcov:
        with pytest.raises(SpecError, match=f'came "{vcov}"; allowed: '):
            design(**fields(estimator, vcov))
        return
    row = exposures_row(estimate(design(**fields(estimator, vcov)), panel))

    assert str(row["term"]).endswith("in_cluster")
    assert 0 < row["std_error"] < abs(row["estimate"])
    assert (row["estimate"] < 0) == (estimator in TIMES)


@pytest.mark.parametrize("kind", ["analytic", "frequency", "probability"])
@pytest.mark.parametrize("estimator", FIELDS)
def test_weights_are_used(estimator: str, kind: str, panel: Panel) -> None:
    weights: dict[str, Any] = {"weights": {kind: "copies"}}
    plain, weighted = (
        exposures_row(estimate(design(**{**fields(estimator), **more}), panel)) for more in ({}, weights)
    )

    assert weighted["estimate"] != pytest.approx(plain["estimate"], rel=1e-4)


@pytest.mark.parametrize("estimator", FIELDS)
def test_offset_is_a_regressor_with_coefficient_one(estimator: str, panel: Panel) -> None:
    """With half the exposure as offset its coefficient is less by a half."""
    asked = fields(estimator)
    plain, moved = (
        exposures_row(estimate(design(**asked, **more), panel)) for more in ({}, {"offset": "half"})
    )

    assert moved["estimate"] == pytest.approx(plain["estimate"] - 0.5, abs=1e-6)


@pytest.mark.parametrize("estimator", [name for name in FIELDS if ESTIMATORS[name].strata])  # type: ignore[index]
@pytest.mark.parametrize(
    "more", [{"strata": ["region_code"]}, {"comparison": "region"}, {"ties": "breslow"}], ids=str
)
def test_strata_regions_and_ties_change_the_estimate(
    estimator: str, more: dict[str, Any], panel: Panel
) -> None:
    plain, changed = (
        exposures_row(estimate(design(**{**fields(estimator), **own}), panel)) for own in ({}, more)
    )

    assert changed["estimate"] != pytest.approx(plain["estimate"], rel=1e-6)


@pytest.mark.parametrize("estimator", [name for name in FIELDS if ESTIMATORS[name].is_timed])  # type: ignore[index]
def test_times_may_be_named_and_missing_they_are_age_and_a_year_more(estimator: str, panel: Panel) -> None:
    frame = simulated_exits()
    frame["from_age"], frame["to_age"] = frame["age"].astype(float), frame["age"] + 1.0
    named = fields(estimator) | {"start": "from_age", "stop": "to_age"}
    told = exposures_row(estimate(design(**named), Panel.from_frame(frame.drop(columns="age"))))

    assert told["estimate"] == exposures_row(estimate(design(**fields(estimator)), panel))["estimate"]


@pytest.mark.parametrize("estimator", [name for name in FIELDS if ESTIMATORS[name].cause == "optional"])  # type: ignore[index]
def test_other_causes_are_censored(estimator: str) -> None:
    """The same as an outcome that is yes where the cause is the one of interest only."""
    frame = simulated_exits()
    own = frame["exit_cause"].eq("merger").where(frame["is_exit"].notna())
    frame["is_merger"] = own
    panel = Panel.from_frame(frame)
    by_cause = estimate(design(**{**fields(estimator), **COMPETING}), panel)
    by_hand = estimate(design(**{**fields(estimator), "outcome": "is_merger"}), panel)

    assert isinstance(by_cause, Result)
    assert isinstance(by_hand, Result)
    assert np.allclose(by_cause.estimate["estimate"], by_hand.estimate["estimate"], rtol=1e-9)
    assert by_cause.glance["events"] == by_hand.glance["events"]


def test_frailty_is_shared_with_errors_of_the_model(panel: Panel) -> None:
    asked = {**fields("cox", "iid"), "frailty": "region_code"}
    result = estimate(design(**asked), panel)

    assert isinstance(result, Result)
    assert result.glance["theta"] >= 0
    assert result.influence is None
    with pytest.raises(SpecError, match='"iid" with a frailty'):
        design(**{**asked, "vcov": {"CRV1": "firm_id"}})


def test_curves_have_intervals_of_the_scale_that_is_named(panel: Panel) -> None:
    asked = {"comparison": "pooled", "outcome": "is_exit", "exposure": "in_cluster"}
    widths = []
    for name, more in (("kaplan_meier", {}), ("cumulative_incidence", {"cause": "exit_cause"})):
        for scale in (None, "log-log", "plain"):
            said = design(**asked, estimator=name, intervals=scale, **more)
            assert estimator_of(said).is_curve
            widths.append(estimate(said, panel).curve["conf_low"].iloc[3])  # type: ignore[union-attr]

    assert widths[0] == widths[1] != widths[2]
    assert widths[3] == widths[4] != widths[5]
