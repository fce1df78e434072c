"""One row per firm and year: the firm's main site stands for it."""

import ibis
import ibis.expr.types as ir


def main_sites(sites: ir.Table) -> ir.Table:
    """Choose the main site of each firm and year.

    The main site is the one with the largest employment where that is known, else the one whose identifier
    sorts first, so that the choice never depends on the order of rows.

    Parameters
    ----------
    sites : ibis table
        Canonical ``sites``.

    Returns
    -------
    ibis table
        firm_id, year, site_id (the main site), sites (how many the firm has), and, where sites have it,
        site_employment (persons over all sites of the firm; null if no site's is known).
    """
    if "employment" not in sites.columns:
        return sites.group_by("firm_id", "year").agg(
            site_id=sites.site_id.min(), sites=sites.count().cast("int32")
        )
    largest_first = [ibis.desc(sites.employment, nulls_first=False), ibis.asc(sites.site_id)]
    return sites.group_by("firm_id", "year").agg(
        site_id=sites.site_id.first(order_by=largest_first),
        sites=sites.count().cast("int32"),
        # Summed in a fixed order: a parallel sum of floats would differ in the last digit from run to run.
        site_employment=sites.employment.collect(order_by=sites.site_id).sums(),
    )
