"""The sites of simulated firms and the addresses a register has for them, some of them wrong."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from clusterpanel.simulate.bureau_files import decimal_texts, with_gaps
from clusterpanel.simulate.country import Floats, Ints
from clusterpanel.simulate.economy import (
    MISSING_EMPLOYEES_SHARE,
    MISSING_PLACE_SHARE,
    MISSING_POSTCODE_SHARE,
    MISSING_STREET_SHARE,
    SECOND_SITE_EMPLOYMENT_SHARE,
    SECOND_SITE_SHARE,
    SPACED_POSTCODE_SHARE,
    UPPERCASE_PLACE_SHARE,
)
from clusterpanel.simulate.lives import Choices
from clusterpanel.simulate.names import STREETS, firm_codes, industry_codes, place_names, postcodes
from clusterpanel.simulate.world import World


@dataclass(frozen=True)
class Sites:
    """Site-years: number of the site, firm, year, postcode (all whole numbers) and persons employed."""

    site: Ints
    firm: Ints
    year: Ints
    postcode: Ints
    employees: Floats


def draw_sites(world: World, rng: np.random.Generator) -> Sites:
    """Give every firm a site, a new one after each move, and some firms a lesser second one in no cluster."""
    firm, year = world.firm, world.year
    postcode = world.lives.postcode[firm, year]
    employees = world.outcomes.employment[firm, year]
    starts = np.append(True, (firm[1:] != firm[:-1]) | (postcode[1:] != postcode[:-1]))
    main = np.cumsum(starts) - 1
    has_second = rng.random(len(world.lives.entry)) < SECOND_SITE_SHARE
    second_number = main[-1] + np.cumsum(has_second)
    second_postcode = Choices.of(world.country.outside).draw(world.lives.industry, rng)
    splits = has_second[firm]
    share = np.where(splits, 1 - SECOND_SITE_EMPLOYMENT_SHARE, 1.0)
    return Sites(
        site=np.concatenate([main, second_number[firm[splits]]]),
        firm=np.concatenate([firm, firm[splits]]),
        year=np.concatenate([year, year[splits]]),
        postcode=np.concatenate([postcode, second_postcode[firm[splits]]]),
        employees=np.concatenate([employees * share, employees[splits] * SECOND_SITE_EMPLOYMENT_SHARE]),
    )


def sites_file(world: World, rng: np.random.Generator) -> pa.Table:
    """Return sites.csv: one row per site and year, by year, as a bureau would have typed it."""
    sites = draw_sites(world, rng)
    order = np.lexsort((sites.site, sites.year))
    country, dials = world.country, world.dials
    written = _misplace(sites, len(country.latitude), dials.location_error, rng)[order]
    site, firm = sites.site[order], sites.firm[order]
    place = country.place[sites.postcode[order]]
    industry = world.lives.industry[firm]
    return pa.table(
        {
            "site_id": _site_codes(int(site.max()) + 1).take(pa.array(site)),
            "year": pa.array(sites.year[order] + dials.first_year),
            "firm_id": firm_codes(np.arange(len(world.lives.entry))).take(pa.array(firm)),
            "nace": industry_codes(dials.industry_count).take(pa.array(industry)),
            "street": with_gaps(_streets(site), MISSING_STREET_SHARE, rng),
            "postcode": with_gaps(_typed_postcodes(world, written, rng), MISSING_POSTCODE_SHARE, rng),
            "place": with_gaps(_typed_places(world, place, rng), MISSING_PLACE_SHARE, rng),
            "employees": with_gaps(
                decimal_texts(sites.employees[order], 2, comma=True), MISSING_EMPLOYEES_SHARE, rng
            ),
        }
    )


def _misplace(sites: Sites, postcodes_in_all: int, share: float, rng: np.random.Generator) -> Ints:
    """Return the postcodes as registered: a wrong one stays wrong until the firm moves."""
    number = int(sites.site.max()) + 1
    is_wrong = rng.random(number) < share
    # A step from the true postcode that is never a whole round, so that a wrong one is never right by chance.
    step = rng.integers(1, postcodes_in_all, number) * is_wrong
    registered: Ints = (sites.postcode + step[sites.site]) % postcodes_in_all
    return registered


def _site_codes(sites: int) -> pa.Array:
    return pa.array([f"SIMSITE{number + 1:08d}" for number in range(sites)])


def _streets(site: Ints) -> pa.Array:
    street = pa.array(STREETS).take(pa.array(site % len(STREETS)))
    return pc.binary_join_element_wise(street, pc.cast(pa.array(1 + site % 97), pa.string()), " ")


def _typed_postcodes(world: World, postcode: Ints, rng: np.random.Generator) -> pa.Array:
    plain = postcodes(world.country)
    spaced = pc.binary_join_element_wise(
        pc.utf8_slice_codeunits(plain, 0, 2), pc.utf8_slice_codeunits(plain, 2), " "
    )
    is_spaced = pa.array(rng.random(len(postcode)) < SPACED_POSTCODE_SHARE)
    return pc.if_else(is_spaced, spaced.take(pa.array(postcode)), plain.take(pa.array(postcode)))


def _typed_places(world: World, place: Ints, rng: np.random.Generator) -> pa.Array:
    plain = place_names(world.country)
    is_upper = pa.array(rng.random(len(place)) < UPPERCASE_PLACE_SHARE)
    return pc.if_else(is_upper, pc.utf8_upper(plain).take(pa.array(place)), plain.take(pa.array(place)))
