"""The largest clusters of the latest vintage, with the place most of their members name."""

from collections import Counter, defaultdict
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from clusterpanel.clusters.cluster_map import ClusterMap
from clusterpanel.registry.registry import Registry
from clusterpanel.report.disclosure import hidden_cells
from clusterpanel.report.exhibits import Exhibit
from clusterpanel.report.geocoding_tables import suppression_note
from clusterpanel.report.tables import SUPPRESSED, Table, TableColumn, table_of

SHOWN = 15
PLACE_COLUMNS = (("sites", "place"), ("site_points", "region_code"))
COLUMNS = (
    TableColumn("rank", "No.", "whole"),
    TableColumn("cluster_id", "Cluster", "code"),
    TableColumn("place", "Around"),
    TableColumn("industry", "Industry"),
    TableColumn("members", "Members", "whole"),
    TableColumn("firms", "Firms", "whole"),
    TableColumn("area_km2", "Area (km²)", "estimate"),
)


def latest_clusters(clusters: ClusterMap) -> pa.Table:
    """Return the clusters of the latest vintage, largest first."""
    table = clusters.clusters
    if not table.num_rows:
        return table
    latest = table.filter(pc.equal(table.column("vintage"), pc.max(table.column("vintage"))))
    return latest.sort_by([("members", "descending"), ("cluster_id", "ascending")])


def clusters_exhibit(clusters: ClusterMap, registry: Registry, minimum_firms: int) -> Exhibit:
    """Return the table of clusters, the largest on the page and all in the file."""
    table = clusters_table(clusters, registry, minimum_firms)
    shown = Table(table.columns, table.rows[:SHOWN], table.notes)
    more = (
        f"The {SHOWN} largest of {len(table.rows)}; all are in largest_clusters.csv."
        if len(table.rows) > SHOWN
        else ""
    )
    vintages = latest_clusters(clusters).column("vintage")
    title = f"Largest clusters of {vintages[0].as_py()}" if len(vintages) else "Largest clusters"
    return Exhibit("largest_clusters", title, more, table, shown)


def industry_words(industry: str) -> str:
    """Return a cluster industry's name as words; a code stays as it is."""
    return industry.replace("_", " ")


def tidy_place(name: str) -> str:
    """Return a place's name in small letters where a register writes all of it in capitals."""
    return name.title() if name.isupper() and len(name) > 3 else name


def clusters_table(clusters: ClusterMap, registry: Registry, minimum_firms: int) -> Table:
    """Return one row per cluster of the latest vintage; those of few firms are hidden but counted."""
    rows = latest_clusters(clusters).drop_columns(["geometry"]).to_pylist()
    hidden = hidden_cells([row["firms"] for row in rows], minimum_firms)
    shown = [row for row, is_hidden in zip(rows, hidden, strict=True) if not is_hidden]
    places = place_names(clusters, registry, [row["cluster_id"] for row in shown], minimum_firms)
    records: list[dict[str, Any]] = [
        {
            **row,
            "rank": rank,
            "place": places.get(row["cluster_id"]),
            "industry": industry_words(row["industry"]),
        }
        for rank, row in enumerate(shown, start=1)
    ]
    if not any(hidden):
        return table_of(COLUMNS, records)
    rest = {"place": f"{sum(hidden)} clusters of few firms"}
    records.append(rest | dict.fromkeys(("members", "firms", "area_km2"), SUPPRESSED))
    return table_of(COLUMNS, records, (suppression_note(minimum_firms),))


def place_names(
    clusters: ClusterMap, registry: Registry, chosen: list[str], minimum_firms: int
) -> dict[str, str]:
    """Return the place that most member sites of each cluster name, where enough firms name it."""
    members = clusters.members.filter(
        pc.is_in(clusters.members.column("cluster_id"), pa.array(chosen, pa.string()))
    )
    names: dict[str, str] = {}
    for table, column in PLACE_COLUMNS:
        if registry.tables.has(table) and column in registry.tables.read(table, None).column_names:
            found = _most_named(
                members, registry.tables.read(table, ["site_id", "year", column]), column, minimum_firms
            )
            names = found | names
    return names


def _most_named(members: pa.Table, sites: pa.Table, column: str, minimum_firms: int) -> dict[str, str]:
    keys = ["site_id", "year"]
    located = members.rename_columns({"vintage": "year"}).join(sites, keys, join_type="inner")
    firms: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in located.select(["cluster_id", "firm_id", column]).to_pylist():
        if row[column]:
            name = tidy_place(row[column])
            counts[row["cluster_id"]][name] += 1
            firms[row["cluster_id"]][name].add(row["firm_id"])
    best = {cluster: min(c, key=lambda name: (-c[name], name)) for cluster, c in counts.items()}
    return {c: name for c, name in best.items() if len(firms[c][name]) >= minimum_firms}
