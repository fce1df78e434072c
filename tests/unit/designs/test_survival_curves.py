from typing import Any

import numpy as np
import pandas as pd
import pytest

from clusterpanel.designs.design import design
from clusterpanel.designs.estimate import estimate
from clusterpanel.errors import NotIdentifiedError, SpecError
from clusterpanel.models.result import SurvivalCurves
from clusterpanel.panel.panel import Panel


def curves(frame: pd.DataFrame, exposure: str = "in_cluster") -> SurvivalCurves:
    wanted = design(comparison="pooled", estimator="kaplan_meier", outcome="is_exit", exposure=exposure)
    result = estimate(wanted, Panel.from_frame(frame))
    assert isinstance(result, SurvivalCurves)
    return result


def test_rows_of_a_firm_join_until_exposure_changes_age_jumps_or_it_exits() -> None:
    frame = pd.DataFrame(
        {
            "firm_id": list("aaaabbc"),
            "year": [2002, 2003, 2005, 2006, 2000, 2001, 2009],
            "age": [2, 3, 5, 6, 0, 1, 9],
            "in_cluster": [False, False, False, True, True, True, True],
            "is_exit": [False, False, False, False, False, True, True],
        }
    )
    result = curves(frame)
    shown = result.curve[["group", "time", "at_risk", "events", "censored"]]
    # Firm a: 2 to 4, a gap, 5 to 6 outside, 6 to 7 inside. Firm b: 0 to 2. Firm c: 9 to 10.
    assert shown.to_numpy().tolist() == [
        ["no", 4, 1, 0, 1],
        ["no", 6, 1, 0, 1],
        ["yes", 2, 1, 1, 0],
        ["yes", 7, 1, 0, 1],
        ["yes", 10, 1, 1, 0],
    ]
    assert result.glance["episodes"] == 5
    assert result.glance["switchers"] == 1
    assert result.glance["firms_by_group"] == {"no": 1, "yes": 3}


def test_firms_of_unknown_age_are_set_aside_and_counted(frame: pd.DataFrame) -> None:
    frame = frame.astype({"age": "Int32"})
    frame.loc[frame["firm_id"] == "f07", "age"] = pd.NA
    flow = curves(frame).provenance["flow"]
    assert [step["rows_set_aside"] for step in flow if step["reason"] == "age is missing"] == [4]


def test_hazard_of_the_curve_is_the_share_of_rows_that_exit(frame: pd.DataFrame) -> None:
    curve = curves(frame).curve
    for label, is_exposed in (("no", False), ("yes", True)):
        rows = frame[frame["in_cluster"] == is_exposed]
        at_age_6 = rows[rows["age"] == 6]
        last = curve[(curve["group"] == label) & (curve["time"] == 7)].iloc[0]
        assert last["at_risk"] == len(at_age_6)
        assert last["events"] == int(at_age_6["is_exit"].sum())
        assert last["survival"] == pytest.approx(1 - at_age_6["is_exit"].mean())


def test_a_continuous_exposure_is_cut_at_terciles_with_a_note(frame: pd.DataFrame) -> None:
    result = curves(frame, "log_own_count_5km")
    rows = list(result.glance["levels"].values())
    assert rows == [80, 80, 80]
    assert any("cut at its terciles" in note for note in result.provenance["notes"])


def test_a_value_at_a_tercile_is_at_most_it(frame: pd.DataFrame) -> None:
    """Most firms have no neighbour: the first tercile is 0, and so are they."""
    count = np.tile([0.0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6], 20)
    assert curves(frame.assign(count=count), "count").glance["levels"] == {
        "at most 0": 120,
        "0 to 2.333": 40,
        "above 2.333": 80,
    }


def test_text_and_few_numbers_make_a_curve_each(frame: pd.DataFrame) -> None:
    assert curves(frame, "region_code").curve["group"].unique().tolist() == ["A", "B", "C"]
    few = frame.assign(sites=np.tile([3, 1], 120))
    assert curves(few, "sites").curve["group"].unique().tolist() == ["1", "3"]


def test_large_codes_keep_their_digits(frame: pd.DataFrame) -> None:
    codes = frame.assign(code=np.tile([5_560_001, 5_560_002], 120))
    assert curves(codes, "code").curve["group"].unique().tolist() == ["5560001", "5560002"]


@pytest.mark.parametrize("vcov", ["HC1", {"CRV1": "region_code"}])
def test_another_variance_than_greenwoods_is_refused(vcov: Any) -> None:
    with pytest.raises(SpecError, match="a survival curve has Greenwood's variance"):
        design(
            comparison="pooled", estimator="kaplan_meier", outcome="is_exit", exposure="in_cluster", vcov=vcov
        )


def test_many_texts_are_refused(frame: pd.DataFrame) -> None:
    with pytest.raises(SpecError, match="60 different texts"):
        curves(frame.assign(name=frame["firm_id"]), "name")


def test_one_group_is_refused(frame: pd.DataFrame) -> None:
    with pytest.raises(NotIdentifiedError, match="no curves to compare"):
        curves(frame.assign(in_cluster=False))


def test_a_risk_set_that_dies_out_early_is_noted(frame: pd.DataFrame) -> None:
    young = pd.DataFrame(
        {"firm_id": "young", "year": [2001], "age": [0], "in_cluster": [True], "is_exit": [True]}
    )
    notes = curves(pd.concat([frame, young])).provenance["notes"]
    assert any("group yes exit by age 1, though older ones enter later" in note for note in notes)


def test_a_panel_without_ages_is_refused(frame: pd.DataFrame) -> None:
    with pytest.raises(SpecError, match="came age; allowed: a column of the panel"):
        curves(frame.drop(columns="age"))
