"""What a cluster spec must satisfy, by itself and beside the study that names it."""

from collections.abc import Iterator, Sequence

from clusterpanel.errors import Fault
from clusterpanel.spec.clusters import ClusterSpec, IndustryScheme, LocationQuotientDraw
from clusterpanel.spec.columns import has_site_column, measures, radius_label
from clusterpanel.spec.faults import did_you_mean, listed
from clusterpanel.spec.parse import SpecFile
from clusterpanel.spec.source import SourceSpec
from clusterpanel.spec.study import PanelSpec


def check_clusters(file: SpecFile[ClusterSpec]) -> Iterator[Fault]:
    """Yield every fault of a cluster spec that can be seen without other files."""
    if file.model is None:
        return
    yield from _check_industries(file, file.model.industries)
    for key, values in (("vintages", file.model.vintages), ("radii_km", file.model.radii_km)):
        if list(values) != sorted(set(values)):
            yield file.fault_of((key,), "rising values, each once")
    labels = [radius_label(radius) for radius in file.model.radii_km]
    if len(set(labels)) < len(set(file.model.radii_km)):
        yield file.fault_of(("radii_km",), "radii that differ in their first ten digits")


def _check_industries(file: SpecFile[ClusterSpec], scheme: IndustryScheme) -> Iterator[Fault]:
    owner: dict[str, str] = dict.fromkeys(scheme.exclude, "exclude")
    for group, codes in scheme.groups.items():
        for number, code in enumerate(codes):
            if code in owner:
                came = f'"{code}", which is in {owner[code]} too'
                yield file.fault(("industries", "groups", group, number), came, "each code in one place")
            owner.setdefault(code, group)
    if scheme.ungrouped == "none" and not scheme.groups:
        allowed = '[industries.groups], or ungrouped = "own"'
        yield file.fault(("industries", "ungrouped"), '"none" without groups', allowed)


def check_clusters_in_study(
    file: SpecFile[ClusterSpec], panel: PanelSpec | None, zonings: Sequence[str] | None
) -> Iterator[Fault]:
    """Yield the faults of a cluster spec beside the study's years and zonings (None: not known)."""
    if file.model is None:
        return
    for number, vintage in enumerate(file.model.vintages if panel else ()):
        if panel and not panel.first_year <= vintage <= panel.last_year:
            allowed = f"years of the study, {panel.first_year} to {panel.last_year}"
            yield file.fault_of(("vintages", number), allowed)
    draw = file.model.draw
    if isinstance(draw, LocationQuotientDraw) and zonings is not None and draw.zoning not in zonings:
        allowed = f"a zoning among the study's places: {listed(zonings)}"
        yield file.fault_of(("draw", "zoning"), allowed, did_you_mean(draw.zoning, zonings))


def check_cluster_columns(file: SpecFile[ClusterSpec], sources: Sequence[SourceSpec]) -> Iterator[Fault]:
    """Yield the faults of the columns a cluster spec weighs sites by."""
    if file.model is None:
        return
    known = list(measures(sources))
    if (activity := file.model.activity) is not None and activity not in known:
        allowed = f"a measure of the sources: {listed(known)}"
        yield file.fault_of(("activity",), allowed, did_you_mean(activity, known))
    draw = file.model.draw
    by_employment = isinstance(draw, LocationQuotientDraw) and draw.weight == "employment"
    if by_employment and "employment" not in known and not has_site_column(sources, "employment"):
        yield file.fault_of(("draw", "weight"), "sites: no source maps employment")
