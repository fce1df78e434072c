"""What must not matter to a hazard does not matter."""

from typing import Any

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterpanel.designs.design import design
from clusterpanel.designs.estimate import estimate
from clusterpanel.models.result import Result
from clusterpanel.panel.panel import Panel

few = settings(max_examples=15, deadline=None)
comparisons = st.sampled_from(["pooled", "region"])
seeds = st.integers(0, 10_000)
TOLERANCE = 1e-7  # the climb stops within 1e-9 standard errors of the top


def simulated_frame(seed: int) -> pd.DataFrame:
    """Simulate 100 firms of 4 years whose exit depends on exposure and region."""
    rng = np.random.default_rng(seed)
    rows = 400
    region, exposed = rng.choice(["A", "B", "C"], rows), rng.random(rows) < 0.5
    rate = np.exp(-1.2 - 0.5 * exposed + 0.3 * (region == "A"))
    return pd.DataFrame(
        {
            "firm_id": np.repeat([f"f{number:03d}" for number in range(100)], 4),
            "year": np.tile(np.arange(2000, 2004), 100),
            "region_code": region,
            "in_cluster": exposed,
            "size": rng.normal(size=rows),
            "is_exit": rng.random(rows) < -np.expm1(-rate),
        }
    )


def fit(frame: pd.DataFrame, comparison: str, **fields: Any) -> Result:
    wanted = design(
        **{
            "comparison": comparison,
            "estimator": "cloglog",
            "outcome": "is_exit",
            "exposure": "in_cluster",
            "controls": ["size"],
            **fields,
        }
    )
    result = estimate(wanted, Panel.from_frame(frame))
    assert isinstance(result, Result)
    return result


def numbers(result: Result) -> np.ndarray:
    table = result.estimate.set_index("term").loc[["in_cluster", "size"], ["estimate", "std_error"]]
    return table.to_numpy()


@few
@given(seed=seeds, comparison=comparisons)
def test_row_order_does_not_matter(seed: int, comparison: str) -> None:
    frame = simulated_frame(seed)
    shuffled = frame.sample(frac=1, random_state=seed)
    np.testing.assert_array_equal(numbers(fit(frame, comparison)), numbers(fit(shuffled, comparison)))


@few
@given(seed=seeds, comparison=comparisons)
def test_names_do_not_matter(seed: int, comparison: str) -> None:
    frame = simulated_frame(seed)
    renamed = frame.assign(
        firm_id=frame["firm_id"].map(lambda name: f"x{999 - int(name[1:])}"),
        region_code=frame["region_code"].map({"A": "z", "B": "y", "C": "x"}),
    )
    np.testing.assert_allclose(
        numbers(fit(frame, comparison)), numbers(fit(renamed, comparison)), rtol=TOLERANCE
    )


@few
@given(seed=seeds, comparison=comparisons)
def test_the_opposite_exposure_has_the_opposite_effect(seed: int, comparison: str) -> None:
    frame = simulated_frame(seed)
    one, other = fit(frame, comparison), fit(frame.assign(in_cluster=~frame["in_cluster"]), comparison)
    expected = numbers(one) * [[-1, 1], [1, 1]]
    np.testing.assert_allclose(numbers(other), expected, rtol=TOLERANCE)
    np.testing.assert_allclose(one.glance["hazard_ratio"], 1 / other.glance["hazard_ratio"], rtol=TOLERANCE)


@few
@given(seed=seeds, comparison=comparisons, shift=st.sampled_from([-1e4, 5.0, 1e6]))
def test_where_a_control_counts_from_does_not_matter(seed: int, comparison: str, shift: float) -> None:
    frame = simulated_frame(seed)
    one, other = fit(frame, comparison), fit(frame.assign(size=frame["size"] + shift), comparison)
    np.testing.assert_allclose(numbers(one), numbers(other), rtol=1e-6)


@few
@given(seed=seeds, apart=st.sampled_from([-1e3, 10.0, 100.0, 1e4]))
def test_how_far_regions_lie_apart_in_a_control_does_not_matter(seed: int, apart: float) -> None:
    """What is the same for a whole region is its effect's, however large: prices, say, or inhabitants."""
    frame = simulated_frame(seed)
    shift = frame["region_code"].map({"A": 0.0, "B": 1.0, "C": 3.0}) * apart
    one, other = fit(frame, "region"), fit(frame.assign(size=frame["size"] + shift), "region")
    np.testing.assert_allclose(numbers(one), numbers(other), rtol=1e-5)
    assert one.glance["iterations"] == other.glance["iterations"]


@few
@given(seed=seeds, comparison=comparisons, group=st.sampled_from(["firm_id", "region_code"]))
def test_influences_reproduce_the_variance(seed: int, comparison: str, group: str) -> None:
    result = fit(simulated_frame(seed), comparison, vcov={"CRV1": group})
    assert result.influence is not None
    variance = result.influence.to_numpy().T @ result.influence.to_numpy()
    np.testing.assert_allclose(np.sqrt(np.diag(variance)), result.estimate["std_error"], rtol=1e-12)
