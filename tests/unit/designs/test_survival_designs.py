"""Survival designs: which rows, which numbers for causes and strata, and that numbers are the models' own."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from clusterpanel.designs.contrast import contrast
from clusterpanel.designs.design import design
from clusterpanel.designs.estimate import estimate
from clusterpanel.errors import DataError, NotIdentifiedError, SpecError
from clusterpanel.models.arrays import Codes, ModelArrays
from clusterpanel.models.result import Result
from clusterpanel.models.survival.cox import fit_cox
from clusterpanel.models.survival.cox_variance import survival_variance
from clusterpanel.panel.panel import Panel
from clusterpanel.spec.vcov import GroupedVcov

from .survival_panel import simulated_exits

COX: dict[str, Any] = {
    "comparison": "pooled",
    "estimator": "cox",
    "outcome": "is_exit",
    "exposure": "in_cluster",
    "controls": ["size"],
}


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return simulated_exits()


@pytest.fixture(scope="module")
def panel(frame: pd.DataFrame) -> Panel:
    return Panel.from_frame(frame)


def fitted(panel: Panel, memory_gb: float = 2.0, **more: Any) -> Result:
    result = estimate(design(**{**COX, **more}), panel, memory_gb=memory_gb)
    assert isinstance(result, Result)
    return result


def codes(name: str, values: "pd.Series[Any]") -> Codes:
    numbers, found = pd.factorize(values, sort=True)
    return Codes(name, numbers.astype(np.int32), len(found))


def test_estimate_is_the_models_own_on_the_rows_whose_exit_is_seen(frame: pd.DataFrame, panel: Panel) -> None:
    seen = frame[frame["is_exit"].notna()].reset_index(drop=True)
    age = seen["age"].to_numpy(dtype=float)
    firms = codes("firm_id", seen["firm_id"])
    arrays = ModelArrays(
        columns=(
            seen["is_exit"].to_numpy(dtype=float),
            age,
            age + 1,
            seen["in_cluster"].to_numpy(dtype=float),
            seen["size"].to_numpy(dtype=float),
        ),
        names=("in_cluster", "size"),
        firms=firms,
        effects=(codes("stratum", seen["region_code"] + seen["year"].astype(str)),),
        absorbs_firm=False,
        groups=(firms,),
        outcomes=3,
    )
    own = fit_cox(arrays).likelihood
    variance = survival_variance(GroupedVcov(CRV1="firm_id"), own.sums, own.counts)
    found = fitted(panel, strata=["year", "region_code"])

    assert found.glance["n"] == len(seen) < len(frame)
    assert found.glance["events"] == seen["is_exit"].sum()
    assert found.glance["time_at_risk"] == len(seen)
    assert np.allclose(found.estimate["estimate"], own.coefficients, rtol=1e-9)
    assert np.allclose(found.estimate["std_error"], np.sqrt(np.diag(variance.matrix)), rtol=1e-9)
    assert (
        found.glance["strata"]
        == seen.loc[seen["is_exit"].astype(bool), ["region_code", "year"]].drop_duplicates().shape[0]
    )


@pytest.mark.parametrize(
    "more",
    [
        {"strata": ["region_code^year"]},
        {"estimator": "fine_gray", "cause": "exit_cause", "cause_of_interest": "closure"},
        {"estimator": "competing_logit", "cause": "exit_cause"},
        {"estimator": "weibull", "cause": "exit_cause", "cause_of_interest": "merger"},
    ],
    ids=str,
)
def test_streamed_sample_gives_the_numbers_of_the_one_in_memory(more: dict[str, Any], panel: Panel) -> None:
    here, streamed = fitted(panel, **more), fitted(panel, memory_gb=1e-6, **more)

    assert np.allclose(streamed.estimate["estimate"], here.estimate["estimate"], rtol=1e-9)
    assert np.allclose(streamed.estimate["std_error"], here.estimate["std_error"], rtol=1e-9)
    assert streamed.provenance["digest"] == here.provenance["digest"]
    assert streamed.glance["events"] == here.glance["events"]


def test_cause_of_interest_comes_first_and_others_are_counted(panel: Panel, frame: pd.DataFrame) -> None:
    logit: dict[str, Any] = {"estimator": "competing_logit", "cause": "exit_cause"}
    plain, turned = fitted(panel, **logit), fitted(panel, **logit, cause_of_interest="merger")
    counts = frame["exit_cause"].value_counts()

    assert plain.estimate["term"].iloc[0] == "closure: in_cluster"
    assert turned.estimate["term"].iloc[0] == "merger: in_cluster"
    assert turned.glance["events_by_cause"] == {"merger": counts["merger"], "closure": counts["closure"]}
    assert plain.term("merger: size")["estimate"] == pytest.approx(turned.term("merger: size")["estimate"])


@pytest.mark.parametrize("estimator", ["cox", "fine_gray"])
def test_exits_by_other_causes_are_told(estimator: str, panel: Panel, frame: pd.DataFrame) -> None:
    found = fitted(panel, estimator=estimator, cause="exit_cause", cause_of_interest="closure")
    others = int(frame["exit_cause"].eq("merger").sum())

    assert found.glance["other_events"] == others
    assert any(note.startswith(f"{others} rows end by other causes") for note in found.provenance["notes"])


def test_cause_of_rows_set_aside_has_no_number(frame: pd.DataFrame) -> None:
    """A cause that no row of the sample has is as if it were not there."""
    lost = frame.copy()
    rows = lost.index[lost["exit_cause"].eq("closure")][:5]
    lost.loc[rows, "exit_cause"] = "bankruptcy"
    lost.loc[rows, "size"] = None
    found = fitted(Panel.from_frame(lost), estimator="competing_logit", cause="exit_cause")

    assert list(found.glance["events_by_cause"]) == ["closure", "merger"]


def test_missing_cause_is_unknown(frame: pd.DataFrame) -> None:
    lost = frame.assign(exit_cause=frame["exit_cause"].replace("merger", None))
    found = fitted(Panel.from_frame(lost), estimator="competing_logit", cause="exit_cause")

    assert list(found.glance["events_by_cause"]) == ["closure", "unknown"]


def test_cause_that_no_event_has_is_refused_with_those_there_are(panel: Panel) -> None:
    with pytest.raises(SpecError, match='came "merge"; allowed: closure, merger'):
        fitted(panel, cause="exit_cause", cause_of_interest="merge")


def test_causes_that_are_numbers_are_refused(frame: pd.DataFrame) -> None:
    with pytest.raises(SpecError, match="a column of text, such as exit_cause"):
        fitted(Panel.from_frame(frame), cause="year", cause_of_interest="closure")


def test_rows_without_length_are_refused_by_their_number(frame: pd.DataFrame) -> None:
    stopped = frame.assign(stop_age=frame["age"] + (frame.index % 7 > 0))
    none = int((stopped["stop_age"] == stopped["age"])[stopped["is_exit"].notna()].sum())
    with pytest.raises(DataError, match=f"{none} rows with start equal to stop"):
        fitted(Panel.from_frame(stopped), start="age", stop="stop_age")


@pytest.mark.parametrize(
    ("changed", "error", "words"),
    [
        ({"is_exit": False}, NotIdentifiedError, "has the event"),
        ({"in_cluster": True}, NotIdentifiedError, "in_cluster is 1 in all"),
        ({"is_exit": 2}, SpecError, "yes/no"),
        ({"firm_id": "one"}, NotIdentifiedError, "holds 1 firm"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_sample_without_an_answer_is_refused(
    changed: dict[str, Any], error: type[Exception], words: str, frame: pd.DataFrame
) -> None:
    broken = frame.assign(**changed)
    if "firm_id" in changed:
        broken["year"] = np.arange(len(broken))
    with pytest.raises(error, match=words):
        fitted(Panel.from_frame(broken))


def test_gap_between_naive_and_stratified_hazards_has_an_error(panel: Panel) -> None:
    naive, strict = fitted(panel, name="naive"), fitted(panel, name="strict", strata=["region_code"])
    gap = contrast("sorting", [(1, naive), (-1, strict)]).term("sorting")

    assert gap["estimate"] == pytest.approx(
        naive.term("in_cluster")["estimate"] - strict.term("in_cluster")["estimate"]
    )
    moved = naive.influence["in_cluster"] - strict.influence["in_cluster"]  # type: ignore[index]
    assert gap["std_error"] == pytest.approx(np.sqrt((moved**2).sum()))


def test_hazards_and_times_are_no_terms_of_one_sum(panel: Panel) -> None:
    hazard, time = fitted(panel), fitted(panel, estimator="weibull", name="time")
    with pytest.raises(SpecError, match="scale"):
        contrast("no_gap", [(1, hazard), (-1, time)])
