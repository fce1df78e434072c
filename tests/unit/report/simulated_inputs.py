"""Simulated inputs of a report, in the shapes the stages hand over: registry, clusters, panel, results."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from scipy.stats import norm
from shapely import box, points, to_wkb, union_all

from clusterpanel.clusters.cluster_map import ClusterMap
from clusterpanel.engine.sample_flow import FlowStep
from clusterpanel.engine.table_folder import TableFolder
from clusterpanel.models.result import Result, SurvivalCurves
from clusterpanel.panel.panel import Panel
from clusterpanel.registry.registry import Registry
from clusterpanel.spec.clusters import ClusterSpec
from clusterpanel.spec.places import GazetteerSpec, ZoningSpec
from clusterpanel.spec.source import SourceSpec
from clusterpanel.spec.study import Study, StudySpec

YEARS = np.arange(2005, 2015)
INDUSTRIES = np.array(["ceramics", "furniture", "glass", "instruments"])
PLACES = np.array(["Almby", "Bergsund", "Cedervik", "Dalhem", "Ekeby", "Fagerlund", "Granvik", "Hällnäs"])
ORIGIN, KM2_PER_DEGREE2 = np.array([14.0, 55.0]), 64.0 * 111.0
COAST = np.array([[0.6, 0.5], [1.6, 1.0], [2.4, 2.0], [0.9, 2.1], [1.7, 2.9]])
EFFECT, SORTING = 0.03, 0.2
RADIUS_SHARES = {"2_5": 1.0, "5": 0.8, "10": 0.45, "25": 0.2, "50": 0.02}
DIGEST = {"pooled": "1a" * 32, "region": "2b" * 32, "within": "3c" * 32}


class Inputs(NamedTuple):
    """All that `write_report` takes but the folder."""

    study: Study
    registry: Registry
    clusters: ClusterMap
    panel: Panel
    results: dict[str, Result | SurvivalCurves]
    failures: dict[str, str]


def build_inputs(folder: Path, firms: int = 900, seed: int = 1) -> Inputs:
    """Return simulated inputs whose files are below `folder`."""
    rng = np.random.default_rng(seed)
    study = study_in(folder)
    frame, centres = firm_years(rng, firms)
    registry, clusters = registry_of(folder, rng, frame), clusters_of(folder, frame, centres)
    last = FlowStep("panel", "one row per firm and year", "panel", len(frame), len(frame))
    panel = Panel(Panel.from_frame(panel_frame(frame)).data, flow=(*registry.flow, *clusters.flow, last))
    failures = {"region_movers": "no firm of the sample moves between regions"}
    return Inputs(study, registry, clusters, panel, results_of(study, frame), failures)


def study_in(folder: Path) -> Study:
    """Return the study and write its zoning and gazetteer."""
    terms = {"origin": "made by clusterpanel", "licence": "CC0-1.0"}
    columns = [
        {"name": "id", "to": "firm_id"},
        {"name": "year", "to": "year", "type": "year"},
        {"name": "w", "to": "wage_crowns", "type": "number", "unit": "crowns"},
        {"name": "e", "to": "employment", "type": "number"},
    ]
    tables = [{"table": "accounts", "file": "accounts.csv", "columns": columns}]
    title = "Simulated register of an invented country"
    source = SourceSpec.model_validate({"name": "invented", "title": title, "tables": tables, **terms})
    places = {"longitude": "lon", "latitude": "lat", "place": "place"}
    gazetteer = {"kind": "gazetteer", "name": "places", "title": "Simulated gazetteer", "columns": places}
    zoning = {
        "kind": "zoning",
        "name": "zoning",
        "title": "Simulated regions",
        "columns": {"region_code": "c"},
    }
    draw = {"method": "dbscan", "eps_km": 6, "minimum_members": 8}
    scheme = {"name": "dense", "title": "Dense places", "draw": draw, "vintages": [2005, 2010]}
    write_places(folder)
    return Study(
        folder / "study.toml",
        StudySpec.model_validate(STUDY),
        (source,),
        (
            GazetteerSpec.model_validate({**gazetteer, **terms, "file": "gazetteer.csv", "format": "csv"}),
            ZoningSpec.model_validate({**zoning, **terms, "file": "zoning.geojson", "vintage": 2014}),
        ),
        ClusterSpec.model_validate({**scheme, "radii_km": [2.5, 5, 10, 25, 50]}),
        dict.fromkeys(["invented", "places", "zoning", "dense"], folder),
    )


def write_places(folder: Path) -> None:
    """Write a zoning, a rounded coast cut into squares, and a gazetteer of places inside it."""
    land = union_all([points(ORIGIN + centre).buffer(1.1) for centre in COAST])
    features = []
    for number in range(20):
        corner = ORIGIN + np.array([-0.6 + number % 4, -0.7 + number // 4 * 0.95])
        piece = box(*corner, *(corner + np.array([1, 0.95]))).intersection(land)
        if not piece.is_empty:
            geometry = piece.__geo_interface__
            features.append(
                {"type": "Feature", "properties": {"c": region_code(number)}, "geometry": geometry}
            )
    (folder / "zoning.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    grid = np.array([ORIGIN + np.array([x, y]) / 8 for x in range(-4, 28) for y in range(-4, 34)])
    pd.DataFrame(grid, columns=["lon", "lat"]).assign(place="x").to_csv(folder / "gazetteer.csv", index=False)


def region_code(number: int) -> str:
    return f"XS{'ABCDE'[number // 4]}{number % 4 + 1}"


def firm_years(rng: np.random.Generator, firms: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Return one row per firm and year; firms in clusters are better, live longer, and some move."""
    centres = ORIGIN + rng.uniform([0.1, 0.0], [2.6, 3.2], size=(14, 2))
    industry, ability = rng.integers(0, 4, firms), rng.normal(0, 0.2, firms)
    starts_in = rng.random(firms) < 0.35 + SORTING * np.sign(ability)
    switch_year = np.where(rng.random(firms) < 0.15, rng.integers(2007, 2013, firms), 9999)
    number, year = np.repeat(np.arange(firms), len(YEARS)), np.tile(YEARS, firms)
    is_in = starts_in[number] ^ (year >= switch_year[number])
    home = centres[(industry * 3 + rng.integers(0, 4, firms)) % 14] + rng.normal(
        0, [0.075, 0.045], (firms, 2)
    )
    away = ORIGIN + rng.uniform([0.0, 0.0], [2.7, 3.4], size=(firms, 2))
    where = np.where(is_in[:, None], home[number], away[number])
    wage = 10 + ability[number] + EFFECT * is_in + 0.01 * (year - 2005) + rng.normal(0, 0.12, len(year))
    column, row = np.clip(where[:, 0] - 13.4, 0, 3), np.clip((where[:, 1] - 54.3) / 0.95, 0, 4)
    frame = pd.DataFrame(
        {
            "firm_id": [f"FIRMX{n:05d}" for n in number],
            "site_id": [f"SITEX{n:05d}" for n in number],
            "year": year,
            "in_cluster": is_in,
            "longitude": where[:, 0],
            "latitude": where[:, 1],
            "industry": INDUSTRIES[industry][number],
            "place": PLACES[industry * 2][number],
            "region_code": [region_code(n) for n in row.astype(int) * 4 + column.astype(int)],
            "log_wage_crowns": wage,
            "employment": 1 + np.round(np.exp(2.2 + ability[number] + rng.normal(0, 0.8, len(year)))),
        }
    )
    stops = (rng.random(len(year)) < np.where(is_in, 0.03, 0.06)).reshape(firms, -1)
    lives = (np.cumsum(stops, axis=1) - stops == 0).ravel()
    frame["is_exit"] = stops.ravel() & (year < YEARS[-1])
    return frame[lives].reset_index(drop=True), centres


def registry_of(folder: Path, rng: np.random.Generator, frame: pd.DataFrame) -> Registry:
    tables = TableFolder.at(folder / "registry")
    for name, columns in TABLES.items():
        tables.write(name, pa.Table.from_pandas(frame[columns].drop_duplicates(), preserve_index=False))
    tables.write("quarantine", pa.table({"source": ["invented"] * 12, "reason": ["not a year"] * 12}))
    draw = rng.random(len(frame))
    status = np.select([draw < 0.9, draw < 0.93, draw < 0.99], ["matched", "tie", "unmatched"], "supplied")
    is_placed = pd.Series(np.isin(status, ["matched", "supplied"]))
    sites = frame[["site_id", "year", "region_code"]].assign(
        latitude=frame["latitude"].where(is_placed),
        longitude=frame["longitude"].where(is_placed),
        status=status,
        precision_m=np.where(is_placed, 350.0 + 20 * (frame["year"] - 2005), np.nan),
    )
    tables.write("site_points", pa.Table.from_pandas(sites, preserve_index=False))
    faults = {"rule": ["swapped axes", "zero, zero"], "sites": [41, 2], "firms": [17, 1]}
    tables.write("coordinate_faults", pa.table(faults))
    rows = len(frame)
    steps = [
        FlowStep(
            "ingest", "read sites.csv", "sites", rows + 12, rows, rows_set_aside=12, reason="not a year"
        ),
        FlowStep("geocode", "match addresses", "site_points", rows, rows),
    ]
    tables.write_flow(steps)
    return Registry(tables)


def clusters_of(folder: Path, frame: pd.DataFrame, centres: np.ndarray) -> ClusterMap:
    tables = TableFolder.at(folder / "clusters")
    rows, members = [], []
    for vintage in (2005, 2010):
        inside = frame[(frame["year"] == vintage) & frame["in_cluster"]]
        distance2 = ((inside[["longitude", "latitude"]].to_numpy()[:, None] - centres) ** 2).sum(axis=2)
        for (industry, centre), found in inside.groupby([inside["industry"], distance2.argmin(axis=1)]):
            shape = union_all(points(found[["longitude", "latitude"]].to_numpy())).buffer(0.07, quad_segs=8)
            name = f"{industry}-{vintage}-{centre:02d}"
            facts = {"cluster_id": name, "vintage": vintage, "industry": industry, "activity": None}
            counts = {"members": len(found), "firms": found["firm_id"].nunique()}
            place = {"centre_latitude": shape.centroid.y, "centre_longitude": shape.centroid.x}
            area = {"area_km2": shape.area * KM2_PER_DEGREE2, "geometry": to_wkb(shape)}
            rows.append({**facts, **counts, **place, **area})
            members.append(
                found[["site_id", "firm_id"]].assign(cluster_id=name, vintage=vintage, is_core=True)
            )
    tables.write("clusters", pa.Table.from_pylist(rows))
    tables.write("members", pa.Table.from_pandas(pd.concat(members), preserve_index=False))
    tables.write_flow([FlowStep("clusters", "draw, 2010", "sites", len(frame), len(frame))])
    return ClusterMap(tables)


def panel_frame(frame: pd.DataFrame) -> pd.DataFrame:
    panel = frame.drop(columns=["longitude", "latitude", "industry", "place"])
    panel["in_cluster"] = panel["in_cluster"].astype("boolean").mask(panel.index % 50 == 0)
    return panel


def results_of(study: Study, frame: pd.DataFrame) -> dict[str, Result | SurvivalCurves]:
    results: dict[str, Result | SurvivalCurves] = {}
    for design in study.designs:
        if design.estimator == "kaplan_meier":
            results[design.name] = curves(design.model_dump(), frame)
        elif design.name != "region_movers":
            results[design.name] = fitted(design.model_dump(), frame)
    pooled, within = results["pooled"], results["within"]
    difference = pooled.influence["in_cluster"] - within.influence["in_cluster"]
    gap = pooled.term("in_cluster")["estimate"] - within.term("in_cluster")["estimate"]
    estimate = tidy("sorting", gap, np.sqrt((difference**2).sum()))
    provenance = {
        "terms": ((1.0, "pooled"), (-1.0, "within")),
        "outcome": "log_wage_crowns",
        "exposure": "sorting",
    }
    provenance |= {"estimator": "ols", "vcov": "influences of the terms", "notes": ()}
    results["sorting"] = Result("sorting", estimate, None, {"n": len(frame)}, provenance)
    row = within.term("in_cluster")
    for radius, share in RADIUS_SHARES.items():
        exposure = f"own_count_{radius}km"
        estimate = tidy(exposure, row["estimate"] * share, row["std_error"] * (0.5 + share / 2))
        design = within.provenance["design"] | {"exposure": exposure}
        provenance = {**within.provenance, "design": design}
        results[f"decay_{radius}km"] = Result(f"decay_{radius}km", estimate, None, within.glance, provenance)
    return results


def fitted(design: dict[str, Any], frame: pd.DataFrame) -> Result:
    """Return least squares with the effects swept out, errors grouped by firm; a stand-in for hazards too."""
    effect = {"pooled": [], "region": [design["region"]], "within": ["firm_id"]}[design["comparison"]]
    effects = [*design["absorb"], *effect]
    values = frame[[design["outcome"], "in_cluster", "employment"]].astype(float)
    values["employment"] = np.log(values["employment"])
    for _ in range(20):
        for name in effects:
            values = values - values.groupby(frame[name]).transform("mean")
    y, X = values.to_numpy()[:, 0], values.to_numpy()[:, 1:]
    bread = np.linalg.inv(X.T @ X)
    beta = bread @ X.T @ y
    influence = pd.DataFrame(X * (y - X @ beta)[:, None]).groupby(frame["firm_id"].to_numpy()).sum() @ bread
    influence.columns = pd.Index(["in_cluster", "log_employment"])
    errors = np.sqrt((influence**2).sum().to_numpy())
    scale = 20.0 if design["estimator"] == "cloglog" else 1.0
    terms = zip(influence.columns, scale * beta, scale * errors, strict=True)
    estimate = pd.concat([tidy(*term) for term in terms], ignore_index=True)
    switchers = int((frame.groupby("firm_id")["in_cluster"].std() > 0).sum())
    glance = {"n": len(frame), "firms": frame["firm_id"].nunique(), "switchers": switchers, "r2_within": 0.03}
    step = FlowStep(
        design["name"], "drop missing values", "panel", len(frame) + 40, len(frame), 40, 0, "missing"
    )
    provenance = {
        "design": design,
        "effects": tuple(effects),
        "vcov": "grouped by firm_id, times G/(G-1) (N-1)/(N-K)",
        "notes": ("No column was dropped as collinear",),
        "flow": [step.__dict__],
        "digest": DIGEST.get(design["name"], "4d" * 32),
    }
    return Result(design["name"], estimate, influence, glance, provenance)


def tidy(term: str, estimate: float, std_error: float) -> pd.DataFrame:
    statistic = estimate / std_error
    row = {"term": term, "estimate": estimate, "std_error": std_error, "statistic": statistic}
    low, high = estimate - 1.96 * std_error, estimate + 1.96 * std_error
    return pd.DataFrame([row | {"p_value": 2 * norm.sf(abs(statistic)), "conf_low": low, "conf_high": high}])


def curves(design: dict[str, Any], frame: pd.DataFrame) -> SurvivalCurves:
    rows = []
    for group, found in frame.groupby("in_cluster"):
        survival, variance = 1.0, 0.0
        for time, year in enumerate(YEARS, start=1):
            at_risk = found[found["year"] == year]
            events = int(at_risk["is_exit"].sum())
            survival *= 1 - events / len(at_risk)
            variance += events / (len(at_risk) * (len(at_risk) - events))
            error = survival * np.sqrt(variance)
            row = {
                "group": "yes" if group else "no",
                "time": time,
                "at_risk": len(at_risk),
                "events": events,
                "censored": 0,
            }
            low, high = survival - 1.96 * error, min(1.0, survival + 1.96 * error)
            spread = {"std_error": error, "conf_low": low, "conf_high": high}
            rows.append(row | {"survival": survival} | spread)
    glance = {"n": len(frame), "firms": frame["firm_id"].nunique()}
    return SurvivalCurves(design["name"], pd.DataFrame(rows), glance, {"design": design, "digest": "5e" * 32})


def design(name: str, comparison: str, outcome: str = "log_wage_crowns", **more: Any) -> dict[str, Any]:
    plain = {"name": name, "comparison": comparison, "outcome": outcome, "exposure": "in_cluster"}
    return {**plain, "absorb": ["year"], **more}


TABLES = {
    "sites": ["site_id", "year", "firm_id", "place"],
    "firms": ["firm_id"],
    "accounts": ["firm_id", "year", "employment"],
}
STUDY: dict[str, Any] = {
    "name": "invented",
    "title": "Do firms do better in clusters? A simulated country",
    "question": "Do firms pay well because they are in a cluster, or are firms that pay well found there?",
    "sources": ["invented"],
    "places": ["places", "zoning"],
    "clusters": "dense",
    "panel": {
        "first_year": 2005,
        "last_year": 2014,
        "size": "employment",
        "logs": ["wage_crowns", "employment"],
        "censor": [
            {"where": {"region_code": ["XSA1"]}, "after_year": 2012, "reason": "it left the register"}
        ],
        "flags": [
            {"name": "is_reform_entrant", "entry_years": [2008], "reason": "the threshold was lowered"}
        ],
    },
    "designs": [
        design("pooled", "pooled", controls=["log_employment"]),
        design("region", "region"),
        design("within", "within"),
        design("exit_pooled", "pooled", "is_exit", estimator="cloglog"),
        design("exit_region", "region", "is_exit", estimator="cloglog"),
        design("region_movers", "region"),
        design("survival", "pooled", "is_exit", estimator="kaplan_meier"),
    ],
    "contrasts": [
        {
            "name": "sorting",
            "title": "Sorting",
            "terms": [{"design": "pooled", "weight": 1}, {"design": "within", "weight": -1}],
        }
    ],
    "profiles": [{"name": "decay", "title": "Wages and neighbours of the same industry", "design": "within"}],
    "report": {"describe": ["log_wage_crowns", "employment", "is_exit"], "headline": "sorting"},
}
