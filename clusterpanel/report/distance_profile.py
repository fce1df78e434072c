"""Distance profiles: one design's estimate as the circle in which neighbours are counted grows."""

from collections.abc import Mapping

from clusterpanel.models.result import Result
from clusterpanel.report.digits import significant
from clusterpanel.report.estimate_tables import axis_of
from clusterpanel.report.exhibits import Exhibit, Section
from clusterpanel.report.figures import Point, profile_figure
from clusterpanel.report.main_terms import MainTerm, main_term
from clusterpanel.report.tables import TableColumn, table_of
from clusterpanel.spec.columns import radius_label
from clusterpanel.spec.design import ProfileSpec
from clusterpanel.spec.study import Study

COLUMNS = (
    TableColumn("radius_km", "Radius (km)", "number"),
    TableColumn("exposure", "Exposure", "code"),
    TableColumn("estimate", "Estimate", "estimate"),
    TableColumn("std_error", "Std error", "estimate"),
    TableColumn("conf_low", "95 % from", "estimate"),
    TableColumn("conf_high", "to", "estimate"),
    TableColumn("p_value", "p", "p_value"),
    TableColumn("n", "N", "whole"),
    TableColumn("firms", "Firms", "whole"),
)


def profile_labels(study: Study, profile: ProfileSpec) -> dict[str, float]:
    """Return the label of each of a profile's results and its radius in km."""
    radii = sorted(study.cluster_spec.radii_km)
    return {f"{profile.name}_{radius_label(radius)}km": radius for radius in radii}


def profiles_section(study: Study, results: Mapping[str, Result]) -> Section | None:
    """Return the section with every profile that has a result; nothing if none has."""
    exhibits = [
        profile_exhibit(profile, found)
        for profile in study.spec.profiles
        if (found := _by_radius(study, profile, results))
    ]
    sentence = (
        "Each point is an estimate of its own, with the exposure measured within that radius; the focal firm "
        "is left out. Radii overlap, so neighbouring points share most of their information."
    )
    return Section("profiles", "Over distance", (sentence,), tuple(exhibits)) if exhibits else None


def profile_exhibit(profile: ProfileSpec, found: Mapping[float, MainTerm]) -> Exhibit:
    """Return a profile as a figure and a table."""
    points = [Point(t.label, t.estimate, t.conf_low, t.conf_high) for t in found.values()]
    first = next(iter(found.values()))
    records = [
        {"radius_km": radius, **{c.name: getattr(term, c.name) for c in COLUMNS[1:]}}
        for radius, term in found.items()
    ]
    parts = [f"{radius:g} km: {significant(term.estimate)}" for radius, term in found.items()]
    return Exhibit(
        f"profile_{profile.name}",
        profile.title,
        f"The design {profile.design}, with {profile.measure} within each radius as the "
        "exposure; 95 % intervals.",
        table=table_of(COLUMNS, records),
        figure=profile_figure(points, list(found), axis_of(first.estimator, first.outcome)),
        alt=f"Estimates by radius. {'; '.join(parts)}.",
        designs=tuple(term.label for term in found.values()),
    )


def _by_radius(study: Study, profile: ProfileSpec, results: Mapping[str, Result]) -> dict[float, MainTerm]:
    labels = profile_labels(study, profile)
    return {radius: main_term(results[label]) for label, radius in labels.items() if label in results}
