"""The panel against an obvious oracle, and what must hold of every panel."""

import math
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clusterpanel.engine.firm_blocks import ParquetBlocks
from clusterpanel.engine.sample_flow import FlowStep
from clusterpanel.panel.firm_years import write_firm_years
from clusterpanel.spec.clusters import ClusterSpec, DbscanDraw
from clusterpanel.spec.columns import panel_columns
from clusterpanel.spec.source import Column, SourceSpec, SourceTable
from clusterpanel.spec.study import (
    CensorRule,
    ContinuityRule,
    EntryFlag,
    PanelSpec,
    RatioSpec,
    Study,
    StudySpec,
)

FIRST, LAST, CENSORED_AFTER = 2010, 2016, 2013
YEARS = range(FIRST, LAST + 1)
Row = dict[str, Any]

PANEL = PanelSpec(
    first_year=FIRST,
    last_year=LAST,
    size="employment",
    ratios=(RatioSpec(name="wage_crowns", numerator="wage_bill_crowns", denominator="employment"),),
    logs=("wage_crowns",),
    lags=("employment",),
    censor=(CensorRule(where={"country_code": ("XB",)}, after_year=CENSORED_AFTER, reason="left"),),
    flags=(EntryFlag(name="is_early", entry_years=(2011, 2012), reason="early"),),
)
ACCOUNTS = SourceTable(
    table="accounts",
    file="accounts.csv",
    columns=tuple(Column(name=n, to=n) for n in ("firm_id", "year", "employment", "wage_bill_crowns")),
)
SOURCE = SourceSpec(name="tiny", title="Tiny", origin="Simulated", licence="CC0-1.0", tables=(ACCOUNTS,))
CLUSTERS = ClusterSpec(
    name="tiny",
    title="Tiny",
    draw=DbscanDraw(method="dbscan", eps_km=1, minimum_members=2),
    vintages=(FIRST,),
    radii_km=(5,),
)
STUDY = Study(
    Path("tiny.toml"),
    StudySpec.model_validate(
        {
            "name": "tiny",
            "title": "Tiny",
            "sources": ["tiny"],
            "clusters": "tiny",
            "panel": PANEL.model_dump(),
            "designs": [
                {"name": "d", "comparison": "pooled", "outcome": "is_exit", "exposure": "in_cluster"}
            ],
        }
    ),
    (SOURCE,),
    (),
    CLUSTERS,
    {},
)

SCHEMAS = {
    "sites": {"site_id": "string", "year": "int32", "firm_id": "string", "industry_code": "string"},
    "site_points": {
        "site_id": "string",
        "year": "int32",
        "country_code": "string",
        "region_code": "string",
        "latitude": "float64",
        "longitude": "float64",
        "precision_m": "float64",
        "match_level": "string",
    },
    "exposure": {
        "site_id": "string",
        "year": "int32",
        "cluster_industry": "string",
        "cluster_vintage": "int32",
        "in_cluster": "bool",
        "cluster_id": "string",
        "distance_edge_km": "float64",
        "depth_km": "float64",
        "distance_centre_km": "float64",
        "distance_member_km": "float64",
        "own_count_5km": "int32",
        "all_count_5km": "int32",
    },
    "firms": {"firm_id": "string", "birth_year": "int32", "death_cause": "string"},
    "accounts": {
        "firm_id": "string",
        "year": "int32",
        "employment": "float64",
        "wage_bill_crowns": "float64",
    },
}
SCHEMAS["flows"] = {
    "origin_site_id": "string",
    "destination_site_id": "string",
    "year": "int32",
    "workers": "float64",
}
NUMBERS = st.one_of(st.none(), st.just(0.0), st.floats(-1e3, 1e6, allow_subnormal=False))


@st.composite
def registers(draw: st.DrawFn) -> dict[str, list[Row]]:
    """Firms with up to two sites each, seen in any years, with or without accounts."""
    tables: dict[str, list[Row]] = {name: [] for name in SCHEMAS}
    for number in range(draw(st.integers(1, 6))):
        firm = f"f{number}"
        birth = draw(st.one_of(st.none(), st.integers(2005, 2016)))
        cause = draw(st.sampled_from([None, "closure", "merger"]))
        tables["firms"].append({"firm_id": firm, "birth_year": birth, "death_cause": cause})
        country = draw(st.sampled_from(["XA", "XB"]))
        for site in (f"{firm}a", f"{firm}b")[: draw(st.integers(1, 2))]:
            for year in draw(st.sets(st.sampled_from(YEARS), max_size=7)):
                tables["sites"].append(
                    {"site_id": site, "year": year, "firm_id": firm, "industry_code": "01.10"}
                )
                tables["site_points"].append({"site_id": site, "year": year, "country_code": country})
                count = draw(st.integers(0, 9))
                tables["exposure"].append({"site_id": site, "year": year, "own_count_5km": count})
        for year in draw(st.sets(st.sampled_from(YEARS), max_size=7)):
            employment, wages = draw(NUMBERS), draw(NUMBERS)
            row = {"firm_id": firm, "year": year, "employment": employment, "wage_bill_crowns": wages}
            tables["accounts"].append(row)
    return tables


def assembled(
    tables: dict[str, list[Row]], rows_per_block: int = 4, study: Study = STUDY
) -> tuple[pa.Table, tuple[FlowStep, ...]]:
    with TemporaryDirectory() as folder:
        inputs = write_tables(tables, Path(folder))
        file = Path(folder) / "panel.parquet"
        steps = write_firm_years(study, inputs, file, rows_per_block)
        # Reading by blocks raises if a row group splits a firm.
        blocks = list(ParquetBlocks(file, "firm_id").blocks(["firm_id", "year"]))
        table = pq.read_table(file)
        assert sum(len(block) for block in blocks) == len(table)
        return table, steps


def write_tables(tables: dict[str, list[Row]], folder: Path) -> dict[str, Path]:
    inputs = {name: folder / f"{name}.parquet" for name in tables}
    for name, rows in tables.items():
        types = {"string": pa.string(), "int32": pa.int32(), "float64": pa.float64(), "bool": pa.bool_()}
        schema = pa.schema([(column, types[kind]) for column, kind in SCHEMAS[name].items()])
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), inputs[name])
    return inputs


def expected(tables: dict[str, list[Row]]) -> list[Row]:
    """Return the panel firm by firm and year by year, in plain loops."""
    accounts = {(row["firm_id"], row["year"]): row for row in tables["accounts"]}
    points = {(row["site_id"], row["year"]): row for row in tables["site_points"]}
    exposure = {(row["site_id"], row["year"]): row for row in tables["exposure"]}
    seen: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for row in tables["sites"]:
        seen[row["firm_id"]][row["year"]].append(row["site_id"])
    panel = []
    for firm in sorted(tables["firms"], key=lambda row: row["firm_id"]):
        years = seen[firm["firm_id"]]
        is_ruled = any(points[min(sites), year]["country_code"] == "XB" for year, sites in years.items())
        kept = [year for year in sorted(years) if not (is_ruled and year > CENSORED_AFTER)]
        if not kept:
            continue
        is_cut = is_ruled and (kept[-1] == CENSORED_AFTER or max(years) > CENSORED_AFTER)
        ends = kept[-1] < LAST and not is_cut
        enters = kept[0] > FIRST and firm["birth_year"] in (None, kept[0])
        for year in kept:
            site = min(years[year])
            now = accounts.get((firm["firm_id"], year), {})
            before = accounts.get((firm["firm_id"], year - 1), {}) if year - 1 in kept else {}
            panel.append(
                {
                    "firm_id": firm["firm_id"],
                    "year": year,
                    "site_id": site,
                    "sites": len(years[year]),
                    "is_entry": enters and year == kept[0],
                    "is_exit": (True if ends else None) if year == kept[-1] else False,
                    "exit_cause": (firm["death_cause"] or "unknown") if ends and year == kept[-1] else None,
                    "is_censored": not ends and year == kept[-1],
                    "is_early": enters and kept[0] in (2011, 2012),
                    "age": age(year, firm["birth_year"]),
                    "is_birth_known": firm["birth_year"] is not None,
                    "employment": now.get("employment"),
                    "lag_employment": before.get("employment"),
                    **wages(now),
                    **growth(before.get("employment"), now.get("employment")),
                    "own_count_5km": exposure[site, year]["own_count_5km"],
                    "log_own_count_5km": math.log(1 + exposure[site, year]["own_count_5km"]),
                }
            )
    return panel


def age(year: int, birth: int | None) -> int | None:
    return None if birth is None or year < birth else year - birth


def wages(row: Row) -> Row:
    top, bottom = row.get("wage_bill_crowns"), row.get("employment")
    wage = None if top is None or not bottom else top / bottom
    return {"wage_crowns": wage, "log_wage_crowns": math.log(wage) if wage is not None and wage > 0 else None}


def growth(before: float | None, now: float | None) -> Row:
    if before is None or now is None:
        return {"growth_log": None, "growth_dhs": None}
    is_size = min(before, now) >= 0 and before + now > 0
    return {
        "growth_log": math.log(now) - math.log(before) if min(before, now) > 0 else None,
        "growth_dhs": (now - before) / ((now + before) / 2) if is_size else None,
    }


slow = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@slow
@given(registers())
def test_the_panel_equals_the_oracle(tables: dict[str, list[Row]]) -> None:
    table, _ = assembled(tables)
    rows = expected(tables)
    for name in rows[0] if rows else []:
        values = [row[name] for row in rows]
        came = table.column(name).to_pylist()
        assert came == [v if not isinstance(v, float) else pytest.approx(v, rel=1e-12) for v in values], name
    assert len(table) == len(rows)


@slow
@given(registers())
def test_every_panel_keeps_its_promises(tables: dict[str, list[Row]]) -> None:
    table, steps = assembled(tables)
    assert table.column_names == list(panel_columns(STUDY.spec, STUDY.sources, STUDY.cluster_spec))
    rows = table.to_pylist()
    keys = [(row["firm_id"], row["year"]) for row in rows]
    assert keys == sorted(set(keys))
    ends: dict[str, int] = defaultdict(int)
    for row in rows:
        ends[row["firm_id"]] += (row["is_exit"] is True) + row["is_censored"]
        assert row["growth_dhs"] is None or -2 <= row["growth_dhs"] <= 2
        assert row["lag_employment"] is None or (row["firm_id"], row["year"] - 1) in keys
    assert set(ends.values()) <= {1}
    first, last = steps[0], steps[-1]
    assert first.rows_in == len(tables["sites"])
    assert last.rows_out == len(rows)


@slow
@given(registers(), st.randoms(use_true_random=False))
def test_the_order_of_input_rows_and_the_blocks_do_not_matter(
    tables: dict[str, list[Row]], random: Any
) -> None:
    shuffled = {name: random.sample(rows, len(rows)) for name, rows in tables.items()}
    table, steps = assembled(tables)
    other, other_steps = assembled(shuffled, rows_per_block=100)
    assert table.equals(other)
    assert steps == other_steps


def test_a_workforce_under_a_new_identifier_is_neither_an_exit_nor_a_birth() -> None:
    tables: dict[str, list[Row]] = {name: [] for name in SCHEMAS}
    seen = {"old": (2011, 2012), "fresh": (2013, 2014), "founded": (2013, 2014)}
    for firm, years in seen.items():
        tables["firms"].append({"firm_id": firm})
        for year in years:
            tables["sites"].append(
                {"site_id": f"{firm}1", "year": year, "firm_id": firm, "industry_code": "01.10"}
            )
            tables["accounts"].append({"firm_id": firm, "year": year, "employment": 20.0})
    tables["flows"].append(
        {"origin_site_id": "old1", "destination_site_id": "fresh1", "year": 2013, "workers": 18.0}
    )
    panel = STUDY.panel.model_copy(update={"continuity": ContinuityRule()})
    study = replace(STUDY, spec=STUDY.spec.model_copy(update={"panel": panel}))
    table, steps = assembled(tables, study=study)
    rows = {(row["firm_id"], row["year"]): row for row in table.to_pylist()}
    assert [rows["old", 2012][name] for name in ("is_exit", "is_censored", "origin")] == [
        None,
        True,
        "unknown",
    ]
    assert [rows["fresh", 2013][name] for name in ("is_entry", "is_true_birth")] == [False, False]
    assert rows["fresh", 2014]["origin"] == "renamed"
    assert [rows["founded", 2013][name] for name in ("is_entry", "is_true_birth")] == [True, True]
    assert [step.reason for step in steps if "true births" in step.step] == [
        "no row is lost; firms by origin: 1 new, 1 renamed, 1 unknown"
    ]
