"""Gaps between linear estimators: the error that influences give, against firms drawn with replacement."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from clusterpanel.designs.contrast import contrast
from clusterpanel.designs.design import design
from clusterpanel.designs.estimate import estimate
from clusterpanel.designs.hausman import hausman_test
from clusterpanel.errors import SpecError
from clusterpanel.models.result import Result
from clusterpanel.panel.panel import Panel

FIRMS, DRAWS = 80, 120
WAGE: dict[str, Any] = {"comparison": "pooled", "outcome": "log_wage", "exposure": "density"}
LINEAR: dict[str, dict[str, Any]] = {
    "ols": {},
    "iv": {"estimator": "iv", "instruments": ["road"]},
    "random_effects": {"estimator": "random_effects"},
    "correlated_random_effects": {"estimator": "correlated_random_effects"},
    "between": {"estimator": "between"},
    "first_difference": {"estimator": "first_difference", "comparison": "within"},
    "within": {"comparison": "within"},
}


@pytest.fixture(scope="module")
def paid() -> pd.DataFrame:
    """Simulate firms of one to six years, some with a gap, whose density goes with what they are."""
    random = np.random.default_rng(12)
    years = random.integers(2, 7, FIRMS)
    years[:3] = 1
    firm = np.repeat(np.arange(FIRMS), years)
    rows = len(firm)
    year = 2001 + np.arange(rows) - np.searchsorted(firm, firm)
    year += (firm % 5 == 0) & (year > 2003)
    kind, road, luck = random.normal(size=FIRMS)[firm], random.normal(size=rows), random.normal(size=rows)
    frame = pd.DataFrame({"firm_id": [f"f{one:02d}" for one in firm], "year": year, "road": road})
    frame["density"] = road + 0.5 * kind + 0.5 * luck
    frame["log_wage"] = 0.3 * frame["density"] + kind + luck + random.normal(size=rows)
    frame["is_exporter"] = frame["log_wage"] > 0
    return frame


def fitted(frame: pd.DataFrame, **fields: Any) -> Result:
    result = estimate(design(**{**WAGE, **fields}), Panel.from_frame(frame))
    assert isinstance(result, Result)
    return result


@pytest.fixture(scope="module")
def drawn(paid: pd.DataFrame) -> pd.DataFrame:
    """Estimate everything on firms drawn with replacement, each copy a firm of its own."""
    random = np.random.default_rng(1)
    by_firm = [part for _, part in paid.groupby("firm_id")]
    rows = []
    for _ in range(DRAWS):
        picked = random.integers(0, FIRMS, FIRMS)
        copies = [by_firm[one].assign(firm_id=f"c{place:03d}") for place, one in enumerate(picked)]
        again = pd.concat(copies)
        rows.append(
            {
                name: fitted(again, **fields, vcov="iid").term("density")["estimate"]
                for name, fields in LINEAR.items()
            }
        )
    return pd.DataFrame(rows)


@pytest.mark.parametrize("name", [name for name in LINEAR if name != "ols"])
def test_a_gap_has_the_error_that_drawn_firms_give_it(
    name: str, paid: pd.DataFrame, drawn: pd.DataFrame
) -> None:
    gap = contrast("gap", [(1, fitted(paid)), (-1, fitted(paid, **LINEAR[name]))])
    # A standard deviation of 120 draws has an error of 6.5 per cent.
    assert gap.term("gap")["std_error"] == pytest.approx((drawn["ols"] - drawn[name]).std(), rel=0.2)
    assert gap.glance["groups"] == FIRMS
    assert gap.provenance["estimator"] == " and ".join(dict.fromkeys(["ols", design_of(name).estimator]))


def design_of(name: str) -> Any:
    return design(**{**WAGE, **LINEAR[name]})


def test_the_gap_to_within_is_the_robust_hausman_test(paid: pd.DataFrame) -> None:
    within, random = fitted(paid, **LINEAR["within"]), fitted(paid, **LINEAR["random_effects"])
    gap = contrast("gap", [(1, within), (-1, random)]).term("gap")
    tested = hausman_test(within, random, is_robust=True)
    assert gap["statistic"] ** 2 == pytest.approx(tested.statistic, rel=1e-10)


def test_a_firm_without_a_change_moves_differences_by_nothing(paid: pd.DataFrame) -> None:
    changes = fitted(paid, **LINEAR["first_difference"])
    assert changes.influence is not None
    assert len(changes.influence) == FIRMS
    assert (changes.influence.loc[["f00", "f01", "f02"]] == 0).all().all()
    by_firm = changes.influence["density"].to_numpy()
    assert np.sqrt(by_firm @ by_firm) == pytest.approx(changes.term("density")["std_error"], rel=1e-12)


def test_gaps_of_gaps_keep_their_scale(paid: pd.DataFrame) -> None:
    first = contrast("first", [(1, fitted(paid)), (-1, fitted(paid, **LINEAR["iv"]))])
    second = contrast("second", [(1, first), (1, fitted(paid, **LINEAR["between"]))])
    assert second.provenance["estimator"] == "ols and iv and between"
    hazard = fitted(paid, estimator="logit", outcome="is_exporter")
    with pytest.raises(SpecError, match="the same scale in all terms"):
        contrast("third", [(1, second), (-1, hazard)])


def test_a_contrast_says_why_a_result_has_no_influence(paid: pd.DataFrame) -> None:
    by_draws = fitted(paid, vcov={"block_bootstrap": "firm_id", "draws": 20})
    with pytest.raises(SpecError, match=r"without influence \(the errors come from bootstrap draws"):
        contrast("gap", [(1, fitted(paid)), (-1, by_draws)])
