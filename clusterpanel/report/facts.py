"""Study facts: which registers and places, on what terms, and how much they hold."""

from typing import Any

import pyarrow.compute as pc

from clusterpanel.clusters.cluster_map import ClusterMap
from clusterpanel.panel.panel import Panel
from clusterpanel.registry.registry import Registry
from clusterpanel.report.disclosure import require_firms
from clusterpanel.report.exhibits import Exhibit, Section
from clusterpanel.report.tables import Table, TableColumn, table_of
from clusterpanel.spec.study import Study


def is_simulated(study: Study) -> bool:
    """Say whether any source calls itself simulated."""
    return any("simulated" in f"{source.name} {source.title}".casefold() for source in study.sources)


def facts_section(study: Study, registry: Registry, clusters: ClusterMap, panel: Panel) -> Section:
    """Return the section with the sources' terms and the size of the study.

    Raises
    ------
    DisclosureError
        The whole panel holds fewer firms than may be shown.
    """
    sources = Exhibit("sources", "Sources and their terms", table=sources_table(study))
    size = Exhibit("study_size", "Size", table=size_table(study, registry, clusters, panel))
    return Section("facts", "The study in numbers", (), (size, sources))


def sources_table(study: Study) -> Table:
    """Return one row per register, gazetteer, zoning and cluster scheme."""
    columns = (
        TableColumn("kind", "Kind"),
        TableColumn("title", "Title"),
        TableColumn("origin", "Origin"),
        TableColumn("licence", "Licence"),
        TableColumn("vintage", "As of", "year"),
    )
    records = [{"kind": "Register", **_terms(source)} for source in study.sources]
    records += [
        {"kind": place.kind.capitalize(), **_terms(place), "vintage": place.vintage} for place in study.places
    ]
    has_vintage = any(record.get("vintage") for record in records)
    return table_of(columns if has_vintage else columns[:-1], records)


def size_table(study: Study, registry: Registry, clusters: ClusterMap, panel: Panel) -> Table:
    """Return how many years, firms, firm-years, sites and clusters there are."""
    keys = panel.read([panel.firm, panel.time])
    firms = pc.count_distinct(keys.column(panel.firm)).as_py()
    require_firms("the panel", firms, study.spec.report.minimum_firms)
    years = pc.min_max(keys.column(panel.time)).as_py()
    facts: list[tuple[str, Any]] = [
        ("Years in the panel", f"{years['min']}–{years['max']}"),
        ("Firms", firms),
        ("Firm-years", keys.num_rows),
    ]
    if registry.tables.has("sites"):
        sites = registry.tables.read("sites", ["site_id"]).column("site_id")
        facts += [("Sites", pc.count_distinct(sites).as_py()), ("Site-years", len(sites))]
    vintages = clusters.clusters.column("vintage").to_pylist()
    facts += [(f"Clusters drawn in {vintage}", vintages.count(vintage)) for vintage in sorted(set(vintages))]
    rows = [{"fact": fact, "value": value} for fact, value in facts]
    return table_of((TableColumn("fact", "Fact"), TableColumn("value", "Value", "whole")), rows)


def _terms(spec: Any) -> dict[str, Any]:
    return {"title": spec.title, "origin": spec.origin, "licence": spec.licence}
