"""How well the addresses were matched, and what was wrong with the coordinates: the tables of the report."""

from typing import Final

import pandas as pd
import pyarrow as pa

from clusterpanel.geocode.coordinates import RULES

QUALITY: Final = pa.schema(
    [
        ("year", pa.int32()),
        ("region_code", pa.string()),
        ("country_code", pa.string()),
        ("status", pa.string()),
        ("match_level", pa.string()),
        ("sites", pa.int64()),
        ("firms", pa.int64()),
        ("median_precision_m", pa.float64()),
    ]
)

FAULTS: Final = pa.schema(
    [
        ("rule", pa.string()),
        ("severity", pa.string()),
        ("sites", pa.int64()),
        ("firms", pa.int64()),
        ("what_to_do", pa.string()),
    ]
)


def quality_table(site_points: pd.DataFrame, firms: "pd.Series[str]") -> pa.Table:
    """Return counts of sites and firms, and the median precision, by year, region, country, status and level.

    Parameters
    ----------
    site_points : DataFrame
        The table ``site_points``.
    firms : Series
        The firm of each row.
    """
    by = ["year", "region_code", "country_code", "status", "match_level"]
    groups = site_points.assign(firm_id=firms.to_numpy()).groupby(by, dropna=False, sort=True)
    table = groups.agg(
        sites=("site_id", "nunique"),
        firms=("firm_id", "nunique"),
        median_precision_m=("precision_m", "median"),
    )
    return pa.Table.from_pandas(table.reset_index(), schema=QUALITY, preserve_index=False)


def fault_table(findings: pd.DataFrame, sites: "pd.Series[str]", firms: "pd.Series[str]") -> pa.Table:
    """Return how many sites and firms broke each rule; a rule nobody broke has a row of zeros.

    Parameters
    ----------
    findings : DataFrame
        One column of bool per rule; rows of the table ``sites``. No row: no coordinates were supplied.
    sites, firms : Series
        The site and the firm of each row.
    """
    rows = [
        {
            "rule": rule.name,
            "severity": rule.severity,
            "sites": sites[findings[rule.name].to_numpy()].nunique(),
            "firms": firms[findings[rule.name].to_numpy()].nunique(),
            "what_to_do": rule.what_to_do,
        }
        for rule in RULES
        if len(findings)
    ]
    return pa.Table.from_pylist(rows, schema=FAULTS)
