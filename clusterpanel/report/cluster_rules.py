"""The rule that drew the clusters, in words, with its numbers."""

from clusterpanel.spec.clusters import ClusterSpec, DbscanDraw, LocationQuotientDraw, PolygonsDraw
from clusterpanel.spec.study import Study

LEFT_OUT = (
    "The focal firm, with all its sites, is left out of every count, and never decides whether the place it "
    "stands in is a cluster."
)


def draw_sentences(study: Study) -> list[str]:
    """Return how industries were grouped, clusters drawn, and exposure measured."""
    spec = study.cluster_spec
    vintages = ", ".join(map(str, spec.vintages))
    radii = ", ".join(f"{radius:g}" for radius in spec.radii_km)
    return [
        *_industry_sentences(spec),
        _draw_sentence(spec),
        f"Clusters were drawn in {vintages}; a firm-year is compared with the latest drawing not after it.",
        f"Neighbours were counted within {radii} km on the WGS84 ellipsoid.",
        LEFT_OUT,
    ]


def _industry_sentences(spec: ClusterSpec) -> list[str]:
    scheme = spec.industries
    groups = f"{len(scheme.groups)} groups of industry codes" if scheme.groups else ""
    own = "each industry code" if scheme.ungrouped == "own" else ""
    other = f"{own} outside them" if groups and own else own
    sentences = [f"Clusters are drawn within {' and '.join(part for part in (groups, other) if part)}."]
    if scheme.exclude:
        sentences.append(f"No cluster is drawn in {', '.join(scheme.exclude)}.")
    return sentences


def _draw_sentence(spec: ClusterSpec) -> str:
    draw = spec.draw
    if isinstance(draw, DbscanDraw):
        return (
            "A cluster is a dense group of sites of one industry (DBSCAN; Ester et al. 1996): "
            "sites with at least "
            f"{draw.minimum_members} sites within {draw.eps_km:g} km, themselves included, and "
            "all within that "
            "distance of one."
        )
    if isinstance(draw, LocationQuotientDraw):
        return (
            f"A cluster is a region of {draw.zoning} whose share of an industry's {draw.weight} is at least "
            f"{draw.threshold:g} times its share of all, with {draw.minimum_members} members or more."
        )
    if isinstance(draw, PolygonsDraw):
        return f"Clusters are the polygons that the user supplied ({draw.file})."
    return (
        f"Clusters are circles of {draw.radius_km:g} km around the points that the user supplied "
        f"({draw.file})."
    )
