"""Shares and shocks as frames, joined to a panel."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from clusterpanel.designs.design import design
from clusterpanel.designs.shift_share import ShiftShareResult, estimate_shift_share
from clusterpanel.errors import DataError, SpecError
from clusterpanel.panel.panel import Panel
from clusterpanel.spec.design import DesignSpec

SECTORS = [f"s{place}" for place in range(8)]


def frames(seed: int = 1) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Firms in twelve regions over two years; shares by region, shocks by year."""
    random = np.random.default_rng(seed)
    regions = [f"r{place:02d}" for place in range(12)]
    weights = random.dirichlet(np.ones(8), 12)
    shares = pd.DataFrame(
        {"region_code": np.repeat(regions, 8), "sector": SECTORS * 12, "share": weights.ravel()}
    )
    shocks = pd.DataFrame({"sector": SECTORS * 2, "year": np.repeat([2001, 2002], 8)})
    shocks["shock"] = random.normal(size=16)
    firms = 80
    panel = pd.DataFrame({"firm_id": np.repeat([f"f{firm:02d}" for firm in range(firms)], 2)})
    panel["year"] = [2001, 2002] * firms
    place = np.repeat(random.integers(0, 12, firms), 2)
    panel["region_code"] = np.array(regions)[place]
    made = (weights[place] * shocks["shock"].to_numpy().reshape(2, 8)[panel["year"] - 2001]).sum(axis=1)
    panel["made"] = made
    error = random.normal(size=2 * firms)
    panel["imports"] = made + 0.5 * error + random.normal(size=2 * firms)
    panel["log_wage"] = 2.0 * panel["imports"] + error
    panel["age"] = random.normal(size=2 * firms)
    return panel, shares, shocks


def wanted(**fields: Any) -> DesignSpec:
    return design(
        **{
            "comparison": "pooled",
            "outcome": "log_wage",
            "exposure": "imports",
            "estimator": "iv",
            "instruments": ["shift_share"],
            "controls": ["age"],
            "absorb": ["year"],
            "vcov": "HC1",
            **fields,
        }
    )


def run(panel: pd.DataFrame, shares: pd.DataFrame, shocks: pd.DataFrame, **fields: Any) -> ShiftShareResult:
    return estimate_shift_share(wanted(**fields), Panel.from_frame(panel), shares, shocks)


def by_hand(panel: pd.DataFrame, exposure: str) -> float:
    controls = np.column_stack([panel["age"], panel["year"] == 2001, panel["year"] == 2002]).astype(float)
    left = {
        name: panel[name] - controls @ np.linalg.lstsq(controls, panel[name].to_numpy(), rcond=None)[0]
        for name in ("log_wage", exposure, "made")
    }
    return float(left["made"] @ left["log_wage"] / (left["made"] @ left[exposure]))


def test_shares_and_shocks_make_the_instrument() -> None:
    panel, shares, shocks = frames()
    told = run(panel, shares, shocks)
    row = told.result.term("imports")
    np.testing.assert_allclose(row["estimate"], by_hand(panel, "imports"), rtol=1e-9)
    np.testing.assert_allclose(row["std_error"], told.fit.errors.set_index("kind")["std_error"]["AKM"])
    assert told.fit.facts["sectors"] == 16
    assert told.result.glance["n"] == 160
    assert told.result.provenance["vcov"].startswith("by shock")
    assert "s0^2001" in set(told.fit.shocks["sector"])


def test_the_variable_itself_is_an_exposure() -> None:
    panel, shares, shocks = frames()
    told = run(panel, shares, shocks, estimator="ols", exposure="shift_share", instruments=[])
    np.testing.assert_allclose(told.result.term("shift_share")["estimate"], by_hand(panel, "made"), rtol=1e-9)


def test_order_of_rows_and_frames_does_not_matter() -> None:
    panel, shares, shocks = frames()
    mixed = run(*(frame.sample(frac=1, random_state=1) for frame in (panel, shares, shocks)))
    one = run(panel, shares, shocks)
    pd.testing.assert_frame_equal(mixed.result.estimate, one.result.estimate, check_exact=True)
    pd.testing.assert_frame_equal(mixed.fit.shocks, one.fit.shocks, check_exact=True)


def test_rows_without_shares_are_set_aside_and_counted() -> None:
    panel, shares, shocks = frames()
    known = shares[shares["region_code"] != "r03"]
    told = run(panel, known, shocks)
    lost = int((panel["region_code"] == "r03").sum())
    assert told.result.glance["n"] == 160 - lost
    step = told.result.provenance["flow"][-1]
    assert step["reason"] == "shift_share is missing"
    assert step["rows_set_aside"] == lost
    kept = panel[panel["region_code"] != "r03"]
    np.testing.assert_allclose(told.fit.estimate, by_hand(kept, "imports"), rtol=1e-9)


def test_related_shocks_are_told_by_their_group() -> None:
    panel, shares, shocks = frames()
    related = shocks.assign(group=shocks["sector"])
    told = run(panel, shares, related)
    assert "8 groups of related shocks" in told.result.provenance["vcov"]


def test_a_share_without_shock_is_refused_by_name() -> None:
    panel, shares, shocks = frames()
    with pytest.raises(DataError, match="1 sectors with shares have no shock: 2001 s0"):
        run(panel, shares, shocks.iloc[1:])


def test_shares_told_twice_or_missing_are_refused() -> None:
    panel, shares, shocks = frames()
    twice = pd.concat([shares, shares.iloc[:2]])
    with pytest.raises(DataError, match="2 that are told twice"):
        run(panel, twice, shocks)
    shares.loc[3, "share"] = np.nan
    with pytest.raises(DataError, match="1 rows with something missing"):
        run(panel, shares, shocks)


def test_all_that_does_not_fit_is_told_at_once() -> None:
    panel, shares, shocks = frames()
    with pytest.raises(SpecError) as caught:
        run(panel, shares.assign(county="x"), shocks.drop(columns="shock"))
    assert "county" in str(caught.value)
    assert "a column shock" in str(caught.value)
    with pytest.raises(SpecError, match="shift_share"):
        run(panel, shares, shocks, estimator="ols", instruments=[])
    with pytest.raises(SpecError, match="iid, HC1 or CRV1"):
        run(panel, shares, shocks, vcov={"driscoll_kraay_lags": 1})
