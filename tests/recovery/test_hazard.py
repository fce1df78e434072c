"""The closure hazard finds the cluster's effect where ability is seen or does not sort, and not otherwise.

Ability that nobody sees also pulls a hazard ratio towards nothing, since the able outlive the others. One
standard deviation of it moves the log hazard by 0.15, so the pull is of the order of its square times the
cumulated hazard: below 0.002 on an effect of -0.10, far below the Monte-Carlo error these tests allow.
"""

import numpy as np
import pandas as pd
import pytest

from clusterpanel.designs.estimate import estimate
from clusterpanel.models.result import Result
from clusterpanel.panel.panel import Panel
from clusterpanel.simulate.dials import Dials
from clusterpanel.simulate.economy import ABILITY_HAZARD
from clusterpanel.simulate.firm_years import simulate_firm_years
from clusterpanel.spec.design import DesignSpec

REGISTERS = 30
EFFECT = -0.10


def exits_in(design: DesignSpec, sorting: float) -> pd.DataFrame:
    """Estimates by register, one column a term."""
    rows = []
    for seed in range(20_000, 20_000 + REGISTERS):
        dials = Dials(firm_years=12_000, industries=2, regions=4, sorting=sorting, seed=seed)
        result = estimate(design, Panel.from_frame(simulate_firm_years(dials)))
        assert isinstance(result, Result)
        rows.append(result.tidy().set_index("term")["estimate"])
    return pd.DataFrame(rows)


def allowed(estimates: pd.Series) -> float:
    """Three Monte-Carlo standard errors of the mean."""
    return float(3 * estimates.std(ddof=1) / np.sqrt(len(estimates)))


@pytest.fixture(scope="module")
def exit_design(shipped_designs: dict[str, DesignSpec]) -> DesignSpec:
    return shipped_designs["exit_cloglog"]


def test_without_sorting_the_hazard_finds_the_effect(exit_design: DesignSpec) -> None:
    found = exits_in(exit_design, sorting=0.0)["in_cluster"]
    assert allowed(found) < 0.06
    assert abs(found.mean() - EFFECT) < allowed(found)


def test_with_sorting_and_ability_seen_the_hazard_finds_both(exit_design: DesignSpec) -> None:
    found = exits_in(exit_design.model_copy(update={"controls": ("ability",)}), sorting=0.5)
    assert abs(found["in_cluster"].mean() - EFFECT) < allowed(found["in_cluster"])
    assert abs(found["ability"].mean() - ABILITY_HAZARD) < allowed(found["ability"])


def test_with_sorting_and_ability_unseen_the_hazard_takes_it_for_an_effect(exit_design: DesignSpec) -> None:
    found = exits_in(exit_design, sorting=0.5)["in_cluster"]
    # 0.8 standard deviations of ability, worth 0.15 each.
    assert found.mean() == pytest.approx(EFFECT - 0.8 * 0.15, abs=allowed(found))
    assert found.mean() < EFFECT - allowed(found)
