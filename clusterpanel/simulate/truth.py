"""The truth saved beside a simulated register: dials, effects, gaps, and what nobody sees of firms."""

import json
from dataclasses import asdict

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from clusterpanel.simulate.country import Country
from clusterpanel.simulate.dials import Dials
from clusterpanel.simulate.economy import ABILITY_GROWTH, ABILITY_HAZARD, ABILITY_REVENUE, ABILITY_WAGE
from clusterpanel.simulate.firm_years import projected_gap
from clusterpanel.simulate.names import industry_codes

TRUTH_COLUMNS = (
    "firm_id",
    "year",
    "industry_code",
    "region_code",
    "in_cluster",
    "ability",
    "log_wage_true",
    "log_revenue_true",
    "growth_true",
    "log_hazard_true",
)


def truth_text(dials: Dials, country: Country, firm_years: pa.Table) -> str:
    """Return truth.json: what was asked, and what estimates of this register are estimates of."""
    truth = {
        "simulated": True,
        "title": "Simulated register: no firm, person or place in it exists",
        "dials": asdict(dials),
        "true_effects": {
            "log_wage_crowns": dials.effect_wage,
            "log_revenue_crowns": dials.effect_revenue,
            "growth_dhs": dials.effect_growth,
            "is_exit": dials.effect_survival,
        },
        "one_sd_of_ability": {
            "log_wage_crowns": ABILITY_WAGE,
            "log_revenue_crowns": ABILITY_REVENUE,
            "growth_dhs": ABILITY_GROWTH,
            "is_exit": ABILITY_HAZARD,
        },
        "true_gaps": true_gaps(firm_years),
        "firm_years": firm_years.num_rows,
        "firms": pc.count_distinct(firm_years["firm_id"]).as_py(),
        "share_in_cluster": round(pc.mean(pc.cast(firm_years["in_cluster"], pa.float64())).as_py(), 6),
        "clusters": _clusters(dials, country),
    }
    return json.dumps(truth, indent=1) + "\n"


def true_gaps(firm_years: pa.Table) -> dict[str, float]:
    """Return what pooled estimates with industry-year effects mistake for the cluster's effect here."""
    wage_revenue = {
        f"log_{name}_crowns": _gap(firm_years, f"log_{name}_left_out") for name in ("wage", "revenue")
    }
    growing = firm_years.filter(pc.is_valid(firm_years["growth_dhs"]))
    return {**wage_revenue, "growth_dhs": _gap(growing, "growth_left_out")}


def truth_table(firm_years: pa.Table) -> pa.Table:
    """Return truth.parquet's rows, marked as simulated in the file's own metadata."""
    return firm_years.select(list(TRUTH_COLUMNS)).replace_schema_metadata({"simulated": "true"})


def _gap(firm_years: pa.Table, left_out: str) -> float:
    industry = pc.dictionary_encode(firm_years["industry_code"]).combine_chunks().indices
    year = firm_years["year"].to_numpy()
    group = industry.to_numpy(zero_copy_only=False) * (int(year.max()) + 1) + year
    in_cluster = firm_years["in_cluster"].to_numpy().astype(np.float64)
    return round(projected_gap(firm_years[left_out].to_numpy(), in_cluster, group), 9)


def _clusters(dials: Dials, country: Country) -> list[dict[str, str | float]]:
    codes = industry_codes(dials.industry_count).to_pylist()
    return [
        {"industry_code": codes[industry], "latitude": latitude, "longitude": longitude}
        for industry, latitude, longitude in zip(
            country.cluster_industry.tolist(),
            country.cluster_latitude.tolist(),
            country.cluster_longitude.tolist(),
            strict=True,
        )
    ]
