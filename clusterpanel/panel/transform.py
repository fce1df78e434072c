"""Columns made of columns: ratios, logs, lags that jump no gap, growth."""

from collections.abc import Iterable

import ibis
import ibis.expr.types as ir

from clusterpanel.spec.study import RatioSpec


def with_ratios(rows: ir.Table, ratios: Iterable[RatioSpec]) -> ir.Table:
    """Add one account divided by another; null where the denominator is 0 or either is unknown."""
    for ratio in ratios:
        numerator, denominator = rows[ratio.numerator], rows[ratio.denominator]
        rows = rows.mutate(**{ratio.name: numerator.cast("float64") / denominator.cast("float64").nullif(0)})
    return rows


def with_logs(rows: ir.Table, columns: Iterable[str]) -> ir.Table:
    """Add ``log_<column>``, the natural logarithm; null where the column is not above 0."""
    return rows.mutate(**{f"log_{name}": log_of_positive(rows[name]) for name in columns})


def with_log_counts(rows: ir.Table, columns: Iterable[str]) -> ir.Table:
    """Add ``log_<column>``, the natural logarithm of 1 + the column, which is 0 where nobody is near."""
    return rows.mutate(**{f"log_{name}": (rows[name].cast("float64") + 1).ln() for name in columns})


def with_rings(rows: ir.Table, rings: Iterable[tuple[str, str, str | None]]) -> ir.Table:
    """Add the count in each ring: that within its outer radius less that within its inner one."""
    return rows.mutate(
        **{name: rows[outer] - rows[inner] if inner else rows[outer] for name, outer, inner in rings}
    )


def with_growth(rows: ir.Table, size: str) -> ir.Table:
    """Add growth of `size` from the year before, as a difference of logs and after Davis and Haltiwanger.

    ``growth_dhs`` is ``(size - before) / ((size + before) / 2)``, within [-2, 2] (Davis, Haltiwanger and
    Schuh 1996, Job Creation and Destruction, eq. 2.3). Both are null at entry and over a gap.
    """
    now = rows[size].cast("float64")
    before = year_before(rows, now)
    is_size = (now >= 0) & (before >= 0) & (now + before > 0)
    return rows.mutate(
        growth_log=log_of_positive(now) - log_of_positive(before),
        growth_dhs=ibis.cases((is_size, (now - before) / (now + before) * 2)),
    )


def with_lags(rows: ir.Table, columns: Iterable[str]) -> ir.Table:
    """Add ``lag_<column>``, the firm's value of the year before; null at entry and over a gap."""
    return rows.mutate(**{f"lag_{name}": year_before(rows, rows[name]) for name in columns})


def year_before(rows: ir.Table, column: ir.Column) -> ir.Column:
    """Return the firm's value of the calendar year before, null if that year has no row."""
    firm = ibis.window(group_by="firm_id", order_by="year")
    return ibis.cases((rows.year.lag(1).over(firm) == rows.year - 1, column.lag(1).over(firm)))


def log_of_positive(column: ir.Column) -> ir.Column:
    """Return the natural logarithm, null where the column is not above 0."""
    return ibis.cases((column > 0, column.cast("float64").ln()))
