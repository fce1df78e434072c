"""The relational steps from registers to panel rows, written once as ibis expressions."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import ibis
import ibis.expr.types as ir

from clusterpanel.engine.firm_blocks import ROWS_PER_BLOCK
from clusterpanel.engine.sample_flow import FlowStep
from clusterpanel.engine.tables import unbound_table, write_query, write_query_in_firm_blocks
from clusterpanel.panel.continuity import ends_of, firm_links, origins_of, years_with_flows
from clusterpanel.panel.count_rows import panel_flow
from clusterpanel.panel.main_site import main_sites
from clusterpanel.panel.origins import with_origins
from clusterpanel.panel.spells import is_followed, with_flags, with_last_followed_year, with_spells
from clusterpanel.panel.transform import (
    with_growth,
    with_lags,
    with_log_counts,
    with_logs,
    with_ratios,
    with_rings,
)
from clusterpanel.spec.columns import panel_columns, ring_columns
from clusterpanel.spec.study import ContinuityRule, PanelSpec, Study

SITE_YEAR = ("site_id", "year")
POINT_COLUMNS = ("country_code", "region_code", "latitude", "longitude", "precision_m", "match_level")
FIRM_YEARS = "firm_years"


def write_firm_years(
    study: Study, inputs: Mapping[str, Path], file: Path, rows_per_block: int = ROWS_PER_BLOCK
) -> tuple[FlowStep, ...]:
    """Write the panel's rows, sorted by firm and year, in row groups that split no firm.

    Parameters
    ----------
    study : Study
    inputs : mapping of str to Path
        Parquet files of ``sites``, ``site_points`` and ``exposure``, of ``firms`` and ``accounts`` where the
        study has them, and of ``flows`` where it has a rule of continuity.
    file : Path
        The Parquet file to write.
    rows_per_block : int
        About how many rows a row group holds.

    Returns
    -------
    tuple of FlowStep
        What became of the rows.
    """
    with TemporaryDirectory(dir=file.parent, prefix=".part-") as scratch:
        joined = Path(scratch) / f"{FIRM_YEARS}.parquet"
        write_query(join_tables(inputs, study.panel), inputs, joined)
        all_inputs = {**inputs, FIRM_YEARS: joined}
        write_query_in_firm_blocks(panel_rows(study, joined), all_inputs, "firm_id", file, rows_per_block)
        return panel_flow(study.panel, all_inputs, file)


def join_tables(inputs: Mapping[str, Path], spec: PanelSpec) -> ir.Table:
    """Return the main site of each firm and year with all that is known of it, beyond censoring too."""
    tables = {name: unbound_table(name, path) for name, path in inputs.items()}
    rows = main_sites(tables["sites"])
    rows = _with(rows, tables["sites"].select(*SITE_YEAR, "industry_code"), SITE_YEAR)
    rows = _with(rows, tables["site_points"].select(*SITE_YEAR, *POINT_COLUMNS), SITE_YEAR)
    rows = _with(rows, tables["exposure"], SITE_YEAR)
    if "firms" in tables:
        rows = _with(rows, tables["firms"], ("firm_id",))
    if "accounts" in tables:
        rows = _with(rows, tables["accounts"], ("firm_id", "year"))
    if spec.continuity:
        rows = _with_continuity(rows, inputs, spec.continuity)
    return with_last_followed_year(_with_unknown(rows), spec.censor)


def _with_continuity(rows: ir.Table, inputs: Mapping[str, Path], rule: ContinuityRule) -> ir.Table:
    """Add what workers' moves tell of each firm's beginning and end, and the years in which any are known."""
    links = firm_links(inputs, rule)
    rows = _with(rows, origins_of(links, rule.share), ("firm_id",))
    rows = _with(rows, ends_of(links, rule.share), ("firm_id",))
    return _with(rows, years_with_flows(unbound_table("flows", inputs["flows"])), ("year",))


def _with(left: ir.Table, right: ir.Table, keys: tuple[str, ...]) -> ir.Table:
    """Join on `keys`, keeping all rows of `left`; where both have a column, the left one stays."""
    new = [name for name in right.columns if name not in left.columns]
    renamed = right.select(*new, **{f"{key}_of_right": right[key] for key in keys})
    matches = [(key, f"{key}_of_right") for key in keys]
    return left.left_join(renamed, matches).drop(*(name for _, name in matches))


def _with_unknown(rows: ir.Table) -> ir.Table:
    """Add what no register told as null columns, and the sites' employment where accounts have none."""
    texts = ("death_cause", "origin", "parent_firm_id", "found_origin", "found_end")
    unknown = {
        "birth_year": ibis.null("int32"),
        "has_flows": ibis.null("boolean"),
        **dict.fromkeys(texts, ibis.null("string")),
    }
    rows = rows.mutate(**{name: null for name, null in unknown.items() if name not in rows.columns})
    if "employment" not in rows.columns and "site_employment" in rows.columns:
        rows = rows.rename(employment="site_employment")
    return rows


def panel_rows(study: Study, joined: Path) -> ir.Table:
    """Return the panel's rows, sorted, over the file that holds `join_tables`."""
    spec = study.panel
    wanted = tuple(panel_columns(study.spec, study.sources, study.cluster_spec))
    rows = unbound_table(FIRM_YEARS, joined)
    rows = with_origins(with_spells(rows.filter(is_followed(rows)), spec))
    rows = with_flags(rows, spec.flags)
    rows = with_rings(with_ratios(rows, spec.ratios), ring_columns(study.cluster_spec))
    counted = [name for name in rows.columns if f"log_{name}" in wanted and name not in spec.logs]
    rows = with_log_counts(with_logs(rows, spec.logs), counted)
    rows = with_lags(with_growth(rows, spec.size), spec.lags)
    return rows.select(*wanted).order_by("firm_id", "year")
