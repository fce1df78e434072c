"""Distance profiles: one design's estimate as the circle in which neighbours are counted grows."""

from collections.abc import Mapping

from clusterpanel.models.result import Result
from clusterpanel.report.column_labels import ColumnLabels, labels_of
from clusterpanel.report.estimate_rows import (
    ESTIMATE_COLUMNS,
    axis_of,
    heading_of,
    point_of,
    unit_of,
    written,
)
from clusterpanel.report.exhibits import Exhibit, Section
from clusterpanel.report.figures import profile_figure
from clusterpanel.report.main_terms import MainTerm, main_term
from clusterpanel.report.tables import Table, TableColumn, table_of
from clusterpanel.spec.columns import radius_label
from clusterpanel.spec.design import ProfileSpec
from clusterpanel.spec.study import Study

RADIUS = TableColumn("radius_km", "Radius (km)", "number")
EXPOSURE = TableColumn("exposure", "Exposure", "code")
COUNTS = (TableColumn("n", "N", "whole"), TableColumn("firms", "Firms", "whole"))
NUMBERS = ("estimate", "std_error", "conf_low", "conf_high", "p_value")
FILE_COLUMNS = (RADIUS, EXPOSURE, *(TableColumn(name, name, "estimate") for name in NUMBERS), *COUNTS)
SENTENCE = (
    "Each point is an estimate of its own, with the neighbours counted within that radius; the firm's own "
    "sites are left out. A wider circle holds the narrower ones, so neighbouring points share most of their "
    "information."
)


def profile_labels(study: Study, profile: ProfileSpec) -> dict[str, float]:
    """Return the label of each of a profile's results and its radius in km."""
    radii = sorted(study.cluster_spec.radii_km)
    return {f"{profile.name}_{radius_label(radius)}km": radius for radius in radii}


def profiles_section(study: Study, results: Mapping[str, Result]) -> Section | None:
    """Return the section with every profile that has a result; nothing if none has."""
    exhibits = [
        profile_exhibit(profile, found, labels_of(study))
        for profile in study.spec.profiles
        if (found := _by_radius(study, profile, results))
    ]
    return Section("profiles", "Over distance", (SENTENCE,), tuple(exhibits)) if exhibits else None


def profile_exhibit(profile: ProfileSpec, found: Mapping[float, MainTerm], labels: ColumnLabels) -> Exhibit:
    """Return a profile as a figure and a table."""
    first = next(iter(found.values()))
    unit = unit_of(first, labels)
    parts = [f"{radius:g} km: {written(term, unit)['estimate']}" for radius, term in found.items()]
    columns = [column.name for column in FILE_COLUMNS[1:]]
    records = [
        {"radius_km": radius, **{name: getattr(term, name) for name in columns}}
        for radius, term in found.items()
    ]
    return Exhibit(
        f"profile_{profile.name}",
        profile.title,
        _caption(profile, first, labels),
        table=table_of(FILE_COLUMNS, records),
        page_table=page_table(found, unit),
        figure=profile_figure(
            [point_of(term, unit, series=0) for term in found.values()], list(found), axis_of(first, labels)
        ),
        alt=f"Estimates by radius, {axis_of(first, labels)}. {'; '.join(parts)}.",
        designs=tuple(term.label for term in found.values()),
    )


def page_table(found: Mapping[float, MainTerm], unit: tuple[str, float]) -> Table:
    """Return one row per radius, in the unit of the figure."""
    records = [
        {
            "radius_km": radius,
            "exposure": term.exposure,
            **written(term, unit),
            "reads_as": term.reading(unit[1]) or None,
            "n": term.n,
            "firms": term.firms,
        }
        for radius, term in found.items()
    ]
    reading = (TableColumn("reads_as", "Reads as", "cell"),) if any(r["reads_as"] for r in records) else ()
    return table_of((RADIUS, EXPOSURE, *ESTIMATE_COLUMNS, *reading, *COUNTS), records)


def _caption(profile: ProfileSpec, first: MainTerm, labels: ColumnLabels) -> str:
    what = heading_of(first, labels).partition(", by ")[0]
    unit, _ = unit_of(first, labels)
    measured = f", in {unit}" if unit else ""
    is_log = first.exposure.startswith("log_")
    how = " Neighbours enter as ln(1 + number); a doubling is one of 1 + number." if is_log else ""
    return f"{what}{measured}, in the design {profile.design}; bars are 95 % intervals.{how}"


def _by_radius(study: Study, profile: ProfileSpec, results: Mapping[str, Result]) -> dict[float, MainTerm]:
    labels = profile_labels(study, profile)
    return {radius: main_term(results[label]) for label, radius in labels.items() if label in results}
