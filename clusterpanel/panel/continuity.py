"""Tell true births and closures from firms that were renamed, split or merged, by where their workers went.

A register gives a new identifier where a firm changes its legal form or its owner. Its workers tell: where
most of a firm's workers come together from one other firm, nobody founded anything (Benedetto, Haltiwanger,
Lane and McKinney 2007, Journal of Business & Economic Statistics 25; Eurostat and OECD 2007, Manual on
Business Demography Statistics).
"""

from collections.abc import Mapping
from pathlib import Path

import ibis
import ibis.expr.types as ir

from clusterpanel.engine.tables import unbound_table
from clusterpanel.spec.study import ContinuityRule

NEEDED = ("sites", "flows")


def firm_links(inputs: Mapping[str, Path], rule: ContinuityRule) -> ir.Table:
    """Return the moves between firms that are large enough to link them.

    A flow of year t joins the origin's staff of year t - 1 with the destination's of year t.

    Parameters
    ----------
    inputs : mapping of str to Path
        Parquet files of ``sites`` and ``flows``, and of ``accounts`` where sites have no employment.
    rule : ContinuityRule

    Returns
    -------
    ibis table
        One row per origin, destination and year: firm_id_from, firm_id, year, workers, share_from and
        share_to (of the staff of either side), is_entering (the destination was not seen before),
        is_ending (the origin is not seen in the year or later).
    """
    sites = unbound_table("sites", inputs["sites"])
    moves = _moves_between_firms(unbound_table("flows", inputs["flows"]), sites)
    moves = moves.filter(moves.workers >= rule.minimum_workers)
    staff, span = _staff(inputs, sites), _span(sites)
    origins = staff.select(firm_id_from="firm_id", year_from=staff.year + 1, staff_from="staff")
    ends = span.select(firm_id_from="firm_id", last_year="last_year")
    rows = moves.inner_join(origins, ["firm_id_from", moves.year == origins.year_from])
    rows = rows.inner_join(ends, "firm_id_from")
    rows = rows.inner_join(staff, ["firm_id", "year"]).inner_join(span.drop("last_year"), "firm_id")
    return rows.select(
        "firm_id_from",
        "firm_id",
        "year",
        "workers",
        share_from=rows.workers / rows.staff_from,
        share_to=rows.workers / rows.staff,
        is_entering=rows.first_year == rows.year,
        is_ending=rows.last_year < rows.year,
    )


def origins_of(links: ir.Table, share: float) -> ir.Table:
    """Return how each firm that took over a workforce began: firm_id, found_origin.

    ``renamed``: one ending firm's workers, most of that firm's and most of this one's. ``split``: most of
    this one's staff, part of an ending firm's. ``spin_off``: most of its staff, from a firm that goes on.
    ``merged``: several ending firms' workforces together are most of this one's.
    """
    entering = links.filter(links.is_entering)
    is_most_here, is_most_there = entering.share_to >= share, entering.share_from >= share
    found = entering.group_by("firm_id").agg(
        is_renamed=(is_most_here & is_most_there & entering.is_ending).any(),
        is_split=(is_most_here & entering.is_ending).any(),
        is_spin_off=is_most_here.any(),
        merged=entering.share_to.sum(where=is_most_there & entering.is_ending),
    )
    origin = ibis.cases(
        (found.is_renamed, "renamed"),
        (found.is_split, "split"),
        (found.is_spin_off, "spin_off"),
        (found.merged >= share, "merged"),
    )
    return found.select("firm_id", found_origin=origin).filter(lambda rows: rows.found_origin.notnull())


def ends_of(links: ir.Table, share: float) -> ir.Table:
    """Return how each firm that handed a workforce on ended: firm_id, found_end.

    ``renamed``: it goes on under another identifier. ``merger``: most of its workers went to one firm that
    has others too. ``split``: most went to entering firms, none of which took most of them.
    """
    ending = links.filter(links.is_ending)
    is_most_there, is_most_here = ending.share_from >= share, ending.share_to >= share
    found = ending.group_by(firm_id="firm_id_from").agg(
        is_renamed=(is_most_there & is_most_here & ending.is_entering).any(),
        is_merged=is_most_there.any(),
        handed_on=ending.share_from.sum(where=ending.is_entering),
    )
    end = ibis.cases(
        (found.is_renamed, "renamed"), (found.is_merged, "merger"), (found.handed_on >= share, "split")
    )
    return found.select("firm_id", found_end=end).filter(lambda rows: rows.found_end.notnull())


def years_with_flows(flows: ir.Table) -> ir.Table:
    """Return the years in which moves were recorded: year, has_flows."""
    return flows.select("year").distinct().mutate(has_flows=True)


def _moves_between_firms(flows: ir.Table, sites: ir.Table) -> ir.Table:
    left = sites.select(origin_site_id="site_id", year_from=sites.year + 1, firm_id_from="firm_id")
    joined = sites.select("year", "firm_id", destination_site_id="site_id")
    rows = flows.inner_join(left, ["origin_site_id", flows.year == left.year_from])
    rows = rows.inner_join(joined, ["destination_site_id", "year"])
    rows = rows.filter(rows.firm_id != rows.firm_id_from)
    return rows.group_by("firm_id_from", "firm_id", "year").agg(workers=_exact_sum(rows.workers))


def _staff(inputs: Mapping[str, Path], sites: ir.Table) -> ir.Table:
    if "employment" in sites.columns:
        whole = sites.group_by("firm_id", "year").agg(staff=_exact_sum(sites.employment))
    else:
        accounts = unbound_table("accounts", inputs["accounts"])
        whole = accounts.select("firm_id", "year", staff="employment")
    return whole.filter(whole.staff > 0)


def _exact_sum(column: ir.Column) -> ir.Column:
    # A parallel sum of floats differs in the last digit from run to run, and a share near the threshold too.
    return column.cast("decimal(18, 3)").sum().cast("float64")


def _span(sites: ir.Table) -> ir.Table:
    return sites.group_by("firm_id").agg(first_year=sites.year.min(), last_year=sites.year.max())
