"""What simulated firms pay, sell and employ: a predictor that is the truth, and noise around it."""

from dataclasses import dataclass

import numpy as np

from clusterpanel.simulate.country import Country, Floats
from clusterpanel.simulate.dials import Dials
from clusterpanel.simulate.economy import (
    ABILITY_GROWTH,
    ABILITY_REVENUE,
    ABILITY_WAGE,
    EMPLOYMENT_LOG_MEAN_EXCESS,
    GROWTH_AGE,
    GROWTH_INDUSTRY_YEAR_SD,
    GROWTH_NOISE_SD,
    NOISE_PERSISTENCE,
    REVENUE_AGE,
    REVENUE_BASE_LOG,
    REVENUE_INDUSTRY_YEAR_SD,
    REVENUE_NOISE_SD,
    REVENUE_REGION_SD,
    SMALLEST_EMPLOYMENT,
    WAGE_AGE,
    WAGE_BASE_LOG,
    WAGE_INDUSTRY_YEAR_SD,
    WAGE_NOISE_SD,
    WAGE_REGION_SD,
)
from clusterpanel.simulate.lives import Lives


@dataclass(frozen=True)
class Outcome:
    """One outcome of every firm in every year; (firms, years) arrays.

    Attributes
    ----------
    value : array
        What the register shows: predictor and noise.
    predictor : array
        All but the noise.
    left_out : array
        The part of the predictor that neither industry-year effects nor the cluster explain: ability, age,
        region. What it shares with being in a cluster is the true gap between pooled and within estimates.
    """

    value: Floats
    predictor: Floats
    left_out: Floats


@dataclass(frozen=True)
class Outcomes:
    """The outcomes, and employment (persons) that grew by `growth`; (firms, years) arrays."""

    log_wage: Outcome
    log_revenue: Outcome
    growth: Outcome
    employment: Floats


@dataclass(frozen=True)
class OutcomeShape:
    """What moves one outcome, and by how much."""

    base: float
    effect: float
    ability: float
    age: float
    region_sd: float
    industry_year_sd: float
    noise_sd: float
    persistence: float


def shapes_of(dials: Dials) -> tuple[OutcomeShape, OutcomeShape, OutcomeShape]:
    """Return what moves the log wage, log revenue and employment growth."""
    return (
        OutcomeShape(
            base=WAGE_BASE_LOG,
            effect=dials.effect_wage,
            ability=ABILITY_WAGE,
            age=WAGE_AGE,
            region_sd=WAGE_REGION_SD,
            industry_year_sd=WAGE_INDUSTRY_YEAR_SD,
            noise_sd=WAGE_NOISE_SD,
            persistence=NOISE_PERSISTENCE,
        ),
        OutcomeShape(
            base=REVENUE_BASE_LOG,
            effect=dials.effect_revenue,
            ability=ABILITY_REVENUE,
            age=REVENUE_AGE,
            region_sd=REVENUE_REGION_SD,
            industry_year_sd=REVENUE_INDUSTRY_YEAR_SD,
            noise_sd=REVENUE_NOISE_SD,
            persistence=NOISE_PERSISTENCE,
        ),
        OutcomeShape(
            base=0.0,
            effect=dials.effect_growth,
            ability=ABILITY_GROWTH,
            age=GROWTH_AGE,
            region_sd=0.0,
            industry_year_sd=GROWTH_INDUSTRY_YEAR_SD,
            noise_sd=GROWTH_NOISE_SD,
            persistence=0.0,
        ),
    )


def draw_outcomes(dials: Dials, country: Country, lives: Lives, rng: np.random.Generator) -> Outcomes:
    """Draw wages, revenue and employment of every firm in every year, alive or not."""
    wage, revenue, growth = shapes_of(dials)
    log_size = np.log(SMALLEST_EMPLOYMENT) + rng.exponential(EMPLOYMENT_LOG_MEAN_EXCESS, len(lives.entry))
    nothing = np.zeros(len(log_size))
    growth_drawn = _draw_outcome(growth, dials, country, lives, rng, level=nothing)
    return Outcomes(
        log_wage=_draw_outcome(wage, dials, country, lives, rng, level=nothing),
        # Revenue goes with the size at first sight, so that its effect is one number and does not build up.
        log_revenue=_draw_outcome(revenue, dials, country, lives, rng, level=log_size),
        growth=growth_drawn,
        employment=_grow(np.exp(log_size), growth_drawn.value, lives),
    )


def _draw_outcome(
    shape: OutcomeShape,
    dials: Dials,
    country: Country,
    lives: Lives,
    rng: np.random.Generator,
    *,
    level: Floats,
) -> Outcome:
    years = np.arange(dials.years)
    region = _draw_region_effects(shape.region_sd, dials, country, rng)
    industry_year = rng.normal(0, shape.industry_year_sd, (dials.industry_count, dials.years))
    left_out = (
        level[:, None]
        + shape.ability * lives.ability[:, None]
        + shape.age * np.maximum(years - lives.birth[:, None], 0)
        + region[country.region[lives.postcode]]
    )
    predictor = shape.base + industry_year[lives.industry] + shape.effect * lives.in_cluster + left_out
    return Outcome(predictor + _draw_noise(shape, lives, rng), predictor, left_out)


def _draw_region_effects(
    standard_deviation: float, dials: Dials, country: Country, rng: np.random.Generator
) -> Floats:
    """Draw region effects that are orthogonal to where clusters are.

    A region's level then says nothing about its clusters, and neither firms nor movers gain or lose by it on
    the way into one. Without this step a few regions would be confounded with clusters by chance.
    """
    effects = rng.normal(0, standard_deviation, dials.regions)
    tilts = [_region_tilt(country, industry, dials.regions) for industry in range(dials.industry_count)]
    tilt = np.mean(tilts, axis=0)
    if (size := tilt @ tilt) > 0:
        effects -= tilt * (effects @ tilt) / size
    return effects


def _region_tilt(country: Country, industry: int, regions: int) -> Floats:
    inside = np.bincount(country.region[country.inside[industry]], minlength=regions)
    outside = np.bincount(country.region[country.outside[industry]], minlength=regions)
    tilt: Floats = inside / inside.sum() - outside / outside.sum()
    return tilt


def _draw_noise(shape: OutcomeShape, lives: Lives, rng: np.random.Generator) -> Floats:
    """Draw stationary first-order autoregressive noise of one standard deviation."""
    noise = rng.normal(0, shape.noise_sd, lives.postcode.shape)
    fresh = np.sqrt(1 - shape.persistence**2)
    for year in range(1, noise.shape[1]):
        noise[:, year] = shape.persistence * noise[:, year - 1] + fresh * noise[:, year]
    return noise


def _grow(first: Floats, growth: Floats, lives: Lives) -> Floats:
    # The inverse of the Davis-Haltiwanger-Schuh rate 2 (e1 - e0) / (e1 + e0).
    factor = (2 + growth) / (2 - growth)
    years = np.arange(growth.shape[1])
    factor = np.where(years > lives.entry[:, None], factor, 1.0)
    employment: Floats = first[:, None] * np.cumprod(factor, axis=1)
    return employment
