"""The firms and accounts files of a simulated register."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from clusterpanel.simulate.bureau_files import decimal_texts, with_gaps
from clusterpanel.simulate.country import Ints
from clusterpanel.simulate.economy import (
    DEATH_CAUSE_SHARES,
    DEATH_CAUSES,
    MISSING_BIRTH_SHARE,
    MISSING_EMPLOYEES_SHARE,
    MISSING_WAGE_BILL_SHARE,
    UNREADABLE_REVENUE_SHARE,
)
from clusterpanel.simulate.names import firm_codes
from clusterpanel.simulate.world import World

ORIGINS = ("new", "spin_off", "split", "unknown")
ORIGIN_SHARES = (0.80, 0.08, 0.05, 0.07)
UNREADABLE = "?"


def firms_file(world: World, rng: np.random.Generator) -> pa.Table:
    """Return firms.csv: one row per firm, with dates as day/month/year."""
    lives, first = world.lives, world.dials.first_year
    firms = len(lives.entry)
    last = lives.entry + lives.is_alive.sum(axis=1) - 1
    died = pa.array(lives.is_exit)
    cause = pa.array(DEATH_CAUSES).take(pa.array(rng.choice(len(DEATH_CAUSES), firms, p=DEATH_CAUSE_SHARES)))
    origin = pa.array(ORIGINS).take(pa.array(rng.choice(len(ORIGINS), firms, p=ORIGIN_SHARES)))
    nothing = pa.scalar(None, pa.string())
    return pa.table(
        {
            "firm_id": firm_codes(np.arange(firms)),
            # Births in the first half of a year and deaths in the second: nobody dies before being born.
            "birth_date": with_gaps(_dates(lives.birth + first, 1, rng), MISSING_BIRTH_SHARE, rng),
            "death_date": pc.if_else(died, _dates(last + first, 7, rng), nothing),
            "death_cause": pc.if_else(died, cause, nothing),
            "origin": origin,
        }
    )


def accounts_file(world: World, rng: np.random.Generator) -> pa.Table:
    """Return accounts.csv: employees (yearly average), wage bill and revenue in whole crowns."""
    firm, year, outcomes = world.firm, world.year, world.outcomes
    employees = outcomes.employment[firm, year].round(2)
    wage_bill = np.exp(outcomes.log_wage.value[firm, year]) * employees
    revenue = decimal_texts(np.exp(outcomes.log_revenue.value[firm, year]), 0)
    is_unreadable = pa.array(rng.random(len(firm)) < UNREADABLE_REVENUE_SHARE)
    return pa.table(
        {
            "firm_id": firm_codes(np.arange(len(world.lives.entry))).take(pa.array(firm)),
            "year": pa.array(year + world.dials.first_year),
            "employees": with_gaps(decimal_texts(employees, 2), MISSING_EMPLOYEES_SHARE, rng),
            "wage_bill": with_gaps(decimal_texts(wage_bill, 0), MISSING_WAGE_BILL_SHARE, rng),
            "revenue": pc.if_else(is_unreadable, UNREADABLE, revenue),
        }
    )


def _dates(year: Ints, first_month: int, rng: np.random.Generator) -> pa.Array:
    month = rng.integers(first_month, first_month + 6, len(year)).tolist()
    day = rng.integers(1, 29, len(year)).tolist()
    dates = zip(day, month, year.tolist(), strict=True)
    return pa.array([f"{d:02d}/{m:02d}/{y:04d}" for d, m, y in dates], pa.string())
