from typing import Any

import numpy as np
import pandas as pd
import pytest

from clusterpanel.designs.contrast import contrast
from clusterpanel.designs.design import design
from clusterpanel.designs.estimate import estimate
from clusterpanel.errors import SpecError
from clusterpanel.models.result import Result
from clusterpanel.panel.panel import Panel


def fit(frame: pd.DataFrame, name: str, **fields: Any) -> Result:
    wanted = {"comparison": name, "outcome": "log_wage", "exposure": "in_cluster", **fields}
    result = estimate(design(name=name, **wanted), Panel.from_frame(frame))
    assert isinstance(result, Result)
    return result


def test_sorting_is_pooled_less_within_with_the_shared_firms_error(frame: pd.DataFrame) -> None:
    pooled, within = fit(frame, "pooled"), fit(frame, "within")
    gap = contrast("sorting", [(1, pooled), (-1, within)])
    row = gap.term("sorting")
    estimates = [result.term("in_cluster")["estimate"] for result in (pooled, within)]
    assert row["estimate"] == pytest.approx(estimates[0] - estimates[1], rel=1e-12)
    influences = [result.influence["in_cluster"] for result in (pooled, within)]  # type: ignore[index]
    assert row["std_error"] == pytest.approx(np.linalg.norm(influences[0] - influences[1]), rel=1e-12)
    assert gap.glance["groups"] == 60


def test_groups_are_aligned_by_label_when_samples_differ(frame: pd.DataFrame) -> None:
    most = frame[frame["firm_id"] > "f10"].assign(firm_id=lambda rows: rows["firm_id"])
    pooled, within = fit(frame, "pooled"), fit(most, "within")
    gap = contrast("sorting", [(1, pooled), (-1, within)])
    one, other = (result.influence["in_cluster"].to_dict() for result in (pooled, within))  # type: ignore[index]
    by_hand = [one.get(firm, 0.0) - other.get(firm, 0.0) for firm in {*one, *other}]
    assert gap.term("sorting")["std_error"] == pytest.approx(np.linalg.norm(by_hand), rel=1e-12)
    assert gap.glance["groups"] == 60


def test_whole_numbers_are_one_firm_as_integers_and_as_floats(frame: pd.DataFrame) -> None:
    """A frame that once held a missing identifier has floats, whose text would be 5.5e+11."""
    numbered = frame.assign(firm_id=550_000_000_000 + frame["firm_id"].str[1:].astype(int))
    pooled = fit(numbered, "pooled")
    same = contrast("gap", [(1, pooled), (-1, fit(numbered, "within"))])
    mixed = contrast("gap", [(1, pooled), (-1, fit(numbered.astype({"firm_id": float}), "within"))])
    assert mixed.glance["groups"] == 60
    pd.testing.assert_frame_equal(same.estimate, mixed.estimate)


def test_a_contrast_can_go_into_another(frame: pd.DataFrame) -> None:
    pooled, region, within = (fit(frame, name) for name in ("pooled", "region", "within"))
    halves = contrast("a", [(0.5, pooled), (0.5, region)])
    nested = contrast("gap", [(1, halves), (-1, within)]).term("gap")
    flat = contrast("gap", [(0.5, pooled), (0.5, region), (-1, within)]).term("gap")
    np.testing.assert_allclose(
        nested[["estimate", "std_error"]].astype(float),
        flat[["estimate", "std_error"]].astype(float),
        rtol=1e-12,
    )


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"vcov": "iid"}, "a result without influence"),
        ({"vcov": {"CRV1": "region_code"}}, "the same groups of the errors"),
        ({"outcome": "age"}, "the same outcome"),
        ({"outcome": "is_exit", "estimator": "cloglog"}, "the same scale"),
    ],
)
def test_undefined_contrasts_are_refused(frame: pd.DataFrame, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        contrast("gap", [(1, fit(frame, "pooled")), (-1, fit(frame, "region", **fields))])


def test_the_interval_has_the_degrees_of_freedom_of_the_fewest_groups(frame: pd.DataFrame) -> None:
    by_region = {"vcov": {"CRV1": "region_code"}}
    few = fit(frame[frame["region_code"] != "C"], "pooled", **by_region)
    for terms in ([(1, fit(frame, "region", **by_region)), (-1, few)], [(1, few), (1, few)]):
        gap = contrast("gap", terms)
        row = gap.term("gap")
        assert gap.glance["degrees_of_freedom"] == 1
        # The 97.5 % quantile of t with one degree of freedom.
        assert row["conf_high"] - row["estimate"] == pytest.approx(12.7062047 * row["std_error"], rel=1e-8)


def test_hazards_contrast_on_the_normal_scale(frame: pd.DataFrame) -> None:
    frame = frame.assign(is_exit=np.random.default_rng(2).random(240) < 0.2)
    fields = {"outcome": "is_exit", "estimator": "cloglog"}
    row = contrast("gap", [(1, fit(frame, "pooled", **fields)), (-1, fit(frame, "region", **fields))]).term(
        "gap"
    )
    assert row["conf_high"] - row["estimate"] == pytest.approx(1.959963984540054 * row["std_error"])
