"""How well sites were placed: by year, by region, and the faults found in supplied coordinates."""

from dataclasses import dataclass
from typing import Any

from clusterpanel.engine.sql import duckdb_session
from clusterpanel.registry.registry import Registry
from clusterpanel.report.digits import listed, percent, whole
from clusterpanel.report.disclosure import hidden_cells, is_few
from clusterpanel.report.exhibits import Exhibit, Section
from clusterpanel.report.tables import SUPPRESSED, Table, TableColumn, table_of

FATES = {
    "supplied": "came with a sound point",
    "matched": "were matched to one place",
    "tie": "match several places equally well and have no point",
    "unmatched": "match no place",
    "rejected": "came with a point that fails a hard rule",
}
STATUSES = tuple(FATES)
REGIONS_SHOWN = 15
REST = "all other regions"
ROUNDING = 0.001
WORDS = (
    "The tables give these shares by year and by region; precision is the median distance within which a "
    "placed site lies."
)
COUNTS = """
    SELECT {part} AS part, {status} AS status, count(*) AS sites, count(DISTINCT firm_id) AS firms,
           median(precision_m) AS precision_m
    FROM read_parquet($points)
    JOIN (SELECT site_id, year, firm_id FROM read_parquet($sites)) USING (site_id, year)
    GROUP BY ALL ORDER BY ALL
"""


@dataclass(frozen=True)
class PlacedSites:
    """Counts of placed sites, by distinct firm, from a geocoded registry's files."""

    files: dict[str, str]

    def query(self, text: str) -> list[tuple[Any, ...]]:
        """Return the rows of SQL that reads ``$points`` and ``$sites``."""
        with duckdb_session() as connection:
            rows: list[tuple[Any, ...]] = connection.execute(text, self.files).fetchall()
            return rows

    def count(self, part: str, status: str) -> list[tuple[Any, ...]]:
        """Return rows of part, status, sites, firms, median precision (m), for two SQL expressions."""
        return self.query(COUNTS.format(part=part, status=status))


def geocoding_section(registry: Registry, minimum_firms: int) -> Section:
    """Return the section on geocoding; a sentence alone where nothing was geocoded."""
    if not registry.tables.has("site_points"):
        return Section("geocoding", "Geocoding", ("No site was placed on the map.",))
    placed = placed_sites(registry)
    years = quality_table(placed, "year", "year", minimum_firms)
    regions = quality_table(placed, "coalesce(region_code, 'unknown')", "region", minimum_firms)
    shown = largest_regions(placed, regions, minimum_firms) or regions
    exhibits = [
        Exhibit("geocoding_by_year", "By year", table=years, page_table=used_statuses(years), is_folded=True),
        Exhibit(
            "geocoding_by_region", "By region", table=regions, page_table=used_statuses(shown), is_folded=True
        ),
    ]
    if registry.tables.has("coordinate_faults"):
        exhibits.append(faults_exhibit(registry, minimum_firms))
    return Section("geocoding", "Geocoding", (placed_sentence(placed, minimum_firms), WORDS), tuple(exhibits))


def placed_sentence(placed: PlacedSites, minimum_firms: int) -> str:
    """Return what share of site-years got a point, and how."""
    rows = {status: (sites, firms) for _, status, sites, firms, _ in placed.count("1", "status")}
    total = sum(sites for sites, _ in rows.values())
    counts = [(status, *rows.get(status, (0, 0))) for status in STATUSES]
    shares = [
        f"{'a few' if is_few(firms, minimum_firms) else _part(sites, total)} {FATES[status]}"
        for status, sites, firms in counts
        if sites
    ]
    return f"Of {whole(total)} site-years, {listed(shares)}."


def _part(sites: int, total: int) -> str:
    share = percent(sites / total)
    return "nearly all" if sites < total and share == percent(1.0) else share


def used_statuses(table: Table) -> Table:
    """Return the table without the statuses that no site has."""
    kept = [
        position
        for position, column in enumerate(table.columns)
        if column.name not in STATUSES or any(row[position] for row in table.rows)
    ]
    columns = tuple(table.columns[position] for position in kept)
    rows = tuple(tuple(row[position] for position in kept) for row in table.rows)
    return Table(columns, rows, table.notes)


def placed_sites(registry: Registry) -> PlacedSites:
    """Return the counter of a geocoded registry's sites."""
    files = {"points": registry.tables.path_of("site_points"), "sites": registry.tables.path_of("sites")}
    return PlacedSites({name: str(path) for name, path in files.items()})


def quality_table(placed: PlacedSites, part: str, label: str, minimum_firms: int) -> Table:
    """Return sites, firms, shares by status and precision of each part; parts with few firms are hidden.

    Parameters
    ----------
    placed : PlacedSites
    part : str
        The SQL expression that parts the sites.
    label : str
        What a part is called: year or region.
    minimum_firms : int
    """
    totals = placed.count(part, "'all'")
    by_status: dict[Any, dict[str, tuple[int, int]]] = {row[0]: {} for row in totals}
    for value, status, sites, firms, _ in placed.count(part, "status"):
        by_status[value][status] = (sites, firms)
    hidden = hidden_cells([row[3] for row in totals], minimum_firms)
    records = [
        {label: row[0], **_quality(row, by_status[row[0]], is_hidden, minimum_firms)}
        for row, is_hidden in zip(totals, hidden, strict=True)
    ]
    return table_of(_quality_columns(label), records, _suppression_note(records, minimum_firms))


def largest_regions(placed: PlacedSites, regions: Table, minimum_firms: int) -> Table | None:
    """Return the table with the largest regions and the rest as one; nothing if all regions fit."""
    if len(regions.rows) <= REGIONS_SHOWN + 1:
        return None
    sizes = [(-sites, region) for region, sites, *_ in regions.rows if isinstance(sites, int)]
    kept = [region for _, region in sorted(sizes)[:REGIONS_SHOWN]]
    names = ", ".join("'" + str(region).replace("'", "''") + "'" for region in kept)
    part = (
        f"CASE WHEN coalesce(region_code, 'unknown') IN ({names}) THEN coalesce(region_code, "
        f"'unknown') ELSE '{REST}' END"
    )
    table = quality_table(placed, part, "region", minimum_firms)
    rows = sorted(table.rows, key=lambda row: kept.index(row[0]) if row[0] in kept else len(kept))
    note = (
        f"The {whole(len(regions.rows) - len(kept))} other regions are summed here and listed in "
        "geocoding_by_region.csv."
    )
    return Table(table.columns, tuple(rows), (*table.notes, note))


def faults_exhibit(registry: Registry, minimum_firms: int) -> Exhibit:
    """Return the faults that the coordinate linter found, by rule."""
    columns = (
        TableColumn("rule", "Rule"),
        TableColumn("sites", "Sites", "whole"),
        TableColumn("firms", "Firms", "whole"),
    )
    records = [
        row | ({"sites": SUPPRESSED, "firms": SUPPRESSED} if is_few(row["firms"], minimum_firms) else {})
        for row in registry.read("coordinate_faults").to_pylist()
    ]
    records.sort(key=lambda row: str(row["rule"]))
    if not records:
        return Exhibit(
            "coordinate_faults", "Faults in coordinates", "No fault was found.", table_of(columns, [])
        )
    table = table_of(columns, records, _suppression_note(records, minimum_firms))
    return Exhibit("coordinate_faults", "Faults in coordinates", table=table)


def _quality(
    total: tuple[Any, ...], statuses: dict[str, tuple[int, int]], is_hidden: bool, minimum_firms: int
) -> dict[str, Any]:
    names = ("sites", "firms", *STATUSES, "precision_m")
    if is_hidden:
        return dict.fromkeys(names, SUPPRESSED)
    _, _, sites, firms, precision = total
    counts = [statuses.get(status, (0, 0)) for status in STATUSES]
    hidden = [is_few(count[1], minimum_firms) for count in counts]
    unseen = sum(count[0] for count, h in zip(counts, hidden, strict=True) if h)
    # A share of few sites among very many is less than the rounding of the other shares, so it stays unknown.
    if unseen >= ROUNDING * sites:
        hidden = hidden_cells([count[1] for count in counts], minimum_firms)
    shares = [
        SUPPRESSED if h else round(count[0] / sites, 3) for count, h in zip(counts, hidden, strict=True)
    ]
    return dict(zip(names, (sites, firms, *shares, precision), strict=True))


def _quality_columns(label: str) -> tuple[TableColumn, ...]:
    return (
        TableColumn(label, label.capitalize(), "year" if label == "year" else "code"),
        TableColumn("sites", "Sites", "whole"),
        TableColumn("firms", "Firms", "whole"),
        *(TableColumn(status, status.capitalize(), "percent") for status in STATUSES),
        TableColumn("precision_m", "Precision (m)", "whole"),
    )


def _suppression_note(records: list[dict[str, Any]], minimum_firms: int) -> tuple[str, ...]:
    is_hidden = any(value is SUPPRESSED for record in records for value in record.values())
    return (suppression_note(minimum_firms),) if is_hidden else ()


def suppression_note(minimum_firms: int) -> str:
    """Return the sentence that explains the sign of a hidden cell."""
    return (
        f"•: not shown, as fewer than {minimum_firms} firms stand behind the cell "
        "or behind one that could be worked out from it."
    )
