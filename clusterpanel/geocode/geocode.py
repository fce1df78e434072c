"""Turn the addresses of sites into points with a stated precision, offline."""

from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa

from clusterpanel.engine.sample_flow import FlowStep
from clusterpanel.errors import DataError, Fault, SpecError
from clusterpanel.geocode.address import country_keys
from clusterpanel.geocode.coordinates import RULES, lint
from clusterpanel.geocode.gazetteer import Gazetteer
from clusterpanel.geocode.gazetteer_file import read_gazetteers
from clusterpanel.geocode.locations import ADDRESS, Locations, locations_of
from clusterpanel.geocode.matches import best_matches
from clusterpanel.geocode.points import Points
from clusterpanel.geocode.quality import fault_table, quality_table
from clusterpanel.geocode.supplied import COORDINATES, Supplied, supplied_points
from clusterpanel.geocode.zonings import zone_codes
from clusterpanel.registry.registry import Registry
from clusterpanel.spec.study import Study

HARD: Final = tuple(rule.name for rule in RULES if rule.severity == "hard")
TOO_MANY: Final = 0.5
"""A hard rule broken by more of the coordinates than this is a fault of the file, not of its rows."""

SITE_POINTS: Final = (
    ("site_id", pa.string()),
    ("year", pa.int32()),
    ("country_code", pa.string()),
    ("region_code", pa.string()),
    ("latitude", pa.float64()),
    ("longitude", pa.float64()),
    ("status", pa.string()),
    ("score", pa.float64()),
    ("match_level", pa.string()),
    ("match_type", pa.string()),
    ("precision_m", pa.float64()),
    ("gazetteer", pa.string()),
    ("tied_points", pa.int32()),
    ("reason", pa.string()),
)


def geocode(study: Study, registry: Registry, folder: Path | None = None) -> Registry:
    """Give every row of ``sites`` a point, or say why it has none.

    A supplied coordinate that passes the linter is kept; otherwise the address is matched to the study's
    gazetteers: postcode, beginning of the postcode, place, region. Nothing is matched across countries, and a
    tie is reported.

    Parameters
    ----------
    study : Study
    registry : Registry
        With the table ``sites``.
    folder : Path, optional
        Where the new tables go; a temporary folder by default.

    Returns
    -------
    Registry
        With ``site_points`` (key site_id, year: the rows of ``sites``; degrees WGS84, precision in metres),
        ``geocode_quality`` and ``coordinate_faults``.

    Raises
    ------
    SpecError
        There is nothing to geocode with, or the coordinate system is unknown.
    MissingInputError
        A file of a gazetteer or zoning is not there.
    DataError
        Such a file cannot be used, or more than half of the coordinates break one hard rule.
    """
    sites = _read_sites(registry)
    _check_means(study, sites)
    locations = locations_of(sites)
    gazetteers, steps = read_gazetteers(study)
    frame, supplied = locations.frame, supplied_points(locations.frame, study.sources)
    frame["country_code"] = _with_only_country(frame["country_code"], gazetteers)
    matches = best_matches(frame, gazetteers)
    findings = lint(
        frame.assign(country=country_keys(frame["country_code"])), supplied, _boxes(gazetteers), matches
    )
    _check_findings(study, findings, locations, supplied)
    points = _with_supplied(matches, supplied, findings).assign(
        country_code=frame["country_code"].replace("", None)
    )
    zones = zone_codes(study, Points(points["latitude"].to_numpy(), points["longitude"].to_numpy()))
    points = _with_regions(points, frame["region_code"], zones)
    site_points = _per_site(sites, locations, points, tuple(zones))
    tables = registry.tables.extended(folder)
    tables.write("site_points", _as_table(site_points, tuple(zones)))
    tables.write("geocode_quality", quality_table(site_points, sites["firm_id"]))
    broken = findings.iloc[locations.number] if supplied.is_given.any() else findings.iloc[:0]
    tables.write("coordinate_faults", fault_table(broken, sites["site_id"], sites["firm_id"]))
    tables.write_flow([*steps, *_flow(site_points, tuple(zones))])
    return Registry(tables)


def _read_sites(registry: Registry) -> pd.DataFrame:
    table = registry.read("sites")
    wanted = ["site_id", "year", "firm_id", *ADDRESS, *COORDINATES]
    frame: pd.DataFrame = table.select([name for name in wanted if name in table.column_names]).to_pandas()
    return frame.sort_values(["site_id", "year"], ignore_index=True)


def _check_means(study: Study, sites: pd.DataFrame) -> None:
    has_coordinates = {"latitude", "longitude"} <= set(sites) or {"easting", "northing"} <= set(sites)
    if not study.gazetteers and not has_coordinates:
        fault = Fault(study.path.name, "places", "no gazetteer", "a gazetteer, or sites with coordinates")
        raise SpecError("there is nothing to find the sites by", faults=[fault])


def _with_only_country(countries: "pd.Series[str]", gazetteers: tuple[Gazetteer, ...]) -> "pd.Series[str]":
    held = sorted({country for gazetteer in gazetteers for country in gazetteer.countries})
    return countries.where(countries != "", held[0]) if len(held) == 1 else countries


def _boxes(gazetteers: tuple[Gazetteer, ...]) -> pd.DataFrame:
    ends = [gazetteer.boxes for gazetteer in gazetteers]
    empty = pd.DataFrame(columns=["south", "north", "west", "east"], dtype="float64")
    every = pd.concat(ends) if ends else empty
    return every.groupby(level=0).agg({"south": "min", "north": "max", "west": "min", "east": "max"})


def _check_findings(study: Study, findings: pd.DataFrame, locations: Locations, supplied: Supplied) -> None:
    rows = np.bincount(locations.number, minlength=len(findings))
    total = int(rows[supplied.is_given].sum())
    sources = ", ".join(source.name for source in study.sources)
    faults = []
    for rule in RULES:
        broken = int(rows[findings[rule.name].to_numpy()].sum())
        if rule.severity == "hard" and broken > TOO_MANY * total:
            came = f"{rule.name} in {broken:,} of {total:,} rows with coordinates"
            faults.append(
                Fault(
                    sources,
                    "coordinates of sites",
                    came,
                    "a hard rule broken by at most half",
                    rule.what_to_do,
                )
            )
    if faults:
        raise DataError("the coordinates of the sites are wrong as a whole", faults=faults)


def _with_supplied(matches: pd.DataFrame, supplied: Supplied, findings: pd.DataFrame) -> pd.DataFrame:
    """Put sound supplied coordinates in the matches' place, and mark the rejected ones."""
    is_rejected = findings[list(HARD)].any(axis=1)
    is_kept = supplied.is_given & ~is_rejected.to_numpy()
    kept = {
        "latitude": supplied.points.latitude,
        "longitude": supplied.points.longitude,
        "precision_m": supplied.precision_m,
        "status": "supplied",
        "score": 1.0,
        "match_level": "coordinates",
        "match_type": "supplied",
        "gazetteer": None,
        "tied_points": 0,
        "reason": "",
    }
    points = matches.copy()
    for column, value in kept.items():
        points[column] = points[column].where(~is_kept, value)
    rule = findings[list(HARD)].idxmax(axis=1).astype("str")
    points["status"] = points["status"].where(~is_rejected, "rejected")
    points["reason"] = points["reason"].where(~is_rejected, "the supplied coordinate breaks the rule " + rule)
    return points


def _with_regions(
    points: pd.DataFrame, written: "pd.Series[str]", zones: dict[str, "pd.Series[str]"]
) -> pd.DataFrame:
    """Give the region: of the first zoning, or else of the match, or else the register's own."""
    codes = {f"{name}_code": code for name, code in list(zones.items())[1:]}
    if zones:
        return points.assign(region_code=next(iter(zones.values())), **codes)
    matched = points["region_code"].replace("", None)
    return points.assign(region_code=matched.where(matched.notna(), written.replace("", None)))


def _per_site(
    sites: pd.DataFrame, locations: Locations, points: pd.DataFrame, zones: tuple[str, ...]
) -> pd.DataFrame:
    rows = points.iloc[locations.number].reset_index(drop=True)
    rows[["site_id", "year"]] = sites[["site_id", "year"]]
    return rows[[*(name for name, _ in SITE_POINTS), *(f"{name}_code" for name in zones[1:])]]


def _as_table(site_points: pd.DataFrame, zones: tuple[str, ...]) -> pa.Table:
    schema = pa.schema([*SITE_POINTS, *((f"{name}_code", pa.string()) for name in zones[1:])])
    return pa.Table.from_pandas(site_points, schema=schema, preserve_index=False)


def _flow(site_points: pd.DataFrame, zones: tuple[str, ...]) -> list[FlowStep]:
    rows = len(site_points)
    count = site_points["status"].value_counts().sort_index()
    said = "; ".join(f"{status}: {number:,}" for status, number in count.items())
    steps = [FlowStep("geocode", "give sites a point", "sites", rows, rows, reason=said)]
    if zones:
        has_point = site_points["latitude"].notna()
        outside = int((has_point & site_points["region_code"].isna()).sum())
        note = (
            f"{outside:,} rows with a point lie outside every polygon and have no region" if outside else ""
        )
        steps.append(
            FlowStep("geocode", f"give points a region of {zones[0]}", "sites", rows, rows, reason=note)
        )
    return steps
