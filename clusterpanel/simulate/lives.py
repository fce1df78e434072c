"""The lives of simulated firms: birth, ability, place, moves and exit."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from clusterpanel.simulate.country import Country, Floats, Ints
from clusterpanel.simulate.dials import Dials
from clusterpanel.simulate.economy import (
    ABILITY_HAZARD,
    CLUSTER_SHARE,
    HAZARD_AGE_SLOPE,
    HAZARD_BASE,
    HAZARD_INDUSTRY_SD,
    HAZARD_YEAR_SD,
    OLDEST_AT_START_YEARS,
)

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Lives:
    """What happened to each firm in each year (years counted from the first, from 0).

    Attributes
    ----------
    ability : (firms,) array
        Standard normal, fixed for life, seen by nobody.
    industry, birth, entry : (firms,) arrays
        Industry, year of birth (negative: before the first year) and first year in the register.
    is_alive : (firms, years) array
        Whether the firm is in the register.
    is_exit : (firms,) array
        Whether the firm's last year was followed by exit; those alive in the last year are not seen to exit.
    postcode, in_cluster : (firms, years) arrays
        Where the firm's main site is, and whether that is in a cluster of its industry.
    log_hazard : (firms, years) array
        Complementary log-log of the probability that the year is the firm's last.
    """

    ability: Floats
    industry: Ints
    birth: Ints
    entry: Ints
    is_alive: Bools
    is_exit: Bools
    postcode: Ints
    in_cluster: Bools
    log_hazard: Floats


@dataclass(frozen=True)
class Choices:
    """The postcodes a firm of each industry may choose, inside clusters and outside, end to end."""

    postcodes: Ints
    starts: Ints
    counts: Ints

    @classmethod
    def of(cls, parts: tuple[Ints, ...]) -> "Choices":
        """Lay each industry's postcodes end to end."""
        counts = np.array([len(part) for part in parts])
        return cls(np.concatenate(parts), np.cumsum(counts) - counts, counts)

    def draw(self, industry: Ints, rng: np.random.Generator) -> Ints:
        """Return one postcode for each firm, each of its industry's equally likely."""
        step = (rng.random(len(industry)) * self.counts[industry]).astype(np.int64)
        chosen: Ints = self.postcodes[self.starts[industry] + step]
        return chosen


def draw_lives(dials: Dials, country: Country, rng: np.random.Generator) -> Lives:
    """Let firms be born, choose places, move and exit; moves and exits heed ability but never a shock."""
    industry, birth, entry = _draw_births(dials, rng)
    ability = rng.standard_normal(len(entry))
    postcode, in_cluster = _draw_places(dials, country, rng, industry=industry, ability=ability, entry=entry)
    age = np.arange(dials.years) - birth[:, None]
    log_hazard = (
        _baseline(np.maximum(age, 0))
        + rng.normal(0, HAZARD_INDUSTRY_SD, dials.industry_count)[industry, None]
        + rng.normal(0, HAZARD_YEAR_SD, dials.years)
        + dials.effect_survival * in_cluster
        + ABILITY_HAZARD * ability[:, None]
    )
    is_alive, is_exit = _draw_exits(log_hazard, entry, rng)
    return Lives(ability, industry, birth, entry, is_alive, is_exit, postcode, in_cluster, log_hazard)


def _baseline(age: Ints) -> Floats:
    baseline: Floats = HAZARD_BASE + HAZARD_AGE_SLOPE * np.log1p(age)
    return baseline


def _draw_births(dials: Dials, rng: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """Draw firms alive at the start with the ages of a steady state, and each year as many births."""
    hazard = -np.expm1(-np.exp(_baseline(np.arange(OLDEST_AT_START_YEARS))))
    surviving = np.concatenate([[1.0], np.cumprod(1 - hazard)])
    stock = max(round(dials.firm_years / dials.years), 1)
    born_yearly = round(stock / surviving.sum())
    age = rng.choice(len(surviving), size=stock, p=surviving / surviving.sum())
    born = np.repeat(np.arange(1, dials.years), born_yearly)
    birth = np.concatenate([-age, born])
    industry = rng.integers(dials.industry_count, size=len(birth))
    return industry, birth, np.maximum(birth, 0)


def _draw_places(
    dials: Dials, country: Country, rng: np.random.Generator, *, industry: Ints, ability: Floats, entry: Ints
) -> tuple[Ints, Bools]:
    """Choose a place at entry and anew in each year of a move; `sorting` ties the choice to ability."""
    inside, outside = Choices.of(country.inside), Choices.of(country.outside)
    threshold, luck = ndtri(1 - CLUSTER_SHARE), np.sqrt(1 - dials.sorting**2)
    postcode = np.zeros((len(entry), dials.years), dtype=np.int64)
    in_cluster = np.zeros(postcode.shape, dtype=np.bool_)
    for year in range(dials.years):
        if year > 0:
            postcode[:, year], in_cluster[:, year] = postcode[:, year - 1], in_cluster[:, year - 1]
        chooses = (entry == year) | ((entry < year) & (rng.random(len(entry)) < dials.movers))
        who = np.flatnonzero(chooses)
        taste = dials.sorting * ability[who] + luck * rng.standard_normal(len(who))
        goes_in = taste > threshold
        in_cluster[who, year] = goes_in
        postcode[who[goes_in], year] = inside.draw(industry[who[goes_in]], rng)
        postcode[who[~goes_in], year] = outside.draw(industry[who[~goes_in]], rng)
    return postcode, in_cluster


def _draw_exits(log_hazard: Floats, entry: Ints, rng: np.random.Generator) -> tuple[Bools, Bools]:
    years = log_hazard.shape[1]
    dies = rng.random(log_hazard.shape) < -np.expm1(-np.exp(log_hazard))
    dies &= np.arange(years) >= entry[:, None]
    # What follows the last year is not in the register.
    dies[:, -1] = False
    is_exit: Bools = np.any(dies, axis=1)
    last = np.where(is_exit, dies.argmax(axis=1), years - 1)
    year = np.arange(years)
    is_alive: Bools = (year >= entry[:, None]) & (year <= last[:, None])
    return is_alive, is_exit
