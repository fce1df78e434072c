"""Simulated firm panels for the benchmarks: unbalanced, few movers, exposure goes with the firm effect."""

import numpy as np
import pandas as pd

YEARS, REGIONS, INDUSTRIES = 15, 350, 60
MOVER_SHARE = 0.05


def simulate_panel(rows: int, seed: int = 1) -> pd.DataFrame:
    """Return about `rows` simulated firm-years, sorted by firm and year.

    Firms enter over 15 years and live 6 years on average; one in twenty moves once, mostly to a neighbouring
    region; regions and industries are of very unequal size.
    """
    rng = np.random.default_rng(seed)
    firms = int(rows / 5.9) + 10
    entry = np.where(rng.random(firms) < 0.35, 0, rng.integers(0, YEARS, firms))
    years = np.minimum(rng.geometric(0.09, firms), YEARS - entry)
    firm = np.repeat(np.arange(firms), years)
    place = np.arange(len(firm)) - np.repeat(np.cumsum(years) - years, years)
    year = np.repeat(entry, years) + place
    region = _regions(rng, years, firm, place)
    industry = rng.choice(INDUSTRIES, firms, p=_shares(rng, INDUSTRIES))[firm]
    skill = rng.normal(size=firms)
    frame = pd.DataFrame(
        {
            "firm_id": np.char.mod("F%08d", np.arange(firms))[firm],
            "year": year + 2000,
            "region_code": np.char.mod("R%03d", np.arange(REGIONS))[region],
            "industry_code": np.char.mod("%02d.10", np.arange(INDUSTRIES))[industry],
        }
    )
    starts = rng.integers(1, YEARS, firms)
    joins = rng.random(firms) < 1 / (1 + np.exp(-(skill - 0.5)))
    frame["in_cluster"] = joins[firm] & (year >= starts[firm])
    for name in ("size", "capital", "exports", "patents"):
        frame[name] = 0.4 * skill[firm] + rng.normal(size=len(firm))
    trend = rng.normal(0, 0.2, (INDUSTRIES, YEARS)).cumsum(axis=1)
    level = rng.normal(0, 0.3, REGIONS)
    index = 0.1 * frame["in_cluster"] + 0.1 * frame["size"] - 0.2 * frame["capital"] + level[region]
    frame["log_wage"] = index + skill[firm] + trend[industry, year] + rng.normal(0, 0.5, len(firm))
    hazard = -np.expm1(-np.exp(-2.6 - 0.3 * frame["in_cluster"] + 0.2 * frame["size"] + 0.5 * level[region]))
    frame["is_exit"] = rng.random(len(firm)) < hazard
    return frame.iloc[:rows]


def _shares(rng: np.random.Generator, size: int) -> np.ndarray:
    weights = rng.permutation(1 / (np.arange(size) + 4.0) ** 0.9)
    return weights / weights.sum()


def _regions(rng: np.random.Generator, years: np.ndarray, firm: np.ndarray, place: np.ndarray) -> np.ndarray:
    shares = _shares(rng, REGIONS)
    first = rng.choice(REGIONS, len(years), p=shares)
    near = (first + rng.choice([-2, -1, 1, 2], len(years))) % REGIONS
    second = np.where(rng.random(len(years)) < 0.8, near, rng.choice(REGIONS, len(years), p=shares))
    move = np.where(
        rng.random(len(years)) < MOVER_SHARE,
        1 + rng.integers(0, YEARS, len(years)) % np.maximum(years, 1),
        YEARS,
    )
    return np.where(place >= move[firm], second[firm], first[firm])
