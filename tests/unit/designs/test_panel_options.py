"""How variance components are estimated, and what is done with years in which a firm is not seen."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from clusterpanel.designs.design import design
from clusterpanel.designs.estimate import estimate
from clusterpanel.errors import SpecError
from clusterpanel.models.panel_models.components import IN_WORDS
from clusterpanel.models.result import Result
from clusterpanel.panel.panel import Panel
from clusterpanel.spec.design import ComponentRule

WAGE: dict[str, Any] = {"comparison": "pooled", "outcome": "log_wage", "exposure": "log_own_count_5km"}
CHANGES: dict[str, Any] = {**WAGE, "comparison": "within", "estimator": "first_difference"}


def fitted(frame: pd.DataFrame, **fields: Any) -> Result:
    result = estimate(design(**fields), Panel.from_frame(frame))
    assert isinstance(result, Result)
    return result


@pytest.mark.parametrize("rule", IN_WORDS)
def test_each_rule_is_the_one_that_is_used_and_told(frame: pd.DataFrame, rule: ComponentRule) -> None:
    facts = fitted(frame, **WAGE, estimator="random_effects", components=rule).glance
    assert facts["components"] == IN_WORDS[rule]


def test_the_rule_moves_the_estimate_and_by_default_is_swamy_arora(frame: pd.DataFrame) -> None:
    frame = frame.assign(log_wage=frame["log_wage"] + frame.groupby("firm_id").ngroup() / 20)
    given = {rule: fitted(frame, **WAGE, estimator="random_effects", components=rule) for rule in IN_WORDS}
    plain = fitted(frame, **WAGE, estimator="random_effects").term("log_own_count_5km")["estimate"]
    found = {rule: result.term("log_own_count_5km")["estimate"] for rule, result in given.items()}
    assert found["swamy_arora"] == plain
    assert found["nerlove"] != pytest.approx(plain, rel=1e-9)


def test_a_bootstrap_refits_by_the_same_rule(frame: pd.DataFrame) -> None:
    """Theta goes with the components, so that draws of two rules differ where the rule is passed on."""
    frame = frame.assign(log_wage=frame["log_wage"] + frame.groupby("firm_id").ngroup() / 20)
    drawn = {"block_bootstrap": "firm_id", "draws": 20}
    errors = [
        fitted(frame, **WAGE, estimator="random_effects", components=rule, vcov=drawn).term(
            "log_own_count_5km"
        )["std_error"]
        for rule in ("swamy_arora", "nerlove")
    ]
    assert errors[0] != errors[1]
    assert errors[0] == pytest.approx(errors[1], rel=0.05)


@pytest.mark.parametrize("gaps", [None, "dropped", "spanned"])
def test_gaps_are_dropped_or_spanned(frame: pd.DataFrame, gaps: Any) -> None:
    seen = frame[(frame["year"] != 2002) | (frame["firm_id"] > "f19")]
    result = fitted(seen, **CHANGES, gaps=gaps)
    changes = seen.groupby("firm_id")[["log_wage", "log_own_count_5km", "year"]].diff().dropna()
    if gaps != "spanned":
        changes = changes[changes["year"] == 1]
    regressors = np.column_stack([changes["log_own_count_5km"], np.ones(len(changes))])
    by_hand = np.linalg.lstsq(regressors, changes["log_wage"].to_numpy(), rcond=None)[0]
    assert result.term("log_own_count_5km")["estimate"] == pytest.approx(by_hand[0], rel=1e-10)
    assert result.glance["n"] == len(changes)


def test_the_flow_ends_with_the_changes_that_are_compared(frame: pd.DataFrame) -> None:
    seen = frame[(frame["year"] != 2002) | (frame["firm_id"] > "f19")]
    for gaps in ("dropped", "spanned"):
        result = fitted(seen, **CHANGES, gaps=gaps)
        assert result.provenance["flow"][-1]["rows_out"] == result.glance["n"]


@pytest.mark.parametrize(
    "fields",
    [
        {**WAGE, "components": "nerlove"},
        {**WAGE, "estimator": "correlated_random_effects", "components": "nerlove"},
        {**WAGE, "gaps": "spanned"},
        {**WAGE, "estimator": "random_effects", "components": "fuller"},
    ],
)
def test_options_of_other_estimators_and_unknown_ones_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(SpecError, match="allowed"):
        design(**fields)
