"""What must not matter to least squares does not matter, and influences are what they are said to be."""

from typing import Any

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterpanel.designs.contrast import contrast
from clusterpanel.designs.design import design
from clusterpanel.designs.estimate import estimate
from clusterpanel.models.result import Result
from clusterpanel.panel.panel import Panel

few = settings(max_examples=20, deadline=None)
comparisons = st.sampled_from(["pooled", "region", "within"])
seeds = st.integers(0, 10_000)
NUMBERS = ["estimate", "std_error"]


def simulated_frame(seed: int, firms: int = 50) -> pd.DataFrame:
    """Simulate firms of 3 to 6 years that switch exposure and region at random."""
    rng = np.random.default_rng(seed)
    years = rng.integers(3, 7, firms)
    firm = np.repeat(np.arange(firms), years)
    rows = len(firm)
    exposed = rng.random(rows) < 0.4
    return pd.DataFrame(
        {
            "firm_id": [f"f{number:03d}" for number in firm],
            "year": 2000 + np.concatenate([np.arange(count) for count in years]),
            "region_code": rng.choice(["A", "B", "C"], rows),
            "in_cluster": exposed,
            "size": rng.normal(size=rows),
            "wage_crowns": 300 * exposed + 100 * rng.normal(size=firms)[firm] + 500 * rng.random(rows) + 2000,
        }
    )


def fit(frame: pd.DataFrame, comparison: str, **fields: Any) -> Result:
    wanted = design(
        **{
            "name": comparison,
            "comparison": comparison,
            "outcome": "wage_crowns",
            "exposure": "in_cluster",
            "controls": ["size"],
            "absorb": ["year"],
            **fields,
        }
    )
    result = estimate(wanted, Panel.from_frame(frame))
    assert isinstance(result, Result)
    return result


def assert_same(one: Result, other: Result, rtol: float = 1e-12, scale: float = 1.0) -> None:
    np.testing.assert_allclose(scale * one.estimate[NUMBERS], other.estimate[NUMBERS], rtol=rtol)


@few
@given(seed=seeds, comparison=comparisons)
def test_row_order_does_not_matter(seed: int, comparison: str) -> None:
    frame = simulated_frame(seed)
    shuffled = frame.sample(frac=1, random_state=seed)
    one, other = fit(frame, comparison), fit(shuffled, comparison)
    pd.testing.assert_frame_equal(one.estimate, other.estimate, check_exact=True)
    assert one.provenance["digest"] == other.provenance["digest"]


@few
@given(seed=seeds, comparison=comparisons)
def test_names_of_firms_regions_and_years_do_not_matter(seed: int, comparison: str) -> None:
    frame = simulated_frame(seed)
    names = frame["firm_id"].unique()
    new = dict(zip(names, np.random.default_rng(seed).permutation(len(names)), strict=True))
    renamed = frame.assign(
        firm_id=frame["firm_id"].map(new),
        region_code=frame["region_code"].map({"A": "south", "B": "north", "C": "east"}),
        year=frame["year"] - 3000,
    )
    assert_same(fit(frame, comparison), fit(renamed, comparison), rtol=1e-10)


@few
@given(seed=seeds, comparison=comparisons, unit=st.sampled_from([1e-6, 0.01, 11.27, 1e9]))
def test_money_units_scale_the_estimate_and_nothing_else(seed: int, comparison: str, unit: float) -> None:
    frame = simulated_frame(seed)
    dearer = frame.assign(wage_crowns=unit * frame["wage_crowns"])
    one, other = fit(frame, comparison), fit(dearer, comparison)
    assert_same(one, other, rtol=1e-10, scale=unit)
    np.testing.assert_allclose(one.estimate["statistic"], other.estimate["statistic"], rtol=1e-10)


@few
@given(seed=seeds, comparison=comparisons, unit=st.sampled_from([1e-6, 1e9]))
def test_a_controls_unit_does_not_move_the_exposures_estimate(
    seed: int, comparison: str, unit: float
) -> None:
    frame = simulated_frame(seed)
    one = fit(frame, comparison)
    other = fit(frame.assign(size=unit * frame["size"]), comparison)
    np.testing.assert_allclose(
        one.term("in_cluster")[NUMBERS].astype(float),
        other.term("in_cluster")[NUMBERS].astype(float),
        rtol=1e-9,
    )


@few
@given(seed=seeds, comparison=comparisons, group=st.sampled_from(["firm_id", "region_code", "year"]))
def test_influences_reproduce_the_variance(seed: int, comparison: str, group: str) -> None:
    result = fit(simulated_frame(seed), comparison, vcov={"CRV1": group})
    assert result.influence is not None
    variance = result.influence.to_numpy().T @ result.influence.to_numpy()
    np.testing.assert_allclose(np.sqrt(np.diag(variance)), result.estimate["std_error"], rtol=1e-12)
    assert set(result.influence.index) <= set(simulated_frame(seed)[group].astype(str))
    assert result.influence.index.name == group


@few
@given(seed=seeds, comparison=comparisons)
def test_a_result_less_itself_is_zero_without_error(seed: int, comparison: str) -> None:
    result = fit(simulated_frame(seed), comparison)
    row = contrast("nothing", [(1, result), (-1, result)]).term("nothing")
    assert row["estimate"] == 0.0
    assert row["std_error"] == 0.0


@few
@given(seed=seeds, weight=st.floats(-3, 3).filter(lambda weight: abs(weight) > 0.01))
def test_a_contrast_of_one_result_scales_it(seed: int, weight: float) -> None:
    result = fit(simulated_frame(seed), "within")
    row, whole = contrast("part", [(weight, result)]).term("part"), result.term("in_cluster")
    np.testing.assert_allclose(row["estimate"], weight * whole["estimate"], rtol=1e-12)
    np.testing.assert_allclose(row["std_error"], abs(weight) * whole["std_error"], rtol=1e-12)
    np.testing.assert_allclose(row["p_value"], whole["p_value"], rtol=1e-9)


@few
@given(seed=seeds)
def test_disjoint_samples_add_their_variances(seed: int) -> None:
    frame = simulated_frame(seed, firms=80)
    half = frame["firm_id"] < "f040"
    one, other = fit(frame[half], "within"), fit(frame[~half], "within")
    row = contrast("gap", [(1, one), (-1, other)]).term("gap")
    errors = [result.term("in_cluster")["std_error"] for result in (one, other)]
    np.testing.assert_allclose(row["std_error"], np.hypot(*errors), rtol=1e-12)


@few
@given(seed=seeds)
def test_a_firm_that_never_varies_does_not_move_the_within_estimate(seed: int) -> None:
    frame = simulated_frame(seed)
    still = pd.DataFrame(
        {
            "firm_id": "still",
            "year": [2000, 2001, 2002],
            "region_code": "A",
            "in_cluster": True,
            "size": 1.5,
            "wage_crowns": 9999.0,
        }
    )
    one = fit(frame, "within", absorb=[])
    other = fit(pd.concat([frame, still]), "within", absorb=[])
    np.testing.assert_allclose(one.estimate["estimate"], other.estimate["estimate"], rtol=1e-12)


@few
@given(seed=seeds, comparison=comparisons)
def test_the_frame_is_left_as_it_is(seed: int, comparison: str) -> None:
    frame = simulated_frame(seed)
    before = frame.copy(deep=True)
    fit(frame, comparison)
    pd.testing.assert_frame_equal(frame, before)
