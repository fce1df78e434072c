"""Plain words for columns, exposures and comparisons."""

from collections.abc import Collection

from clusterpanel.spec.study import Study

BOOLEAN_PREFIXES = ("in_", "is_", "has_")
LOG_PREFIXES = ("log_", "growth_log")
COMPARISONS = {
    "pooled": "all firms with each other",
    "region": "firms of a region with each other",
    "within": "a firm with itself over time",
}
ESTIMATORS = {
    "ols": "ordinary least squares",
    "cloglog": "complementary log-log hazard model",
    "kaplan_meier": "Kaplan-Meier survival curves",
}


def is_yes_no(column: str) -> bool:
    """Say whether a column holds yes or no, by the naming rule of canonical columns."""
    return column.startswith(BOOLEAN_PREFIXES)


def is_log(column: str) -> bool:
    """Say whether a column is measured in logarithms, so that differences are log points."""
    return column.startswith(LOG_PREFIXES)


def units_of(study: Study) -> frozenset[str]:
    """Return every unit that the study's sources declare."""
    columns = (c for source in study.sources for table in source.tables for c in table.columns)
    return frozenset(column.unit for column in columns if column.unit)


def plain(column: str, units: Collection[str] = ()) -> str:
    """Return a column's name as words: ``log_wage_crowns`` is the wage (crowns)."""
    name = column.removeprefix("log_")
    unit = next((unit for unit in sorted(units, key=len, reverse=True) if name.endswith(f"_{unit}")), "")
    words = name.removesuffix(f"_{unit}").replace("_", " ")
    return f"{words} ({unit.replace('_', ' ')})" if unit else words


def others(comparison: str, region: str) -> str:
    """Return whom a design compares firms with."""
    place = region.removesuffix("_code").replace("_", " ") or "region"
    return {
        "pooled": "other firms",
        "region": f"other firms of the same {place}",
        "within": "the same firms outside one",
    }.get(comparison, "other firms")


def outcome_words(outcome: str, units: Collection[str] = ()) -> str:
    """Return an outcome as the subject of a sentence; a yes or no becomes a rate."""
    if is_yes_no(outcome):
        return f"the yearly rate of {plain(outcome).partition(' ')[2]}"
    return plain(outcome, units)


def titled(column: str, units: Collection[str] = ()) -> str:
    """Return a column's words and, where they differ, its name: log of wage (crowns) · log_wage_crowns."""
    words = f"log of {plain(column, units)}" if column.startswith("log_") else plain(column, units)
    return words if words.replace(" ", "_") == column else f"{words} · {column}"


def group_name(exposure: str, value: object) -> str:
    """Return what a survival curve's group is called, such as firms in a cluster."""
    if exposure == "in_cluster":
        return {"yes": "in a cluster", "no": "not in a cluster"}.get(str(value), str(value))
    return f"{exposure}: {value}"
