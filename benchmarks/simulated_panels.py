"""Simulated firm panels for the benchmarks: unbalanced, few movers, exposure goes with the firm effect."""

import numpy as np
import pandas as pd

YEARS, REGIONS, INDUSTRIES = 15, 350, 60
CONTROLS = ("size", "capital", "exports", "patents")


def simulate_panel(rows: int, movers: float = 0.03, seed: int = 1, first_firm: int = 0) -> pd.DataFrame:
    """Return about `rows` simulated firm-years, sorted by firm and year; all labels are whole numbers.

    Firms enter over 15 years and live 6 years on average; a share `movers` of them moves once, mostly to a
    neighbouring region; regions and industries are of very unequal size.
    """
    rng = np.random.default_rng(seed)
    firms = int(rows / 5.9) + 10
    entry = np.where(rng.random(firms) < 0.35, 0, rng.integers(0, YEARS, firms))
    years = np.minimum(rng.geometric(0.09, firms), YEARS - entry)
    firm = np.repeat(np.arange(firms, dtype=np.int32), years)
    place = np.arange(len(firm)) - np.repeat(np.cumsum(years) - years, years)
    year = np.repeat(entry, years) + place
    region = _regions(rng, years, firm, place, movers)
    industry = rng.choice(INDUSTRIES, firms, p=_shares(rng, INDUSTRIES))[firm]
    skill = rng.normal(size=firms)
    frame = pd.DataFrame(
        {
            "firm_id": firm + np.int32(first_firm),
            "year": (year + 2000).astype(np.int32),
            "region_code": region.astype(np.int32),
            "region_year": (region * YEARS + year).astype(np.int32),
            "industry_year": (industry * YEARS + year).astype(np.int32),
        }
    )
    starts = rng.integers(1, YEARS, firms)
    joins = rng.random(firms) < 1 / (1 + np.exp(-(skill - 0.5)))
    frame["in_cluster"] = (joins[firm] & (year >= starts[firm])).astype(np.float64)
    for name in CONTROLS:
        frame[name] = 0.4 * skill[firm] + rng.normal(size=len(firm))
    return _with_outcomes(rng, frame, region, skill[firm], _trend(rng)[industry, year]).iloc[:rows]


def _with_outcomes(
    rng: np.random.Generator, frame: pd.DataFrame, region: np.ndarray, skill: np.ndarray, trend: np.ndarray
) -> pd.DataFrame:
    level = rng.normal(0, 0.3, REGIONS)
    index = 0.1 * frame["in_cluster"] + 0.1 * frame["size"] - 0.2 * frame["capital"] + level[region]
    frame["log_wage"] = index + skill + trend + rng.normal(0, 0.5, len(frame))
    frame["new_products"] = rng.poisson(np.exp(np.clip(0.5 + index + 0.5 * skill + 0.5 * trend, -6, 6)))
    frame["new_products"] = frame["new_products"].astype(np.float64)
    risk = -2.6 - 0.3 * frame["in_cluster"] + 0.2 * frame["size"] + 0.5 * level[region]
    frame["is_exit"] = rng.random(len(frame)) < -np.expm1(-np.exp(risk))
    return frame


def _trend(rng: np.random.Generator) -> np.ndarray:
    return rng.normal(0, 0.2, (INDUSTRIES, YEARS)).cumsum(axis=1)


def _shares(rng: np.random.Generator, size: int) -> np.ndarray:
    weights = rng.permutation(1 / (np.arange(size) + 4.0) ** 0.9)
    return weights / weights.sum()


def _regions(
    rng: np.random.Generator, years: np.ndarray, firm: np.ndarray, place: np.ndarray, movers: float
) -> np.ndarray:
    shares = _shares(rng, REGIONS)
    first = rng.choice(REGIONS, len(years), p=shares)
    near = (first + rng.choice([-2, -1, 1, 2], len(years))) % REGIONS
    second = np.where(rng.random(len(years)) < 0.8, near, rng.choice(REGIONS, len(years), p=shares))
    move = np.where(
        rng.random(len(years)) < movers,
        1 + rng.integers(0, YEARS, len(years)) % np.maximum(years, 1),
        YEARS,
    )
    return np.where(place >= move[firm], second[firm], first[firm])
