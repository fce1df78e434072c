"""The block bootstrap of two-stage least squares, against refits of firms that are written down again."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from clusterpanel.designs.design import design
from clusterpanel.designs.estimate import estimate
from clusterpanel.errors import NotIdentifiedError
from clusterpanel.models.result import Result
from clusterpanel.panel.panel import Panel

DRAWS, FIRMS = 25, 40
PAY: dict[str, Any] = {"estimator": "iv", "outcome": "pay", "exposure": "density", "controls": ["age"]}
POOLED = {**PAY, "comparison": "pooled", "instruments": ["road", "rail"]}
WITHIN = {**PAY, "comparison": "within", "absorb": ["year"], "instruments": ["road"]}
DRAWN = {"block_bootstrap": "firm_id", "draws": DRAWS, "seed": 3}


@pytest.fixture
def paid() -> pd.DataFrame:
    """Simulate firms of three to six years whose density goes with their luck."""
    random = np.random.default_rng(5)
    firm = np.repeat(np.arange(FIRMS), random.integers(3, 7, FIRMS))
    rows = len(firm)
    year = 2001 + np.arange(rows) - np.searchsorted(firm, firm)
    luck, road, rail = random.normal(size=(3, rows))
    frame = pd.DataFrame({"firm_id": [f"f{one:02d}" for one in firm], "year": year, "road": road})
    frame["rail"], frame["age"] = rail, random.integers(1, 30, rows)
    frame["copies"] = random.integers(1, 4, rows)
    frame["density"] = road + 0.5 * rail + luck + random.normal(size=rows)
    frame["pay"] = 0.3 * frame["density"] + luck + 0.02 * frame["age"] + random.normal(size=FIRMS)[firm]
    return frame


def fitted(frame: pd.DataFrame, **fields: Any) -> Result:
    result = estimate(design(**fields), Panel.from_frame(frame))
    assert isinstance(result, Result)
    return result


def refits_of_copies(frame: pd.DataFrame, **fields: Any) -> np.ndarray:
    """Write drawn firms down as often as they were drawn, each copy a firm of its own, and fit those rows."""
    random = np.random.Generator(np.random.PCG64(DRAWN["seed"]))
    by_firm = [part for _, part in frame.groupby("firm_id")]
    found = []
    for _ in range(DRAWS):
        counts = random.multinomial(len(by_firm), np.full(len(by_firm), 1 / len(by_firm)))
        copies = [
            part.assign(firm_id=f"{part['firm_id'].iloc[0]}-{copy}")
            for part, times in zip(by_firm, counts, strict=True)
            for copy in range(times)
        ]
        again = fitted(pd.concat(copies), **fields, vcov="HC1").estimate
        found.append(again["estimate"].to_numpy())
    return np.cov(np.stack(found), rowvar=False)


@pytest.mark.parametrize(
    "fields",
    [POOLED, WITHIN, {**WITHIN, "weights": {"frequency": "copies"}}],
    ids=["pooled", "within", "weighted"],
)
def test_draws_are_refits_of_firms_written_down_again(paid: pd.DataFrame, fields: dict[str, Any]) -> None:
    result = fitted(paid, **fields, vcov=DRAWN)
    assert result.covariance is not None
    np.testing.assert_allclose(result.covariance, refits_of_copies(paid, **fields), rtol=1e-7)


def test_estimate_is_that_of_any_variance_and_the_tests_are_of_grouped_errors(paid: pd.DataFrame) -> None:
    drawn, grouped = (fitted(paid, **POOLED, vcov=vcov) for vcov in (DRAWN, {"CRV1": "firm_id"}))
    np.testing.assert_array_equal(drawn.estimate["estimate"], grouped.estimate["estimate"])
    for name in ("effective_f", "anderson_rubin_set", "overidentification_p", "endogeneity_p"):
        assert drawn.glance[name] == grouped.glance[name]
    assert "grouped by firm_id" in drawn.provenance["notes"][-1]
    assert drawn.influence is None
    assert "bootstrap draws" in drawn.provenance["no_influence"]


def test_it_comes_near_the_grouped_error(paid: pd.DataFrame) -> None:
    drawn = fitted(paid, **POOLED, vcov={**DRAWN, "draws": 400}).term("density")["std_error"]
    grouped = fitted(paid, **POOLED, vcov={"CRV1": "firm_id"}).term("density")["std_error"]
    assert drawn == pytest.approx(grouped, rel=0.2)


def test_an_instrument_that_moves_in_few_firms_is_told(paid: pd.DataFrame) -> None:
    few = paid.assign(road=np.where(paid["firm_id"] <= "f01", paid["road"], 0.0))
    with pytest.raises(NotIdentifiedError, match="no estimate in"):
        fitted(few, **WITHIN, vcov={**DRAWN, "draws": 100})
