"""What the table of estimators promises is to be had: each estimator with each of its rules of variance."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from clusterpanel.designs.design import design
from clusterpanel.designs.estimate import estimate
from clusterpanel.errors import SpecError
from clusterpanel.models.result import Result
from clusterpanel.panel.panel import Panel
from clusterpanel.spec.estimators import ESTIMATORS
from clusterpanel.spec.vcov import KEYS

VCOV: dict[str, Any] = {
    **{name: name for name in ("iid", "HC1", "HC2", "HC3")},
    "CRV1": {"CRV1": "firm_id"},
    "CRV2": {"CRV2": "firm_id"},
    "CRV3": {"CRV3": "firm_id"},
    "conley_km": {"conley_km": 60.0, "kernel": "bartlett"},
    "driscoll_kraay_lags": {"driscoll_kraay_lags": 1},
    "newey_west_lags": {"newey_west_lags": 1},
    "wild_bootstrap": {"wild_bootstrap": "firm_id", "draws": 99},
    "block_bootstrap": {"block_bootstrap": "firm_id", "draws": 19},
}
FIELDS: dict[str, dict[str, Any]] = {
    "poisson": {"outcome": "patents", "absorb": ["year"]},
    "logit": {"outcome": "is_exporter", "absorb": ["year"]},
    "cloglog": {"outcome": "is_exporter", "absorb": ["year"]},
    "conditional_logit": {"outcome": "is_exporter", "comparison": "within"},
    "iv": {"instruments": ["rail"], "absorb": ["year"], "comparison": "within"},
    "first_difference": {"comparison": "within"},
    "ols": {"comparison": "within", "absorb": ["year"]},
}
# Survival models take spells: see test_every_survival_combination.
REGRESSIONS = [name for name, one in ESTIMATORS.items() if not one.is_timed and one.cause == "no"]
PAIRS = [(name, vcov) for name in REGRESSIONS for vcov in VCOV]


@pytest.fixture(scope="module")
def panel() -> Panel:
    """Simulate 50 firms of eight years."""
    rng = np.random.default_rng(8)
    firm, year = np.repeat(np.arange(50), 8), np.tile(np.arange(2001, 2009), 50)
    rail = rng.normal(size=400)
    x = 0.8 * rail + rng.normal(size=400)
    shared = rng.normal(size=50)[firm]
    frame = pd.DataFrame(
        {"firm_id": [f"f{number:02d}" for number in firm], "year": year, "rail": rail, "x": x}
    )
    frame["age"] = rng.integers(1, 20, 400)
    frame["y"] = 0.5 * x + shared + rng.normal(size=400)
    frame["patents"] = rng.poisson(np.exp(0.3 * x + 0.3 * shared))
    frame["is_exporter"] = x + shared + rng.logistic(size=400) > 0
    frame["half_x"] = 0.5 * x
    frame["copies"] = rng.integers(1, 4, 400)
    frame["region_code"] = np.array(list("ABCDE"))[firm % 5]
    frame["latitude"] = 50 + rng.uniform(size=50)[firm]
    frame["longitude"] = 10 + rng.uniform(size=50)[firm]
    frame["slope"] = rng.normal(size=400)
    return Panel.from_frame(frame)


def fields(estimator: str, vcov: str) -> dict[str, Any]:
    plain = {"comparison": "pooled", "outcome": "y", "exposure": "x", "controls": ["age"]}
    return {**plain, "estimator": estimator, **FIELDS.get(estimator, {}), "vcov": VCOV[vcov]}


def test_every_rule_of_variance_is_tried() -> None:
    assert set(VCOV) == {"iid", "HC1", "HC2", "HC3", *KEYS}


@pytest.mark.parametrize(("estimator", "vcov"), PAIRS)
def test_what_is_promised_is_to_be_had_and_the_rest_is_refused(
    estimator: Any, vcov: str, panel: Panel
) -> None:
    if vcov not in ESTIMATORS[estimator].vcov:
        with pytest.raises(SpecError, match=f'came "{vcov}"; allowed: '):
            design(**fields(estimator, vcov))
        return
    result = estimate(design(**fields(estimator, vcov)), panel)

    assert isinstance(result, Result)
    row = result.term("x")
    assert 0 < row["std_error"] < abs(row["estimate"])
    assert row["conf_low"] < row["estimate"] < row["conf_high"]


EFFECTS = {
    "anything": ["year", "firm_id[year]", "region_code[age]", "region_code[[slope]]", "region_code^year"],
    "no firm slopes": ["year", "firm_id", "region_code[age]", "region_code[[slope]]", "region_code^year"],
    "plain effects of others": ["year", "region_code", "region_code^year"],
    "nothing": [],
}
ABSORBING = [(name, effect) for name in REGRESSIONS for effect in EFFECTS[ESTIMATORS[name].absorbs]]


@pytest.mark.parametrize(("estimator", "effect"), ABSORBING)
def test_effects_that_are_promised_are_absorbed(estimator: Any, effect: str, panel: Panel) -> None:
    asked = fields(estimator, "CRV1") | {"absorb": [effect], "controls": []}
    result = estimate(design(**asked), panel)

    assert isinstance(result, Result)
    assert effect in result.provenance["effects"]
    assert 0 < result.term("x")["std_error"] < abs(result.term("x")["estimate"])


@pytest.mark.parametrize("kind", ["analytic", "frequency", "probability"])
@pytest.mark.parametrize("estimator", [name for name in REGRESSIONS if ESTIMATORS[name].weights])
def test_weights_that_are_promised_are_used(estimator: Any, kind: str, panel: Panel) -> None:
    asked = fields(estimator, "CRV1")
    plain, weighted = (
        estimate(design(**asked, **more), panel) for more in ({}, {"weights": {kind: "copies"}})
    )

    assert isinstance(plain, Result)
    assert isinstance(weighted, Result)
    assert weighted.term("x")["estimate"] != pytest.approx(plain.term("x")["estimate"], rel=1e-4)


@pytest.mark.parametrize("estimator", [name for name in REGRESSIONS if ESTIMATORS[name].offset])
def test_offset_that_is_promised_is_a_regressor_with_coefficient_one(estimator: Any, panel: Panel) -> None:
    """With half the exposure as offset its coefficient is less by a half."""
    asked = fields(estimator, "CRV1")
    plain, moved = (estimate(design(**asked, **more), panel) for more in ({}, {"offset": "half_x"}))

    assert isinstance(plain, Result)
    assert isinstance(moved, Result)
    assert moved.term("x")["estimate"] == pytest.approx(plain.term("x")["estimate"] - 0.5, abs=1e-6)
