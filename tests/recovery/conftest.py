"""Five hundred simulated registers, each estimated as the shipped study asks, with sorting and without."""

import tomllib
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from clusterpanel.designs.contrast import contrast
from clusterpanel.designs.estimate import estimate
from clusterpanel.models.result import Result
from clusterpanel.panel.panel import Panel
from clusterpanel.simulate.dials import Dials
from clusterpanel.simulate.firm_years import projected_gap, simulate_firm_years
from clusterpanel.spec.design import DesignSpec
from clusterpanel.spec.shipped import shipped_specs

REGISTERS = 500
FIRST_SEED = 10_000


@pytest.fixture(scope="session")
def shipped_designs() -> dict[str, DesignSpec]:
    """The designs of the shipped study of the simulated register."""
    text = (shipped_specs() / "studies" / "simulated.toml").read_text("utf-8")
    designs = [DesignSpec.model_validate(design) for design in tomllib.loads(text)["designs"]]
    return {design.name: design for design in designs}


def small_register(sorting: float, seed: int) -> Dials:
    """About 350 firms a year for eight years, of which one in seven chooses a new place every year.

    With fewer movers the grouped standard error of the within estimate rests on a few dozen firms and is too
    small by several per cent, as grouped errors are; that is not what these tests ask.
    """
    return Dials(
        firm_years=2_800,
        first_year=2005,
        last_year=2012,
        regions=4,
        industries=2,
        movers=0.15,
        sorting=sorting,
        seed=seed,
    )


@pytest.fixture(scope="session")
def wages_of(shipped_designs: dict[str, DesignSpec]) -> Callable[[float], pd.DataFrame]:
    """A function of sorting: by register, pooled, within and gap with their intervals, and the true gap."""

    def estimate_all(sorting: float) -> pd.DataFrame:
        registers = (small_register(sorting, FIRST_SEED + number) for number in range(REGISTERS))
        return pd.DataFrame([_wages_in(dials, shipped_designs) for dials in registers])

    return estimate_all


def _wages_in(dials: Dials, designs: dict[str, DesignSpec]) -> dict[str, float]:
    table = simulate_firm_years(dials)
    panel = Panel.from_frame(table)
    pooled, within = (estimate(designs[name], panel) for name in ("wage_pooled", "wage_within"))
    assert isinstance(pooled, Result)
    assert isinstance(within, Result)
    gap = contrast("sorting_wage", [(1, pooled), (-1, within)])
    frame = table.select(["industry_code", "year", "in_cluster", "log_wage_left_out"]).to_pandas()
    group = frame.groupby(["industry_code", "year"]).ngroup().to_numpy()
    in_cluster = frame["in_cluster"].to_numpy(np.float64)
    return {
        **_interval("pooled", pooled, "in_cluster"),
        **_interval("within", within, "in_cluster"),
        **_interval("gap", gap, "sorting_wage"),
        "true_gap": projected_gap(frame["log_wage_left_out"].to_numpy(), in_cluster, group),
    }


def _interval(name: str, result: Result, term: str) -> dict[str, float]:
    row = result.term(term)
    return {name: row["estimate"], f"{name}_low": row["conf_low"], f"{name}_high": row["conf_high"]}


@pytest.fixture(scope="session")
def with_sorting(wages_of: Callable[[float], pd.DataFrame]) -> pd.DataFrame:
    """Registers in which the able prefer clusters."""
    return wages_of(0.5)


@pytest.fixture(scope="session")
def without_sorting(wages_of: Callable[[float], pd.DataFrame]) -> pd.DataFrame:
    """Registers in which ability says nothing about the place."""
    return wages_of(0.0)
