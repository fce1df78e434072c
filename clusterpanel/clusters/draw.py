"""Draw the clusters of a study and write them as tables."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from clusterpanel.clusters.cluster_map import ClusterMap
from clusterpanel.clusters.dbscan import draw_by_density
from clusterpanel.clusters.drawn_cluster import DrawnCluster
from clusterpanel.clusters.elsewhere import refuse_elsewhere
from clusterpanel.clusters.flow import drawing_flow
from clusterpanel.clusters.location_quotient import draw_by_location_quotient
from clusterpanel.clusters.points import draw_from_points
from clusterpanel.clusters.polygons import draw_from_polygons
from clusterpanel.clusters.site_years import SiteYears, read_site_years
from clusterpanel.engine.table_folder import TableFolder
from clusterpanel.errors import DataError, Fault, SpecError
from clusterpanel.registry.registry import Registry
from clusterpanel.spec.clusters import DbscanDraw, LocationQuotientDraw, PolygonsDraw
from clusterpanel.spec.faults import listed, nearest
from clusterpanel.spec.study import Study

CLUSTERS_SCHEMA = pa.schema(
    [
        ("cluster_id", pa.string()),
        ("vintage", pa.int32()),
        ("industry", pa.string()),
        ("label", pa.string()),
        ("region_code", pa.string()),
        ("members", pa.int64()),
        ("firms", pa.int64()),
        ("activity", pa.float64()),
        ("area_km2", pa.float64()),
        ("centre_latitude", pa.float64()),
        ("centre_longitude", pa.float64()),
        ("geometry", pa.binary()),
    ]
)
MEMBERS_SCHEMA = pa.schema(
    [
        ("cluster_id", pa.string()),
        ("vintage", pa.int32()),
        ("site_id", pa.string()),
        ("firm_id", pa.string()),
        ("is_core", pa.bool_()),
    ]
)


def draw_clusters(study: Study, registry: Registry, folder: Path | None = None) -> ClusterMap:
    """Draw the clusters of every industry and vintage.

    Parameters
    ----------
    study : Study
        Its ``cluster_spec`` says which industries belong together and what a cluster of them is.
    registry : Registry
        Geocoded: with ``sites`` and ``site_points``.
    folder : Path, optional
        Where ``clusters``, ``members`` and ``sample_flow`` are written; a new temporary folder if none.

    Returns
    -------
    ClusterMap
        Clusters sorted by vintage, industry and identifier. A drawn cluster is called
        ``{industry}-{vintage}-{rank}``, ranked by members, then by the centre's latitude and longitude; a
        supplied one keeps its name in every vintage.

    Raises
    ------
    SpecError
        A vintage has no site, or the spec asks for what the registry does not have.
    DataError, MissingInputError
        No site has a point, or supplied polygons or centres cannot be used or lie far from every site.
    NotIdentifiedError
        No industry has a cluster in any vintage.
    """
    sites = read_site_years(study, registry)
    _check_vintages(study, sites)
    _check_points(registry, sites)
    _check_industries(study, sites)
    named = _named(_drawn(study, sites))
    tables = TableFolder.at(folder)
    tables.write("clusters", _clusters_table(named, sites))
    tables.write("members", _members_table(named, sites))
    tables.write_flow(drawing_flow(study, sites, [cluster for _, cluster in named]))
    return ClusterMap(tables)


def _check_vintages(study: Study, sites: SiteYears) -> None:
    years = np.unique(sites.year)
    faults = [
        Fault("clusters", "vintages", str(vintage), f"a year with sites ({years.min()} to {years.max()})")
        for vintage in study.cluster_spec.vintages
        if len(years) and vintage not in years
    ]
    if faults:
        raise SpecError("clusters are to be drawn in years without sites", faults=faults)


def _check_points(registry: Registry, sites: SiteYears) -> None:
    if (sites.location >= 0).any():
        return
    points = registry.read("site_points")
    counts = pc.value_counts(points.column("reason")).to_pylist() if "reason" in points.column_names else []
    faults = [
        Fault(
            "sites", "", f"{count['counts']:,} rows without a point: {count['values']}", "rows with a point"
        )
        for count in sorted(counts, key=lambda count: (-count["counts"], str(count["values"])))
    ]
    hint = "Compare the sites' country, postcode and place with those of the gazetteer."
    raise DataError("no site has a point, so no cluster can be drawn", hint=hint, faults=faults)


def _check_industries(study: Study, sites: SiteYears) -> None:
    if (sites.industry >= 0).any():
        return
    scheme = study.cluster_spec.industries
    codes = sorted(pc.unique(sites.table.column("industry_code")).drop_null().to_pylist())
    wanted = [code for group in scheme.groups.values() for code in group]
    came = f"{listed(wanted)}, which no site has" if wanted else "none that is not excluded"
    fault = Fault(
        "clusters", "industries", came, f"codes of the sites: {nearest(''.join(wanted[:1]), codes)}"
    )
    hint = "Write the codes as the register does, with their zeros and points."
    raise SpecError("no site is of an industry that clusters are drawn in", hint=hint, faults=[fault])


def _drawn(study: Study, sites: SiteYears) -> list[DrawnCluster]:
    draw = study.cluster_spec.draw
    if isinstance(draw, DbscanDraw):
        return draw_by_density(sites, draw, study.cluster_spec.vintages)
    if isinstance(draw, LocationQuotientDraw):
        return draw_by_location_quotient(study, sites, draw)
    supplied = (
        draw_from_polygons(study, sites, draw)
        if isinstance(draw, PolygonsDraw)
        else draw_from_points(study, sites, draw)
    )
    refuse_elsewhere(draw.file, sites, supplied)
    return supplied


def _named(drawn: list[DrawnCluster]) -> list[tuple[str, DrawnCluster]]:
    """Return the clusters with their identifiers, in the order of the tables."""
    groups: dict[tuple[int, str], list[DrawnCluster]] = {}
    for cluster in drawn:
        groups.setdefault((cluster.vintage, cluster.industry or ""), []).append(cluster)
    named = []
    for (vintage, industry), clusters in sorted(groups.items()):
        ranked = sorted(clusters, key=_rank)
        digits = max(3, len(str(len(ranked))))
        called = [
            (cluster.name or f"{industry}-{vintage}-{rank:0{digits}d}", cluster)
            for rank, cluster in enumerate(ranked, start=1)
        ]
        named += sorted(called, key=lambda pair: pair[0])
    return named


def _rank(cluster: DrawnCluster) -> tuple[int, float, float]:
    """Return what clusters are ranked by; a centimetre of rounding in a centre does not decide."""
    return -len(cluster.rows), round(cluster.centre[0], 7), round(cluster.centre[1], 7)


def _clusters_table(named: list[tuple[str, DrawnCluster]], sites: SiteYears) -> pa.Table:
    rows = [
        {
            "cluster_id": cluster_id,
            "vintage": cluster.vintage,
            "industry": cluster.industry,
            "label": _commonest_place(sites, cluster),
            "region_code": cluster.region_code,
            "members": len(cluster.rows),
            "firms": len(np.unique(sites.firm[cluster.rows])),
            "activity": None if sites.activity is None else float(np.nansum(sites.activity[cluster.rows])),
            "area_km2": cluster.area_km2,
            "centre_latitude": cluster.centre[0],
            "centre_longitude": cluster.centre[1],
            "geometry": None if cluster.geometry is None else shapely.to_wkb(cluster.geometry),
        }
        for cluster_id, cluster in named
    ]
    return pa.Table.from_pylist(rows, schema=CLUSTERS_SCHEMA)


def _commonest_place(sites: SiteYears, cluster: DrawnCluster) -> str | None:
    """Return the place most members name, the first in the alphabet among equals."""
    places = pc.value_counts(sites.table.column("place").take(pa.array(cluster.rows)).drop_null()).to_pylist()
    best = min(places, key=lambda place: (-place["counts"], place["values"]), default=None)
    return None if best is None else str(best["values"])


def _members_table(named: list[tuple[str, DrawnCluster]], sites: SiteYears) -> pa.Table:
    sizes = [len(cluster.rows) for _, cluster in named]
    rows = np.concatenate([cluster.rows for _, cluster in named]) if named else np.empty(0, np.int64)
    taken = sites.table.select(["site_id", "firm_id"]).take(pa.array(rows, pa.int64()))
    is_core = [
        flag
        for _, cluster in named
        for flag in ([None] * len(cluster.rows) if cluster.is_core is None else cluster.is_core.tolist())
    ]
    return pa.table(
        [
            pa.array(np.repeat([cluster_id for cluster_id, _ in named], sizes).tolist(), pa.string()),
            pa.array(np.repeat([cluster.vintage for _, cluster in named], sizes), pa.int32()),
            taken.column("site_id"),
            taken.column("firm_id"),
            pa.array(is_core, pa.bool_()),
        ],
        schema=MEMBERS_SCHEMA,
    )
