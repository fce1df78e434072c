"""How long each firm is followed: entry, exit and why, censoring, age."""

import ibis
import ibis.expr.types as ir

from clusterpanel.spec.study import CensorRule, EntryFlag, PanelSpec

UNKNOWN = "unknown"
RENAMED = "renamed"


def with_last_followed_year(rows: ir.Table, rules: tuple[CensorRule, ...]) -> ir.Table:
    """Add `follow_until` (null without a rule) and `seen_until`, the last year of the firm's rows.

    A rule covers a firm if any of its rows holds one of the rule's values in every column the rule names; of
    several rules the earliest ends the following.
    """
    firm = ibis.window(group_by="firm_id")
    limits = [ibis.cases((_matches(rows, rule), ibis.literal(rule.after_year, "int32"))) for rule in rules]
    earliest = ibis.least(*limits) if len(limits) > 1 else (limits[0] if limits else ibis.null("int32"))
    rows = rows.mutate(row_limit=earliest)
    return rows.mutate(
        follow_until=rows.row_limit.min().over(firm), seen_until=rows.year.max().over(firm)
    ).drop("row_limit")


def _matches(rows: ir.Table, rule: CensorRule) -> ir.BooleanValue:
    conditions = [rows[column].cast("string").isin(values) for column, values in rule.where.items()]
    return ibis.and_(*conditions)


def is_followed(rows: ir.Table) -> ir.BooleanColumn:
    """Say of each row whether its firm is still followed in its year."""
    return rows.follow_until.isnull() | (rows.year <= rows.follow_until)


def with_spells(rows: ir.Table, spec: PanelSpec) -> ir.Table:
    """Add is_entry, is_exit, exit_cause, is_censored, age (years) and is_birth_known to followed rows.

    A firm exits in the last year it is seen, unless that is the study's last year, a rule ended the following
    there, or its workers show that it goes on under another identifier: then it is censored, and in that row
    is_exit is null, since the year after is not seen. A firm seen again after a gap has not exited before it,
    and a renamed firm has not entered. The register's cause comes before what workers' moves tell.
    """
    firm = ibis.window(group_by="firm_id")
    rows = rows.mutate(first_seen=rows.year.min().over(firm), last_seen=rows.year.max().over(firm))
    is_last = rows.year == rows.last_seen
    # Rows dropped by a rule prove that the firm lived on after the last row that is left.
    is_cut = ((rows.follow_until == rows.last_seen) | (rows.seen_until > rows.last_seen)).fill_null(False)
    cause = ibis.coalesce(rows.death_cause.nullif(UNKNOWN), rows.found_end, UNKNOWN)
    is_end = is_last & (rows.last_seen < spec.last_year) & ~is_cut & (cause != RENAMED)
    is_censored = is_last & ~is_end
    is_born_then = rows.birth_year.isnull() | (rows.birth_year == rows.year)
    is_new_here = ibis.coalesce(rows.origin.nullif(UNKNOWN), rows.found_origin, UNKNOWN) != RENAMED
    age = rows.year - rows.birth_year
    return rows.mutate(
        is_entry=(rows.year == rows.first_seen) & (rows.year > spec.first_year) & is_born_then & is_new_here,
        is_exit=ibis.cases((~is_censored, is_end)),
        exit_cause=ibis.cases((is_end, cause)),
        is_censored=is_censored,
        age=ibis.cases((age >= 0, age)).cast("int32"),
        is_birth_known=rows.birth_year.notnull(),
    )


def with_flags(rows: ir.Table, flags: tuple[EntryFlag, ...]) -> ir.Table:
    """Add a yes/no column per flag, the same in all rows of a firm: it entered in one of the flag's years."""
    firm = ibis.window(group_by="firm_id")
    return rows.mutate(
        **{flag.name: (rows.is_entry & rows.year.isin(flag.entry_years)).any().over(firm) for flag in flags}
    )
