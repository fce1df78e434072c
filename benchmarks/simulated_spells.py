"""A simulated annual register of spells: late entry, exits of several causes, covariates that change."""

import numpy as np
import pandas as pd

FIRST_YEAR, LAST_YEAR, MOST_AGE = 2003, 2022, 20
REGIONS, INDUSTRIES = 300, 20
COVARIATES = (
    "in_cluster",
    "size",
    "productivity",
    "density",
    "foreign",
    "exports",
    "leverage",
    "unemployment",
)
# Log hazard ratios of closure, merger and moving abroad.
CLOSURE = np.array([-0.25, -0.30, -0.20, 0.08, -0.15, -0.22, 0.12, 0.05])
MERGER = np.array([0.10, 0.25, 0.10, 0.02, 0.35, 0.05, -0.10, 0.0])
ABROAD = np.array([-0.4, -0.1, 0.05, -0.15, 0.1, 0.05, 0.0, 0.1])
CAUSE_LEVELS = np.array([0.0, -1.1, -1.6])
# Closure's hazard at ages 0 to 19 where the covariates are 0.
BY_AGE = np.array([50, 75, 90, 85, 80, 70, 65, 60, 55, 50, 48, 46, 44, 42, 40, 39, 38, 37, 36, 35]) / 1000
FRAILTY_VARIANCE = 0.1
ROWS_PER_FIRM = 7.2
LOST = 0.01


def simulate_spells(rows: int, seed: int = 1) -> pd.DataFrame:
    """Return `rows` simulated firm-years sorted by firm and age.

    Columns: firm_id, start (age), stop (age + 1), cause (0 = none, 1 closure, 2 merger, 3 abroad), region,
    industry, year and the covariates. Firms born before the first year enter late; a hundredth is lost each
    year; regions have a gamma frailty.
    """
    rng = np.random.default_rng(seed)
    world = _world(rng)
    births = int(rows / (20 * ROWS_PER_FIRM) * 0.96) + 50
    alive: dict[str, np.ndarray] = {}
    years = []
    for year in range(FIRST_YEAR, LAST_YEAR + 1):
        first_age = MOST_AGE - 1 if year == FIRST_YEAR else 0
        for age in range(first_age + 1):
            alive = _with_births(rng, alive, int(births * np.exp(-0.07 * age)), age)
        frame, survives = _one_year(rng, world, alive, year)
        years.append(frame)
        alive = _one_year_older(rng, {name: values[survives] for name, values in alive.items()})
    return _in_order(rng, pd.concat(years, ignore_index=True), rows)


def _world(rng: np.random.Generator) -> dict[str, np.ndarray]:
    return {
        "frailty": rng.gamma(1 / FRAILTY_VARIANCE, FRAILTY_VARIANCE, REGIONS),
        "density": rng.normal(size=REGIONS),
        "unemployment": rng.normal(size=(REGIONS, LAST_YEAR - FIRST_YEAR + 1)),
        "industry": rng.normal(0, 0.3, INDUSTRIES),
    }


def _with_births(
    rng: np.random.Generator, alive: dict[str, np.ndarray], size: int, age: int
) -> dict[str, np.ndarray]:
    first = int(alive["firm_id"].max()) + 1 if alive else 0
    born = {
        "firm_id": np.arange(first, first + size, dtype=np.int32),
        "age": np.full(size, age, dtype=np.int16),
        "region": rng.integers(0, REGIONS, size, dtype=np.int32),
        "industry": rng.integers(0, INDUSTRIES, size, dtype=np.int32),
        "in_cluster": (rng.random(size) < 0.35).astype(float),
        "size": rng.normal(0, 0.8, size),
        "productivity": rng.normal(size=size),
        "foreign": (rng.random(size) < 0.05).astype(float),
        "exports": (rng.random(size) < 0.2).astype(float),
        "leverage": rng.normal(size=size),
    }
    return {name: np.concatenate([alive[name], born[name]]) for name in born} if alive else born


def _one_year(
    rng: np.random.Generator, world: dict[str, np.ndarray], alive: dict[str, np.ndarray], year: int
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return a year's rows and which firms go on to the next."""
    rows = dict(alive)
    rows["density"] = world["density"][alive["region"]] + 0.02 * (year - FIRST_YEAR)
    rows["unemployment"] = world["unemployment"][alive["region"], year - FIRST_YEAR]
    covariates = np.column_stack([rows[name] for name in COVARIATES])
    level = (
        np.log(BY_AGE[alive["age"]] * world["frailty"][alive["region"]])
        + world["industry"][alive["industry"]]
    )
    effects = covariates @ np.column_stack([CLOSURE, MERGER, ABROAD])
    hazards = np.exp(level[:, None] + CAUSE_LEVELS + effects)
    total = hazards.sum(axis=1)
    exits = rng.random(len(total)) < -np.expm1(-total)
    drawn = rng.random(len(total)) * total
    cause = 1 + (drawn > hazards[:, 0]) + (drawn > hazards[:, 0] + hazards[:, 1])
    frame = pd.DataFrame({name: rows[name] for name in ("firm_id", "region", "industry", *COVARIATES)})
    frame["start"] = alive["age"].astype(float)
    frame["stop"] = frame["start"] + 1.0
    frame["cause"] = np.where(exits, cause, 0).astype(np.int8)
    frame["year"] = np.int16(year)
    survives = ~exits & (alive["age"] < MOST_AGE - 1) & (rng.random(len(total)) > LOST)
    return frame, survives


def _one_year_older(rng: np.random.Generator, alive: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    size = len(alive["age"])
    older = dict(alive)
    older["age"] = alive["age"] + np.int16(1)
    older["in_cluster"] = np.maximum(alive["in_cluster"], rng.random(size) < 0.02)
    older["size"] = alive["size"] + rng.normal(0.02, 0.15, size)
    older["productivity"] = 0.8 * alive["productivity"] + rng.normal(0, 0.6, size)
    older["exports"] = np.where(rng.random(size) < 0.05, 1 - alive["exports"], alive["exports"])
    older["leverage"] = 0.7 * alive["leverage"] + rng.normal(0, 0.71, size)
    return older


def _in_order(rng: np.random.Generator, frame: pd.DataFrame, rows: int) -> pd.DataFrame:
    """Give firms numbers in random order, so that the first rows hold all cohorts, and sort by them."""
    numbers = rng.permutation(int(frame["firm_id"].max()) + 1).astype(np.int32)
    frame["firm_id"] = numbers[frame["firm_id"]]
    order = np.argsort(
        frame["firm_id"].to_numpy().astype(np.int64) * 100 + frame["start"].to_numpy(), kind="stable"
    )
    if len(order) < rows:
        raise ValueError(f"only {len(order)} rows were simulated, {rows} are wanted")
    return frame.iloc[order[:rows]].reset_index(drop=True)
