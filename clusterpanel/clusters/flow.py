"""The sample flow of drawing clusters and measuring exposure to them."""

import numpy as np
import pyarrow.compute as pc

from clusterpanel.clusters.drawn_cluster import DrawnCluster
from clusterpanel.clusters.earth import BoolArray
from clusterpanel.clusters.location_quotient import site_weights
from clusterpanel.clusters.site_years import SiteYears
from clusterpanel.clusters.vintages import vintage_of
from clusterpanel.engine.sample_flow import FlowStep
from clusterpanel.spec.clusters import LocationQuotientDraw
from clusterpanel.spec.faults import listed
from clusterpanel.spec.study import Study

STAGE = "clusters"


def drawing_flow(study: Study, sites: SiteYears, drawn: list[DrawnCluster]) -> list[FlowStep]:
    """Return what drawing kept and set aside, and which site-years will have no exposure, and why."""
    return [
        *_scheme_steps(study, sites),
        *_drawing_steps(study, sites, drawn),
        *_exposure_steps(study, sites),
    ]


def _scheme_steps(study: Study, sites: SiteYears) -> list[FlowStep]:
    """Name the codes of the scheme that no site has: a misspelt one would thin its group without a word."""
    scheme = study.cluster_spec.industries
    named = {code for codes in (*scheme.groups.values(), scheme.exclude) for code in codes}
    absent = sorted(named - set(pc.unique(sites.table.column("industry_code")).to_pylist()))
    if not absent:
        return []
    rows, reason = len(sites.year), f"no site has these codes of the cluster spec: {listed(absent)}"
    return [
        FlowStep(STAGE, "sort industry codes into cluster industries", "sites", rows, rows, reason=reason)
    ]


def _drawing_steps(study: Study, sites: SiteYears, drawn: list[DrawnCluster]) -> list[FlowStep]:
    has_point = ("keep sites with a point", sites.location >= 0, "no point")
    in_vintage = (
        "keep sites of the years clusters are drawn in",
        np.isin(sites.year, study.cluster_spec.vintages),
        "not a year clusters are drawn in",
    )
    in_industry = (
        "keep sites of cluster industries",
        sites.industry >= 0,
        "industry excluded or in no group",
    )
    steps, kept = _filters("sites", [has_point, in_vintage, *_regional(study, sites), in_industry])
    rows = [cluster.rows for cluster in drawn]
    memberships = np.concatenate(rows) if rows else np.empty(0, dtype=np.int64)
    once = len(np.unique(memberships))
    many = len(memberships) - once
    members = FlowStep(
        STAGE, "keep members of clusters", "sites", kept, len(memberships), kept - once, many, "in no cluster"
    )
    return [*steps, members]


def _regional(study: Study, sites: SiteYears) -> list[tuple[str, BoolArray, str]]:
    draw = study.cluster_spec.draw
    if not isinstance(draw, LocationQuotientDraw):
        return []
    steps = [("keep sites with a region", sites.region >= 0, "no region")]
    if draw.weight == "employment":
        steps.append(("keep sites with employment", np.isfinite(site_weights(sites, draw)), "no employment"))
    return steps


def _exposure_steps(study: Study, sites: SiteYears) -> list[FlowStep]:
    has_point = ("keep site-years with rings", sites.location >= 0, "no point: every measure is missing")
    in_industry = (
        "keep site-years with a cluster industry",
        sites.industry >= 0,
        "industry excluded or in no group: cluster measures are missing",
    )
    has_vintage = (
        "keep site-years with a vintage",
        vintage_of(sites.year, study.cluster_spec.vintages) >= 0,
        "before the first vintage: cluster measures are missing",
    )
    steps, _ = _filters("exposure", [has_point, in_industry, has_vintage])
    if sites.activity is not None:
        is_known = (f"keep site-years with {study.cluster_spec.activity}", np.isfinite(sites.activity))
        steps += _filters("exposure", [(*is_known, "unknown: adds nothing to the activity of others")])[0]
    return steps


def _filters(table: str, filters: list[tuple[str, BoolArray, str]]) -> tuple[list[FlowStep], int]:
    steps = []
    kept = np.ones(len(filters[0][1]), dtype=np.bool_)
    for step, condition, reason in filters:
        before, kept = int(kept.sum()), kept & condition
        after = int(kept.sum())
        aside = before - after
        steps.append(FlowStep(STAGE, step, table, before, after, aside, reason=reason if aside else ""))
    return steps, int(kept.sum())
