"""Simulated firm-years in memory: what a panel shows and what nobody sees, side by side."""

import numpy as np
import pyarrow as pa

from clusterpanel.simulate.country import Floats, Ints
from clusterpanel.simulate.dials import Dials
from clusterpanel.simulate.lives import Bools
from clusterpanel.simulate.names import firm_codes, industry_codes, region_codes
from clusterpanel.simulate.world import World, draw_world


def simulate_firm_years(dials: Dials) -> pa.Table:
    """Simulate firm-years without files: the truth itself, no misplaced address, nothing missing.

    Parameters
    ----------
    dials : Dials
        ``location_error`` has no part in it, since it is a fault of files.

    Returns
    -------
    Table
        One row per firm_id and year, sorted. As in a panel: industry_code, region_code, age, is_exit,
        in_cluster, employment, growth_dhs (null in a firm's first year), log_wage_crowns and
        log_revenue_crowns. Seen by nobody: ability, the predictors log_wage_true, log_revenue_true,
        growth_true and log_hazard_true, and their parts log_wage_left_out, log_revenue_left_out and
        growth_left_out, which are neither industry-year effects nor the cluster's.
    """
    return firm_year_table(draw_world(dials))


def firm_year_table(world: World) -> pa.Table:
    """Return the firm-years of a world; the columns are those of `simulate_firm_years`."""
    lives, outcomes, firm, year = world.lives, world.outcomes, world.firm, world.year
    return pa.table(
        {
            **_keys(world),
            "age": pa.array(year - lives.birth[firm], pa.int32()),
            "is_exit": pa.array(lives.is_exit[firm] & _is_last(world)),
            "in_cluster": pa.array(lives.in_cluster[firm, year]),
            "employment": pa.array(outcomes.employment[firm, year]),
            "growth_dhs": pa.array(outcomes.growth.value[firm, year], mask=year == lives.entry[firm]),
            "log_wage_crowns": pa.array(outcomes.log_wage.value[firm, year]),
            "log_revenue_crowns": pa.array(outcomes.log_revenue.value[firm, year]),
            "ability": pa.array(lives.ability[firm]),
            "log_wage_true": pa.array(outcomes.log_wage.predictor[firm, year]),
            "log_revenue_true": pa.array(outcomes.log_revenue.predictor[firm, year]),
            "growth_true": pa.array(outcomes.growth.predictor[firm, year]),
            "log_hazard_true": pa.array(lives.log_hazard[firm, year]),
            "log_wage_left_out": pa.array(outcomes.log_wage.left_out[firm, year]),
            "log_revenue_left_out": pa.array(outcomes.log_revenue.left_out[firm, year]),
            "growth_left_out": pa.array(outcomes.growth.left_out[firm, year]),
        }
    )


def projected_gap(left_out: Floats, in_cluster: Floats, group: Ints) -> float:
    """Return what firms in clusters have of `left_out` beyond others of their group (industry and year).

    It is the slope of `left_out` on `in_cluster` after group means are taken out of both: exactly what a
    pooled estimate with effects for `group` mistakes for an effect of the cluster (omitted-variable formula).
    """
    _, number = np.unique(group, return_inverse=True)
    size = np.bincount(number)
    centred = in_cluster - (np.bincount(number, in_cluster) / size)[number]
    return float(centred @ left_out / (centred @ in_cluster))


def _keys(world: World) -> dict[str, pa.Array]:
    dials, lives = world.dials, world.lives
    region = world.country.region[lives.postcode[world.firm, world.year]]
    industry = lives.industry[world.firm]
    return {
        "firm_id": firm_codes(np.arange(len(lives.entry))).take(pa.array(world.firm)),
        "year": pa.array(world.year + dials.first_year, pa.int32()),
        "industry_code": industry_codes(dials.industry_count).take(pa.array(industry)),
        "region_code": region_codes(dials.regions).take(pa.array(region)),
    }


def _is_last(world: World) -> Bools:
    is_last: Bools = np.append(world.firm[1:] != world.firm[:-1], True)
    return is_last
