"""Exposure: how near a cluster every site is and how much of it surrounds it, year by year."""

import numpy as np
import pyarrow as pa

from clusterpanel.clusters.cluster_map import ClusterMap
from clusterpanel.clusters.distance import measure_distances
from clusterpanel.clusters.earth import BoolArray, FloatArray, IntArray
from clusterpanel.clusters.map_rows import MapRows, read_map
from clusterpanel.clusters.nearness import Nearness
from clusterpanel.clusters.rings import Rings, count_rings
from clusterpanel.clusters.site_years import SiteYears, read_site_years
from clusterpanel.clusters.vintages import vintage_of
from clusterpanel.registry.registry import Registry
from clusterpanel.spec.columns import radius_label
from clusterpanel.spec.study import Study


def measure_exposure(study: Study, registry: Registry, clusters: ClusterMap) -> pa.Table:
    """Measure every site's nearness to clusters of its industry, and what lies around it.

    Parameters
    ----------
    study : Study
    registry : Registry
        The geocoded registry that the clusters were drawn from.
    clusters : ClusterMap

    Returns
    -------
    table
        One row per row of ``sites``, sorted by site_id and year: cluster_industry, cluster_vintage,
        in_cluster, cluster_id (of the nearest cluster, in it or not), distance_edge_km, depth_km,
        distance_centre_km, distance_member_km; and for every radius own_count, all_count and, if the cluster
        spec names an activity, own_activity and all_activity. Every measure leaves the focal firm out.
        Missing: all but the industry and vintage without a point; cluster columns and own counts without a
        cluster industry; cluster columns before the first vintage; distances where the industry has no
        cluster.

    Raises
    ------
    DataError
        The clusters were drawn from another registry.
    SpecError
        The cluster spec names an activity that neither sites nor accounts have.
    """
    sites = read_site_years(study, registry)
    drawn = read_map(clusters, sites)
    near = measure_distances(study, sites, drawn)
    vintage = vintage_of(sites.year, study.cluster_spec.vintages)
    radii = study.cluster_spec.radii_km
    columns = {
        "site_id": sites.table.column("site_id"),
        "year": pa.array(sites.year, pa.int32()),
        **_cluster_columns(sites, drawn, near, np.where(sites.industry >= 0, vintage, -1)),
        **_ring_columns(count_rings(sites, radii), radii),
    }
    return pa.table(columns)


def _cluster_columns(
    sites: SiteYears, drawn: MapRows, near: Nearness, vintage: IntArray
) -> dict[str, pa.Array]:
    is_measured = (vintage >= 0) & (sites.location >= 0)
    names = drawn.table.column("cluster_id").combine_chunks()
    return {
        "cluster_industry": _named(sites.industries, sites.industry),
        "cluster_vintage": pa.array(vintage, pa.int32(), mask=vintage < 0),
        "in_cluster": pa.array(near.is_inside, pa.bool_(), mask=~is_measured),
        "cluster_id": _named(tuple(names.to_pylist()), near.cluster),
        "distance_edge_km": _number(near.edge_km),
        "depth_km": _number(near.depth_km),
        "distance_centre_km": _number(near.centre_km),
        "distance_member_km": _number(near.member_km),
    }


def _ring_columns(rings: Rings, radii_km: tuple[float, ...]) -> dict[str, pa.Array]:
    columns = {}
    for number, radius_km in enumerate(radii_km):
        label = radius_label(radius_km)
        for scope, count, activity in (
            ("own", rings.own_count, rings.own_activity),
            ("all", rings.all_count, rings.all_activity),
        ):
            missing = np.isnan(count[:, number])
            counted = np.where(missing, 0, count[:, number]).astype(np.int64)
            columns[f"{scope}_count_{label}km"] = pa.array(counted, pa.int64(), mask=missing)
            if activity is not None:
                columns[f"{scope}_activity_{label}km"] = _number(activity[:, number])
    return columns


def _named(names: tuple[str, ...], code: IntArray) -> pa.Array:
    is_missing: BoolArray = code < 0
    return pa.array(names, pa.string()).take(pa.array(code, pa.int64(), mask=is_missing))


def _number(values: FloatArray) -> pa.Array:
    return pa.array(values, pa.float64(), mask=np.isnan(values))
