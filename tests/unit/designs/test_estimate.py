import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from clusterpanel.designs.design import design
from clusterpanel.designs.estimate import estimate
from clusterpanel.engine.firm_blocks import write_firm_blocks
from clusterpanel.errors import DataError, NotIdentifiedError, SpecError
from clusterpanel.panel.panel import Panel

WAGE = {"comparison": "within", "outcome": "log_wage", "exposure": "in_cluster"}


def fit(frame: pd.DataFrame, **fields: Any) -> Any:
    return estimate(design(**{**WAGE, **fields}), Panel.from_frame(frame))


def test_within_is_the_difference_of_a_firm_with_itself() -> None:
    """Two firms of two years: the estimate is the mean change at a switch, by hand."""
    frame = pd.DataFrame(
        {
            "firm_id": list("aabb"),
            "year": [1, 2, 1, 2],
            "in_cluster": [False, True, True, False],
            "log_wage": [1.0, 1.5, 3.0, 2.9],
        }
    )
    assert fit(frame).term("in_cluster")["estimate"] == pytest.approx((0.5 + 0.1) / 2, rel=1e-12)


def test_facts_about_the_sample(frame: pd.DataFrame) -> None:
    glance = fit(frame, absorb=["year"]).glance
    by_firm = frame.groupby("firm_id")["in_cluster"]
    switches = by_firm.max() != by_firm.min()
    assert glance["n"] == 240
    assert glance["firms"] == 60
    assert glance["groups"] == 60
    assert glance["switchers"] == int(switches.sum())
    assert glance["mean_exposure"] == pytest.approx(frame["in_cluster"].mean())
    assert glance["sd_outcome"] == pytest.approx(frame["log_wage"].std())
    assert glance["levels"] == {"firm_id": 60, "year": 4}
    assert glance["degrees_of_freedom"] == 59


def test_shares_explained_are_of_all_and_of_what_the_effects_leave(frame: pd.DataFrame) -> None:
    effects = pd.get_dummies(frame[["firm_id", "year"]].astype(str), dtype=float).to_numpy()
    outcome = frame["log_wage"].to_numpy()
    both = np.column_stack([frame["in_cluster"], effects])
    left = [np.sum((outcome - x @ np.linalg.lstsq(x, outcome, rcond=None)[0]) ** 2) for x in (both, effects)]
    glance = fit(frame, absorb=["year"]).glance
    assert glance["r2"] == pytest.approx(1 - left[0] / np.sum((outcome - outcome.mean()) ** 2), rel=1e-12)
    assert glance["r2_within"] == pytest.approx(1 - left[0] / left[1], rel=1e-10)


def test_each_loss_of_rows_is_a_step_that_balances(frame: pd.DataFrame) -> None:
    frame = frame.astype({"in_cluster": "boolean"})
    frame.loc[frame.index[:3], "log_wage"] = np.nan
    frame.loc[frame.index[3], "log_wage"] = np.inf
    frame.loc[frame.index[10:12], "in_cluster"] = pd.NA
    frame.loc[frame.index[20], "region_code"] = None
    frame.loc[frame.index[41:44], "log_wage"] = np.nan  # leaves one row of the firm
    flow = fit(frame, absorb=["region_code"], where={"year": [2001, 2002, 2003, 2004]}).provenance["flow"]
    lost = {step["reason"]: step["rows_set_aside"] for step in flow if step["rows_set_aside"]}
    assert lost == {
        "log_wage is missing": 7,
        "in_cluster is missing": 2,
        "region_code is missing": 1,
        "the only row of its firm_id, which would be fitted perfectly": 1,
    }
    for before, after in pairwise(flow):
        assert before["rows_out"] == after["rows_in"]
    assert {step["stage"] for step in flow} == {"design"}


def test_conditions_keep_only_their_rows(frame: pd.DataFrame) -> None:
    conditions = {"industry_code": ["01.10"], "year": [2001, 2002], "is_exit": [False]}
    keep = (frame["industry_code"] == "01.10") & (frame["year"] < 2003) & ~frame["is_exit"]
    assert fit(frame, comparison="pooled", where=conditions).glance["n"] == int(keep.sum())


def test_rows_whose_exit_is_not_seen_say_nothing_of_exit(frame: pd.DataFrame) -> None:
    is_censored = (frame["year"] == 2004) & ~frame["is_exit"]
    frame["is_exit"] = frame["is_exit"].astype("boolean").mask(is_censored)
    frame["is_censored"] = is_censored
    result = fit(frame, comparison="pooled", outcome="is_exit")
    assert result.glance["n"] == int((~is_censored).sum())
    assert result.provenance["flow"][1]["reason"] == "is_exit is missing"


def test_censored_rows_must_not_pass_for_firms_that_stayed(frame: pd.DataFrame) -> None:
    frame["is_censored"] = (frame["year"] == 2004) & ~frame["is_exit"]
    with pytest.raises(DataError, match=r"is_exit given in .* rows where is_censored"):
        fit(frame, comparison="pooled", outcome="is_exit")
    assert fit(frame, comparison="pooled").glance["n"] == len(frame)


def test_a_joint_effect_is_one_effect(frame: pd.DataFrame) -> None:
    joined = frame.assign(both=frame["industry_code"] + frame["year"].astype(str))
    one = fit(frame, comparison="pooled", absorb=["industry_code^year"])
    other = fit(joined, comparison="pooled", absorb=["both"])
    np.testing.assert_allclose(one.estimate["estimate"], other.estimate["estimate"], rtol=1e-12)
    assert one.glance["levels"] == {"industry_code^year": 8}


def test_an_effect_named_two_ways_is_absorbed_once(frame: pd.DataFrame) -> None:
    once = fit(frame, absorb=["industry_code^year"])
    twice = fit(frame, absorb=["industry_code^year", "year^industry_code"])
    pd.testing.assert_frame_equal(once.estimate, twice.estimate)
    assert once.provenance["vcov"] == twice.provenance["vcov"]


def test_errors_grouped_by_nothing_are_refused(frame: pd.DataFrame) -> None:
    with pytest.raises(SpecError, match="vcov: came a table"):
        fit(frame, vcov={})


def test_absorbing_the_firm_is_the_within_comparison(frame: pd.DataFrame) -> None:
    one = fit(frame, comparison="pooled", absorb=["firm_id", "year"])
    other = fit(frame, absorb=["year", "firm_id"])
    pd.testing.assert_frame_equal(one.estimate, other.estimate)


def test_panel_in_parquet_gives_the_same(frame: pd.DataFrame, tmp_path: Any) -> None:
    path = tmp_path / "panel.parquet"
    write_firm_blocks(pa.Table.from_pandas(frame, preserve_index=False), "firm_id", path, rows_per_block=20)
    wanted = design(**WAGE, absorb=["region_code^year"])
    one, other = (estimate(wanted, panel) for panel in (Panel.open(path), Panel.from_frame(frame)))
    pd.testing.assert_frame_equal(one.estimate, other.estimate)
    assert one.provenance["digest"] == other.provenance["digest"]


@pytest.mark.parametrize("vcov", ["iid", "HC1"])
def test_ungrouped_errors_have_no_influence(frame: pd.DataFrame, vcov: str) -> None:
    result = fit(frame, vcov=vcov)
    assert result.influence is None
    assert result.glance["groups"] is None


def test_a_constant_comes_where_nothing_is_absorbed(frame: pd.DataFrame) -> None:
    terms = fit(frame, comparison="pooled").tidy().set_index("term")["estimate"]
    means = frame.groupby("in_cluster")["log_wage"].mean()
    assert terms["constant"] == pytest.approx(means[False], rel=1e-10)
    assert terms["in_cluster"] == pytest.approx(means[True] - means[False], rel=1e-10)


def test_dropped_controls_are_named_with_the_reason(frame: pd.DataFrame) -> None:
    result = fit(frame, controls=["age"], absorb=["year"])
    assert "age was dropped: the effects explain it (year)." in result.provenance["notes"]
    assert result.tidy()["term"].tolist() == ["in_cluster"]


@pytest.mark.parametrize(
    ("fields", "places"),
    [
        ({"outcome": "log_wages", "absorb": ["yeer^region_code"]}, ["outcome", "absorb.1"]),
        ({"exposure": "region_code", "controls": ["industry_code"]}, ["exposure", "controls.1"]),
        ({"controls": ["in_cluster"]}, ["controls.1"]),
        ({"controls": ["log_wage"]}, ["controls.1"]),
        ({"vcov": {"CRV1": "parish"}}, ["vcov.CRV1"]),
        ({"where": {"parish": ["x"]}}, ["where.parish"]),
        ({"comparison": "region", "region": "parish"}, ["region"]),
        ({"estimator": "cloglog", "outcome": "is_exit"}, ["comparison"]),
        (
            {"estimator": "cloglog", "outcome": "is_exit", "comparison": "pooled", "absorb": ["firm_id"]},
            ["absorb.1"],
        ),
        (
            {"estimator": "kaplan_meier", "outcome": "is_exit", "absorb": ["year"]},
            ["comparison", "absorb"],
        ),
    ],
)
def test_what_cannot_be_estimated_is_refused_with_all_faults(
    frame: pd.DataFrame, fields: dict[str, Any], places: list[str]
) -> None:
    with pytest.raises(SpecError) as raised:
        fit(frame, **fields)
    assert [fault.where for fault in raised.value.faults] == places


def test_a_text_regressor_is_refused_with_what_to_do(frame: pd.DataFrame) -> None:
    with pytest.raises(SpecError, match="Absorb it as effects, take i"):
        fit(frame, controls=["region_code"])


def test_a_hazard_of_a_number_is_refused(frame: pd.DataFrame) -> None:
    with pytest.raises(SpecError, match="cloglog needs a yes/no outcome"):
        fit(frame, comparison="pooled", estimator="cloglog")


def test_a_condition_of_another_type_is_refused(frame: pd.DataFrame) -> None:
    with pytest.raises(SpecError, match="where year: came"):
        fit(frame, where={"year": ["early"]})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"in_cluster": True}, "in_cluster is 1 in all 240 rows"),
        ({"log_wage": 2.5}, "log_wage is the same in all 240 rows"),
        ({"log_wage": np.nan}, "the sample of design is empty"),
    ],
)
def test_samples_without_an_answer_are_refused(
    frame: pd.DataFrame, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(NotIdentifiedError, match=message):
        fit(frame.assign(**change))


def test_no_switcher_is_refused_with_the_count(frame: pd.DataFrame) -> None:
    fixed = frame.groupby("firm_id")["in_cluster"].transform("first")
    with pytest.raises(NotIdentifiedError, match="no firm changes in_cluster: 0 of 60 firms move"):
        fit(frame.assign(in_cluster=fixed))


def test_one_switcher_has_no_grouped_error(frame: pd.DataFrame) -> None:
    """Its score would be 0, and so the standard error of whatever it happened to do."""
    few = frame["firm_id"].isin(["f03"]) & (frame["year"] > 2002)
    with pytest.raises(NotIdentifiedError, match="too few firms change in_cluster for a grouped"):
        fit(frame.assign(in_cluster=few))
    assert fit(frame.assign(in_cluster=few), vcov="HC1").term("in_cluster")["std_error"] > 0


def test_errors_that_rest_on_few_switchers_are_noted(frame: pd.DataFrame) -> None:
    late = frame["year"] > 2002
    few = fit(frame.assign(in_cluster=late & (frame["firm_id"] < "f19")))
    many = fit(frame.assign(in_cluster=late & (frame["firm_id"] < "f20")))
    assert any("Fewer than 20 firms change in_cluster" in note for note in few.provenance["notes"])
    assert many.provenance["notes"] == ()


def test_one_firm_is_refused_without_naming_it(frame: pd.DataFrame) -> None:
    with pytest.raises(NotIdentifiedError, match="holds 1 firm") as raised:
        fit(frame.iloc[:4])
    assert "f00" not in str(raised.value)


def test_one_group_is_refused(frame: pd.DataFrame) -> None:
    with pytest.raises(NotIdentifiedError, match="errors grouped by country_code need two groups"):
        fit(frame.assign(country_code="XS"), vcov={"CRV1": "country_code"})


def test_a_high_yearly_hazard_is_noted(frame: pd.DataFrame) -> None:
    rng = np.random.default_rng(0)
    fields = {"comparison": "pooled", "estimator": "cloglog", "outcome": "is_exit"}
    often = fit(frame.assign(is_exit=rng.random(240) < 0.4), **fields)
    assert any("above 20%" in note for note in often.provenance["notes"])
    seldom = fit(frame.assign(is_exit=rng.random(240) < 0.1), **fields)
    assert seldom.provenance["notes"] == ()
    assert seldom.glance["events"] > 0
    assert seldom.glance["degrees_of_freedom"] is None


def test_categorical_columns_are_read_as_their_values(frame: pd.DataFrame) -> None:
    texts = ["region_code", "industry_code"]
    where = {"industry_code": ["01.10"]}
    fields = {"comparison": "region", "absorb": ["year"], "where": where, "vcov": {"CRV1": "region_code"}}
    one, other = fit(frame, **fields), fit(frame.astype(dict.fromkeys(texts, "category")), **fields)
    pd.testing.assert_frame_equal(one.estimate, other.estimate)
    assert one.influence is not None
    pd.testing.assert_index_equal(one.influence.index, other.influence.index)


def test_importing_designs_loads_no_compiler() -> None:
    """Numba and the peers take seconds to load, and most commands never fit anything."""
    code = "import sys, clusterpanel.designs.estimate; print({'numba', 'statsmodels'} & set(sys.modules))"
    root = str(Path(__file__).parents[3])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout.strip() == "set()"
