import numpy as np
import pandas as pd
import pytest

from clusterpanel.designs.design import design
from clusterpanel.designs.estimate import estimate
from clusterpanel.designs.profile import estimate_profile
from clusterpanel.errors import SpecError
from clusterpanel.panel.panel import Panel
from clusterpanel.spec.clusters import ClusterSpec, DbscanDraw
from clusterpanel.spec.design import ProfileSpec

PROFILE = ProfileSpec(name="wage", title="Wage by radius", design="within", measure="own_count")
CLUSTERS = ClusterSpec(
    name="simulated",
    title="Simulated",
    draw=DbscanDraw(method="dbscan", eps_km=5, minimum_members=3),
    vintages=(2001,),
    radii_km=(10.0, 2.5),
)
WITHIN = design(
    name="within", comparison="within", outcome="log_wage", exposure="in_cluster", absorb=["year"]
)


def test_each_radius_is_the_design_with_its_own_exposure(frame: pd.DataFrame) -> None:
    rng = np.random.default_rng(0)
    frame["log_own_count_2_5km"], frame["log_own_count_10km"] = rng.random(240), rng.random(240)
    panel = Panel.from_frame(frame)
    results = estimate_profile(PROFILE, WITHIN, CLUSTERS, panel)
    assert list(results) == ["wage_2_5km", "wage_10km"]
    alone = estimate(WITHIN.model_copy(update={"exposure": "log_own_count_10km"}), panel)
    pd.testing.assert_frame_equal(results["wage_10km"].estimate, alone.estimate)  # type: ignore[union-attr]
    assert results["wage_10km"].provenance["exposure"] == "log_own_count_10km"


def test_the_profile_says_what_is_counted_within_the_radius(frame: pd.DataFrame) -> None:
    for number, radius in enumerate(("2_5km", "10km")):
        for measure in ("own_count", "all_activity"):
            frame[f"log_{measure}_{radius}"] = np.random.default_rng(number).random(240)
    all_firms = PROFILE.model_copy(update={"measure": "all_activity"})
    results = estimate_profile(all_firms, WITHIN, CLUSTERS, Panel.from_frame(frame))
    terms = [result.estimate["term"].tolist() for result in results.values()]
    assert terms == [["log_all_activity_2_5km"], ["log_all_activity_10km"]]


def test_a_missing_radius_is_refused(frame: pd.DataFrame) -> None:
    with pytest.raises(SpecError, match="log_own_count_2_5km"):
        estimate_profile(PROFILE, WITHIN, CLUSTERS, Panel.from_frame(frame))


def test_survival_curves_have_no_profile(frame: pd.DataFrame) -> None:
    curves = design(comparison="pooled", estimator="kaplan_meier", outcome="is_exit", exposure="in_cluster")
    with pytest.raises(SpecError, match="needs an estimate per radius"):
        estimate_profile(PROFILE, curves, CLUSTERS, Panel.from_frame(frame))
