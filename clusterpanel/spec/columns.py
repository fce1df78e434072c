"""Declare the canonical columns, those of the registry's tables and those of the panel, in one place."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

from clusterpanel.spec.clusters import ClusterSpec
from clusterpanel.spec.source import SourceSpec, SourceTable, TableName
from clusterpanel.spec.study import PanelSpec, StudySpec

ColumnType = Literal["string", "integer", "number"]


class CanonicalColumn(NamedTuple):
    """What a canonical column holds: its type, and a description with its unit."""

    type: ColumnType
    description: str


FIRM_ID = CanonicalColumn("string", "the firm")
YEAR = CanonicalColumn("integer", "calendar year")

TABLE_COLUMNS: dict[TableName, dict[str, CanonicalColumn]] = {
    "firms": {
        "firm_id": FIRM_ID,
        "birth_year": CanonicalColumn("integer", "year the firm was founded"),
        "death_year": CanonicalColumn("integer", "last year of the firm"),
        "death_cause": CanonicalColumn("string", "why it ended: closure, merger, moved_abroad, unknown"),
        "origin": CanonicalColumn("string", "how it began: new, spin_off, split, unknown"),
        "parent_firm_id": CanonicalColumn("string", "the firm it came from"),
    },
    "sites": {
        "site_id": CanonicalColumn("string", "the site (establishment)"),
        "year": YEAR,
        "firm_id": CanonicalColumn("string", "the firm the site belongs to"),
        "industry_code": CanonicalColumn("string", "code of the site's industry"),
        "industry_vintage": CanonicalColumn("integer", "year of the classification the code is of"),
        "country_code": CanonicalColumn("string", "country, ISO 3166-1 alpha-2"),
        "address": CanonicalColumn("string", "street and number"),
        "postcode": CanonicalColumn("string", "postcode"),
        "place": CanonicalColumn("string", "town or village"),
        "region_code": CanonicalColumn("string", "region, as the register codes it"),
        "latitude": CanonicalColumn("number", "latitude, degrees north, WGS84"),
        "longitude": CanonicalColumn("number", "longitude, degrees east, WGS84"),
        "easting": CanonicalColumn("number", "easting, in the unit of the source's crs"),
        "northing": CanonicalColumn("number", "northing, in the unit of the source's crs"),
        "employment": CanonicalColumn("number", "persons employed at the site"),
    },
    "accounts": {
        "firm_id": FIRM_ID,
        "year": YEAR,
        "employment": CanonicalColumn("number", "persons employed by the firm"),
    },
    "flows": {
        "origin_site_id": CanonicalColumn("string", "the site the workers left"),
        "destination_site_id": CanonicalColumn("string", "the site they went to"),
        "year": YEAR,
        "workers": CanonicalColumn("number", "persons who moved"),
    },
    "ties": {
        "firm_id": FIRM_ID,
        "other_firm_id": CanonicalColumn("string", "the firm it is tied to"),
        "kind": CanonicalColumn("string", "ownership, cooperation, co_patenting"),
        "year": YEAR,
    },
    "events": {
        "case_id": CanonicalColumn("string", "the case: a policy or the opening of an anchor"),
        "year": YEAR,
        "kind": CanonicalColumn("string", "policy or anchor_opening"),
        "country_code": CanonicalColumn("string", "country, ISO 3166-1 alpha-2"),
        "region_code": CanonicalColumn("string", "region the case is about"),
        "place": CanonicalColumn("string", "place the case is about"),
        "role": CanonicalColumn("string", "winner or runner_up"),
    },
    "cluster_attributes": {
        "cluster_id": CanonicalColumn("string", "the cluster"),
        "year": YEAR,
        "origin": CanonicalColumn("string", "spontaneous or policy"),
        "governance": CanonicalColumn("string", "who runs it"),
        "knowledge_institutions": CanonicalColumn("number", "number of universities and institutes"),
    },
}

TABLE_KEYS: dict[TableName, tuple[str, ...]] = {
    "firms": ("firm_id",),
    "sites": ("site_id", "year"),
    "accounts": ("firm_id", "year"),
    "flows": ("origin_site_id", "destination_site_id", "year"),
    "ties": ("firm_id", "other_firm_id", "kind", "year"),
    "events": ("case_id", "year"),
    "cluster_attributes": ("cluster_id", "year"),
}

REQUIRED_COLUMNS: dict[TableName, tuple[str, ...]] = {
    **TABLE_KEYS,
    "sites": ("site_id", "year", "firm_id", "industry_code"),
}
"""The columns a source must map: the table's key, and what the panel cannot do without."""

PLACE_COLUMNS = {
    "firm_id": "the firm",
    "year": "calendar year",
    "site_id": "the firm's main site: the largest by employment if known, else the first by name",
    "sites": "number of the firm's sites",
    "industry_code": "industry of the main site",
    "cluster_industry": "industry of the main site in which clusters are drawn; missing: in none",
    "country_code": "country of the main site",
    "region_code": "region of the main site",
    "latitude": "latitude of the main site, degrees north, WGS84",
    "longitude": "longitude of the main site, degrees east, WGS84",
    "precision_m": "how far off the main site's point may be, metres",
    "match_level": "what placed the main site: coordinates, postcode, place, region, none",
}
LIFE_COLUMNS = {
    "is_entry": "first year seen, after the study's first year",
    "is_exit": "last year seen; missing where it is censored, since the year after is not seen",
    "exit_cause": "why the firm ended, in its exit year; unknown if no register and no moves of workers say",
    "is_censored": "last year followed of a firm that is not known to have ended",
    "age": "years since the firm's birth year; missing if unknown",
    "is_birth_known": "whether a register gives the birth year",
    "origin": "how the firm began: new, renamed, split, spin_off, merged; unknown if nothing says",
    "is_true_birth": "whether the firm began new; missing if its origin is unknown",
}
CLUSTER_COLUMNS = {
    "cluster_vintage": "year of the clusters that are compared with",
    "in_cluster": "the main site lies in a cluster of its industry, the firm itself left out",
    "cluster_id": "the nearest cluster of its industry, whether the site lies in it or not",
    "distance_edge_km": "distance to the nearest edge of a cluster of its industry, km; 0 inside",
    "depth_km": "the way out of the cluster, km; 0 outside; for drawn density clusters a lower bound",
    "distance_centre_km": "distance to the centre of that cluster, km",
    "distance_member_km": "distance to the nearest member of a cluster of its industry, km",
}


TEXT_COLUMNS = (
    *("firm_id", "site_id", "industry_code", "cluster_industry", "country_code", "region_code"),
    *("match_level", "exit_cause", "origin", "cluster_id"),
)
"""The panel columns that hold text; all others hold numbers or yes/no."""


def radius_label(radius_km: float) -> str:
    """Return a radius as it stands in column names: 5 -> ``5``, 2.5 -> ``2_5``."""
    return f"{radius_km:.10g}".replace(".", "_")


def measures(sources: Sequence[SourceSpec]) -> dict[str, str]:
    """Return the numeric firm columns the sources bring, with descriptions, in the order of declaration.

    These are every measure of ``accounts``, and the ``employment`` of ``sites``, summed over the
    firm's sites, where no account has it.
    """
    accounts = {
        column.to: f"{column.to.replace('_', ' ')}, {column.unit or 'persons'}, from {source.name}"
        for source in sources
        for table in source.tables
        if table.table == "accounts"
        for column in table.columns
        if column.to not in _not_measures(table)
    }
    if "employment" not in accounts and has_site_column(sources, "employment"):
        accounts["employment"] = "persons employed at the firm's sites"
    return accounts


def _not_measures(table: SourceTable) -> tuple[str, ...]:
    span = (table.years.first, table.years.last) if table.years else ()
    return (*TABLE_KEYS["accounts"], *span)


def has_site_column(sources: Sequence[SourceSpec], name: str) -> bool:
    """Say whether some source maps a column to `name` of the table ``sites``."""
    return any(
        column.to == name
        for source in sources
        for table in source.tables
        if table.table == "sites"
        for column in table.columns
    )


def panel_columns(
    spec: StudySpec, sources: Sequence[SourceSpec], cluster_spec: ClusterSpec
) -> dict[str, str]:
    """Return the panel's columns with their descriptions and units, in the panel's order.

    Parameters
    ----------
    spec : StudySpec
        Gives ratios, logs, lags, growth and flags.
    sources : sequence of SourceSpec
        Give the account measures.
    cluster_spec : ClusterSpec
        Gives the radii, and whether activity is summed within them.
    """
    return dict(panel_column_pairs(spec, sources, cluster_spec))


def panel_column_pairs(
    spec: StudySpec, sources: Sequence[SourceSpec], cluster_spec: ClusterSpec
) -> Iterator[tuple[str, str]]:
    """Yield name and description of each panel column in order; a name that is made twice comes twice."""
    yield from PLACE_COLUMNS.items()
    yield from LIFE_COLUMNS.items()
    yield from measures(sources).items()
    yield from derived_columns(spec.panel)
    yield from exposure_columns(cluster_spec).items()


def exposure_columns(cluster_spec: ClusterSpec) -> dict[str, str]:
    """Return the columns that say how a firm-year lies to clusters and neighbours, with descriptions."""
    counts = {**dict(neighbour_columns(cluster_spec)), **dict(_described_rings(cluster_spec))}
    logs = {f"log_{name}": f"ln(1 + {name})" for name in counts}
    return {**CLUSTER_COLUMNS, **counts, **logs}


def derived_columns(panel: PanelSpec) -> Iterator[tuple[str, str]]:
    """Yield name and description of each column that the panel's rules make."""
    yield from ((ratio.name, f"{ratio.numerator} / {ratio.denominator}") for ratio in panel.ratios)
    yield from ((f"log_{name}", f"ln({name}); missing where it is not above 0") for name in panel.logs)
    yield "growth_log", f"ln({panel.size}) less that of the year before"
    yield "growth_dhs", f"change of {panel.size} over the mean of both years (Davis-Haltiwanger-Schuh)"
    yield from ((f"lag_{name}", f"{name} of the year before; missing over a gap") for name in panel.lags)
    yield from ((flag.name, flag.reason) for flag in panel.flags)


def neighbour_columns(cluster_spec: ClusterSpec) -> Iterator[tuple[str, str]]:
    """Yield name and description of the counts and sums within each radius, radius by radius."""
    whose = {"own": "of its industry", "all": "of any industry"}
    for radius in cluster_spec.radii_km:
        for key, words in whose.items():
            within = f"other firms' sites {words} within {radius:g} km"
            yield f"{key}_count_{radius_label(radius)}km", f"number of {within}"
            if cluster_spec.activity:
                yield f"{key}_activity_{radius_label(radius)}km", f"{cluster_spec.activity} of {within}"


def ring_columns(cluster_spec: ClusterSpec) -> Iterator[tuple[str, str, str | None]]:
    """Yield each ring's column, the count within its outer radius and the count within its inner one.

    A ring lies between neighbouring radii; the innermost is a disc and has no inner count. Unlike the counts
    within radii, rings share no site, so that all of them can stand in one regression.
    """
    labels = [radius_label(radius) for radius in cluster_spec.radii_km]
    for whose in ("own", "all"):
        yield f"{whose}_ring_0_{labels[0]}km", f"{whose}_count_{labels[0]}km", None
        for inner, outer in pairwise(labels):
            yield f"{whose}_ring_{inner}_{outer}km", f"{whose}_count_{outer}km", f"{whose}_count_{inner}km"


def _described_rings(cluster_spec: ClusterSpec) -> Iterator[tuple[str, str]]:
    for name, outer, inner in ring_columns(cluster_spec):
        yield name, f"{outer} less {inner}" if inner else f"{outer}, the innermost ring"
