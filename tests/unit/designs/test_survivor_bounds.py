"""Lee's bounds on a panel: who is at risk, whose outcome is seen."""

import numpy as np
import pandas as pd
import pytest

import clusterpanel as cp
from clusterpanel.designs.survivor_bounds import survivor_bounds
from clusterpanel.errors import SpecError
from clusterpanel.models.lee_bounds import lee_bounds


def firms(seed: int = 1, count: int = 2_000) -> pd.DataFrame:
    """Simulate two years: exposure raises wages by 0.2 and keeps some weak firms alive."""
    rng = np.random.default_rng(seed)
    quality, exposed = rng.standard_normal(count), rng.random(count) < 0.5
    survives = quality + rng.standard_normal(count) > np.where(exposed, -1.2, -0.6)
    names = np.array([f"f{number:05}" for number in range(count)])
    first = pd.DataFrame({"firm_id": names, "year": 2010, "in_cluster": exposed, "log_wage": quality})
    second = first[survives].assign(year=2011, log_wage=quality[survives] + 0.2 * exposed[survives])
    return pd.concat([first, second])


def test_bounds_are_those_of_firms_at_risk_and_their_next_year() -> None:
    frame = firms()
    found = survivor_bounds(cp.Panel.from_frame(frame), "log_wage", "in_cluster")
    first = frame[frame["year"] == 2010].set_index("firm_id")
    later = frame[frame["year"] == 2011].set_index("firm_id")["log_wage"].reindex(first.index)
    expected = lee_bounds(
        later.to_numpy(), later.notna().to_numpy(), first["in_cluster"].to_numpy(), np.arange(len(first))
    )
    assert found.estimate["estimate"].to_numpy() == pytest.approx(expected.bounds)
    assert found.estimate["std_error"].to_numpy() == pytest.approx(expected.std_errors)
    assert found.facts["rows"] == found.facts["firms"] == 2_000
    assert found.interval[0] < 0.2 < found.interval[1]


def test_the_same_row_is_seen_unless_its_outcome_is_missing() -> None:
    frame = firms().query("year == 2011").reset_index(drop=True)
    frame.loc[::3, "log_wage"] = np.nan
    found = survivor_bounds(cp.Panel.from_frame(frame), "log_wage", "in_cluster", years_ahead=0)
    seen = frame["log_wage"].notna()
    assert found.facts["seen_exposed"] == pytest.approx(seen[frame["in_cluster"]].mean())


def test_a_gap_is_not_jumped() -> None:
    frame = firms()
    frame.loc[frame["year"] == 2011, "year"] = 2012
    moved = pd.concat([frame, firms(2, 300).assign(firm_id=lambda rows: "g" + rows["firm_id"])])
    found = survivor_bounds(cp.Panel.from_frame(moved), "log_wage", "in_cluster")
    alone = survivor_bounds(
        cp.Panel.from_frame(moved[moved["firm_id"].str.startswith("g")]), "log_wage", "in_cluster"
    )
    assert found.facts["seen_exposed"] < alone.facts["seen_exposed"] / 2


def test_an_exposure_of_many_values_is_refused() -> None:
    with pytest.raises(SpecError, match="not yes or no"):
        survivor_bounds(cp.Panel.from_frame(firms()), "in_cluster", "log_wage")


def test_an_absent_column_is_named() -> None:
    with pytest.raises(SpecError, match="no column growth"):
        survivor_bounds(cp.Panel.from_frame(firms()), "growth", "in_cluster")
