"""True births told from renamed, split and merged firms by flows of workers."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterpanel.engine.tables import run_query, unbound_table
from clusterpanel.panel.continuity import ends_of, firm_links, origins_of, years_with_flows
from clusterpanel.panel.origins import with_origins
from clusterpanel.spec.study import ContinuityRule

RULE = ContinuityRule(share=0.7, minimum_workers=5)
Staff = dict[str, dict[int, float]]
Moves = list[tuple[str, str, int, float]]


def written(folder: Path, staff: Staff, moves: Moves) -> dict[str, Path]:
    """Write firms of one site each, named after the firm, and the moves between the sites."""
    rows = [
        (f"{firm}1", year, firm, people) for firm, years in staff.items() for year, people in years.items()
    ]
    columns = dict(zip(("site_id", "year", "firm_id", "employment"), zip(*rows, strict=True), strict=True))
    sites = pa.table(columns).set_column(1, "year", pa.array(columns["year"], pa.int32()))
    flows = pa.table(
        {
            "origin_site_id": pa.array([f"{move[0]}1" for move in moves], pa.string()),
            "destination_site_id": pa.array([f"{move[1]}1" for move in moves], pa.string()),
            "year": pa.array([move[2] for move in moves], pa.int32()),
            "workers": pa.array([move[3] for move in moves], pa.float64()),
        }
    )
    for name, table in (("sites", sites), ("flows", flows)):
        pq.write_table(table, folder / f"{name}.parquet")
    return {name: folder / f"{name}.parquet" for name in ("sites", "flows")}


def found(
    folder: Path, staff: Staff, moves: Moves, rule: ContinuityRule = RULE
) -> tuple[dict[str, str], dict[str, str]]:
    """Return what the moves tell of the beginnings and of the ends."""
    inputs = written(folder, staff, moves)
    links = firm_links(inputs, rule)
    beginnings = run_query(origins_of(links, rule.share), inputs).to_pylist()
    ends = run_query(ends_of(links, rule.share), inputs).to_pylist()
    return (
        {row["firm_id"]: row["found_origin"] for row in beginnings},
        {row["firm_id"]: row["found_end"] for row in ends},
    )


def test_a_workforce_that_goes_over_whole_is_a_renamed_firm(tmp_path: Path) -> None:
    staff = {"old": {2010: 20.0}, "fresh": {2011: 22.0}}
    assert found(tmp_path, staff, [("old", "fresh", 2011, 19.0)]) == (
        {"fresh": "renamed"},
        {"old": "renamed"},
    )


def test_a_firm_that_breaks_up_is_split(tmp_path: Path) -> None:
    staff = {"old": {2010: 20.0}, "east": {2011: 10.0}, "west": {2011: 10.0}}
    moves = [("old", "east", 2011, 10.0), ("old", "west", 2011, 9.0)]
    assert found(tmp_path, staff, moves) == ({"east": "split", "west": "split"}, {"old": "split"})


def test_a_part_that_leaves_a_firm_that_goes_on_is_a_spin_off(tmp_path: Path) -> None:
    staff = {"parent": {2010: 100.0, 2011: 90.0}, "child": {2011: 10.0}}
    assert found(tmp_path, staff, [("parent", "child", 2011, 8.0)]) == ({"child": "spin_off"}, {})


def test_a_workforce_taken_in_by_a_going_firm_ended_by_merger(tmp_path: Path) -> None:
    staff = {"small": {2010: 10.0}, "large": {2010: 100.0, 2011: 110.0}}
    assert found(tmp_path, staff, [("small", "large", 2011, 8.0)]) == ({}, {"small": "merger"})


def test_two_firms_that_make_a_third_are_merged(tmp_path: Path) -> None:
    staff = {"left": {2010: 10.0}, "right": {2010: 10.0}, "both": {2011: 20.0}}
    moves = [("left", "both", 2011, 9.0), ("right", "both", 2011, 9.0)]
    assert found(tmp_path, staff, moves) == ({"both": "merged"}, {"left": "merger", "right": "merger"})


def test_few_movers_link_nobody(tmp_path: Path) -> None:
    staff = {"old": {2010: 4.0}, "fresh": {2011: 4.0}}
    assert found(tmp_path, staff, [("old", "fresh", 2011, 4.0)]) == ({}, {})


def test_moves_inside_a_firm_link_nobody(tmp_path: Path) -> None:
    inputs = written(tmp_path, {"a": {2010: 20.0, 2011: 20.0}}, [("a", "a", 2011, 20.0)])
    assert run_query(firm_links(inputs, RULE), inputs).num_rows == 0


@settings(max_examples=10, deadline=None)
@given(people=st.integers(10, 50), moved=st.integers(0, 50))
def test_the_share_decides(tmp_path_factory: object, people: int, moved: int) -> None:
    folder: Path = tmp_path_factory.mktemp("flows")  # type: ignore[attr-defined]
    moved = min(moved, people)
    staff = {"old": {2010: float(people)}, "fresh": {2011: float(people)}}
    beginnings, _ = found(folder, staff, [("old", "fresh", 2011, float(moved))])
    assert (beginnings == {"fresh": "renamed"}) == (moved >= 5 and moved / people >= RULE.share)


def test_an_entrant_is_new_only_where_moves_are_recorded(tmp_path: Path) -> None:
    rows = pa.table(
        {
            "firm_id": ["seen", "unseen", "told", "child", "old"],
            "is_entry": [True, True, True, True, False],
            "has_flows": [True, None, True, None, True],
            "origin": pa.array([None, None, "unknown", "unknown", None], pa.string()),
            "found_origin": pa.array([None, None, "split", None, None], pa.string()),
            "parent_firm_id": pa.array([None, None, None, "seen", None], pa.string()),
        }
    )
    pq.write_table(rows, tmp_path / "rows.parquet")
    done = run_query(
        with_origins(unbound_table("rows", tmp_path / "rows.parquet")), {"rows": tmp_path / "rows.parquet"}
    ).to_pylist()
    assert {row["firm_id"]: (row["origin"], row["is_true_birth"]) for row in done} == {
        "seen": ("new", True),
        "unseen": ("unknown", None),
        "told": ("split", False),
        "child": ("spin_off", False),
        "old": ("unknown", None),
    }


def test_the_years_of_the_flows_are_told_once(tmp_path: Path) -> None:
    staff = {"a": {2010: 20.0, 2011: 20.0}, "b": {2010: 20.0, 2011: 20.0}}
    inputs = written(tmp_path, staff, [("a", "b", 2011, 1.0), ("b", "a", 2011, 2.0)])
    years = run_query(years_with_flows(unbound_table("flows", inputs["flows"])), inputs).to_pylist()
    assert years == [{"year": 2011, "has_flows": True}]
