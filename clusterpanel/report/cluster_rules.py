"""The rule that drew the clusters, in words, with its numbers."""

from clusterpanel.report.cluster_table import industry_words
from clusterpanel.report.column_labels import labels_of
from clusterpanel.report.digits import listed
from clusterpanel.spec.clusters import (
    ClusterSpec,
    DbscanDraw,
    IndustryScheme,
    LocationQuotientDraw,
    PolygonsDraw,
)
from clusterpanel.spec.study import Study

LEFT_OUT = (
    "The firm itself is left out (leave-one-out): all its sites are left out of every count of neighbours"
)
NEVER_DECIDES = ", and are not counted when it is decided whether the place they stand in is a cluster."


def draw_sentences(study: Study) -> list[str]:
    """Return how industries were grouped, clusters drawn, and exposure measured."""
    spec = study.cluster_spec
    vintages = listed([str(vintage) for vintage in spec.vintages])
    radii = listed([f"{radius:g}" for radius in spec.radii_km])
    is_drawn = spec.draw.method in {"dbscan", "location_quotient"}
    activity = f" and their {labels_of(study).words(spec.activity)} summed" if spec.activity else ""
    before = (
        f"; firm-years before {min(spec.vintages)} have none"
        if min(spec.vintages) > study.panel.first_year
        else ""
    )
    return [
        *_industry_sentences(spec.industries),
        _draw_sentence(spec),
        f"Clusters were drawn with the sites of {vintages}, and a firm-year is compared with the latest "
        f"drawing that is not later than itself{before}.",
        f"Neighbours, which are other firms' sites, were counted{activity} within {radii} km along the WGS84 "
        "ellipsoid.",
        f"{LEFT_OUT}{NEVER_DECIDES if is_drawn else '.'}",
    ]


def _industry_sentences(scheme: IndustryScheme) -> list[str]:
    names = listed([industry_words(name) for name in scheme.groups])
    groups = f"each of {len(scheme.groups)} groups of industry codes ({names})" if names else ""
    own = f"each industry code{' outside them' if names else ''}" if scheme.ungrouped == "own" else ""
    parts = [part for part in (groups, own) if part]
    sentences = [f"Clusters are drawn within {' and within '.join(parts)}."] if parts else []
    if scheme.exclude:
        codes = "code" if len(scheme.exclude) == 1 else "codes"
        sentences.append(f"No cluster is drawn in the industry {codes} {listed(scheme.exclude)}.")
    return sentences


def _draw_sentence(spec: ClusterSpec) -> str:
    draw = spec.draw
    if isinstance(draw, DbscanDraw):
        return (
            "A cluster is a dense group of sites of one such industry (DBSCAN; Ester et al. 1996): a site "
            f"with at least {draw.minimum_members} sites within {draw.eps_km:g} km, itself included, is a "
            f"core; cores within {draw.eps_km:g} km of each other, and all sites within that distance of one "
            "of them, make a cluster."
        )
    if isinstance(draw, LocationQuotientDraw):
        return (
            f"A cluster is a region of {draw.zoning} in which an industry's share of all {draw.weight} is at "
            f"least {draw.threshold:g} times its share in the whole register (its location quotient), and in "
            f"which it has {draw.minimum_members} sites or more."
        )
    if isinstance(draw, PolygonsDraw):
        return f"Clusters are the polygons that the user supplied ({draw.file})."
    return (
        f"Clusters are circles of {draw.radius_km:g} km around the points that the user supplied "
        f"({draw.file})."
    )
