"""How each firm began: founded new, or an older firm in another form."""

import ibis
import ibis.expr.types as ir

from clusterpanel.panel.spells import UNKNOWN

NEW = "new"


def with_origins(rows: ir.Table) -> ir.Table:
    """Add `origin` and `is_true_birth`, the same in all rows of a firm.

    The register's word comes first, then what workers' moves tell, then that the register names a parent. A
    firm that entered in a year with recorded moves, none of them large enough to link it to another firm, is
    new. Of all others the origin is unknown, and is_true_birth is missing. Only new firms are true births,
    after Eurostat and OECD (2007), who count no split-off, merger or change of identity as one.
    """
    firm = ibis.window(group_by="firm_id")
    is_seen_new = (rows.is_entry & rows.has_flows.fill_null(False)).any().over(firm)
    origin = ibis.cases(
        (rows.origin.nullif(UNKNOWN).notnull(), rows.origin),
        (rows.found_origin.notnull(), rows.found_origin),
        (rows.parent_firm_id.notnull(), "spin_off"),
        (is_seen_new, NEW),
        else_=UNKNOWN,
    )
    rows = rows.mutate(origin=origin)
    return rows.mutate(is_true_birth=ibis.cases((rows.origin != UNKNOWN, rows.origin == NEW)))
