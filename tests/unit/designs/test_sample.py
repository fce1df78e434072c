"""Samples: the rows a plain filter of a frame keeps, the same in memory, in blocks and from Parquet."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from clusterpanel.designs import draw
from clusterpanel.designs.draw import draw_sample
from clusterpanel.designs.facts import sample_facts
from clusterpanel.designs.plan import PlainColumns, SamplePlan
from clusterpanel.designs.sample import Sample
from clusterpanel.designs.terms import plan_terms
from clusterpanel.engine.firm_blocks import MemoryBlocks, ParquetBlocks, write_firm_blocks
from clusterpanel.errors import DataError, NotIdentifiedError, SpecError
from clusterpanel.models.arrays import ModelArrays
from clusterpanel.panel.panel import Panel

TINY = 1e-9
PLAN = SamplePlan(
    "wages",
    ("log_wage", "age"),
    PlainColumns(("in_cluster", "log_own_count_5km")),
    effects=("firm_id[trend]", "region_code^year", "region_code[trend]", "industry_code[[trend]]"),
    groups=("firm_id", "region_code", "industry_code^year"),
    weights="employees",
    weight_kind="analytic",
    offset="trend",
    where={"industry_code": ("01.10", "10.20")},
    beside=("latitude",),
)


@pytest.fixture
def rows(frame: pd.DataFrame) -> pd.DataFrame:
    """Add what the plan needs, with holes: missing values, weights of 0, rows alone in a level."""
    rng = np.random.default_rng(3)
    rows = frame.astype({"in_cluster": "boolean"})
    rows["trend"] = rows["year"] - 2001.5
    rows["employees"] = rng.integers(0, 9, len(rows)).astype(float)
    rows["latitude"] = rng.random(len(rows))
    rows.loc[rows.index[rng.random(len(rows)) < 0.1], "log_wage"] = np.nan
    rows.loc[rows.index[rng.random(len(rows)) < 0.1], "in_cluster"] = pd.NA
    rows.loc[rows.index[5], "log_own_count_5km"] = np.inf
    rows.loc[rows.index[9], "region_code"] = None
    rows.loc[rows.index[[30, 131]], "region_code"] = ["D", "E"]
    rows.loc[rows.index[50:60], "industry_code"] = "47.00"
    return rows


def panels(rows: pd.DataFrame, folder: Path) -> Mapping[str, tuple[Panel, float]]:
    """Return panels of the same rows, each with the memory a sample may take."""
    table = pa.Table.from_pandas(rows, preserve_index=False)
    write_firm_blocks(table, "firm_id", folder / "panel.parquet", rows_per_block=17)
    (folder / "parts").mkdir()
    for place, (first, last) in enumerate(pairwise((0, 80, 160, 240))):
        part = table.slice(first, last - first)
        write_firm_blocks(part, "firm_id", folder / "parts" / f"part-{place}.parquet", rows_per_block=30)
    coded = rows.astype({"region_code": "category", "industry_code": "category"})
    blocks = MemoryBlocks(table, "firm_id", rows_per_block=7)
    return {
        "memory": (Panel.from_frame(rows), 1.0),
        "categories": (Panel.from_frame(coded), 1.0),
        "categories, streamed": (Panel.from_frame(coded), TINY),
        "parquet": (Panel.open(folder / "panel.parquet"), 1.0),
        "parquet, streamed": (Panel.open(folder / "panel.parquet"), TINY),
        "a folder, streamed": (Panel(ParquetBlocks(folder / "parts", "firm_id")), TINY),
        "small blocks, streamed": (Panel(blocks), TINY),
    }


def kept_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Filter the frame the slow and obvious way."""
    rows = rows[rows["industry_code"].isin(["01.10", "10.20"])]
    wanted = ["log_wage", "in_cluster", "log_own_count_5km", "region_code", "employees"]
    rows = rows.replace([np.inf], np.nan).dropna(subset=wanted)
    rows = rows[rows["employees"] > 0]
    before = -1
    while before != len(rows):
        before = len(rows)
        for keys in (["firm_id"], ["region_code", "year"], ["region_code"], ["industry_code"]):
            rows = rows[rows.groupby(keys)["year"].transform("size") > 1]
    return rows


def stacked(sample: Sample) -> dict[str, np.ndarray]:
    """Put all blocks of a sample one after the other."""
    blocks = list(sample.source.blocks())
    assert [block.first_row for block in blocks] == np.cumsum([0, *(block.rows for block in blocks)])[
        :-1
    ].tolist()
    firms = np.concatenate([np.diff(block.starts) for block in blocks])
    arrays = {
        name: np.concatenate([getattr(block, name) for block in blocks])
        for name in ("effects", "loads", "basis", "weights", "offset", "groups")
    }
    return {**arrays, "values": np.concatenate([block.values for block in blocks], axis=1), "firms": firms}


def same_levels(codes: np.ndarray, labels: "pd.Series[Any]") -> bool:
    """Say whether codes and labels tell the same rows apart."""
    both = pd.DataFrame({"code": codes, "label": labels.to_numpy()}).drop_duplicates()
    return len(both) == both["code"].nunique() == both["label"].nunique()


def test_a_sample_is_the_frame_filtered_by_hand(rows: pd.DataFrame) -> None:
    sample = draw_sample(PLAN, Panel.from_frame(rows))
    kept, got = kept_rows(rows), stacked(sample)
    region, industry = kept["region_code"], kept["industry_code"]
    assert 120 < len(kept) < 160
    columns = ["log_wage", "age", "in_cluster", "log_own_count_5km"]
    np.testing.assert_array_equal(got["values"], kept[columns].to_numpy(float).T)
    np.testing.assert_array_equal(got["weights"], kept["employees"])
    np.testing.assert_array_equal(got["offset"], kept["trend"])
    np.testing.assert_array_equal(got["basis"][:, 0], kept["trend"])
    np.testing.assert_array_equal(sample.beside["latitude"], kept["latitude"])
    assert sample.source.effect_names == (
        "region_code^year",
        "region_code",
        "region_code[trend]",
        "industry_code[trend]",
    )
    for place, labels in enumerate((region + kept["year"].astype(str), region, region, industry)):
        assert same_levels(got["effects"][:, place], labels)
    np.testing.assert_array_equal(got["loads"][:, :2], 1.0)
    np.testing.assert_array_equal(got["loads"][:, 2:], np.column_stack([kept["trend"]] * 2))
    np.testing.assert_array_equal(got["firms"], kept.groupby("firm_id").size())


def test_ways_are_followed_by_their_intersections(rows: pd.DataFrame) -> None:
    sample = draw_sample(PLAN, Panel.from_frame(rows))
    kept, groups = kept_rows(rows), stacked(sample)["groups"]
    assert sample.source.group_names == (
        "firm_id",
        "region_code",
        "industry_code^year",
        "firm_id^region_code",
        "firm_id^industry_code^year",
        "region_code^industry_code^year",
        "firm_id^region_code^industry_code^year",
    )
    for place, name in enumerate(sample.source.group_names):
        labels = kept[name.split("^")].astype(str).agg("^".join, axis=1)
        assert same_levels(groups[:, place], labels)
        assert groups[:, place].max() + 1 == sample.source.group_levels[place]
        if place < 3:
            told = sample.labels(place)
            assert told is not None
            np.testing.assert_array_equal(np.asarray(told)[groups[:, place]], labels)


def test_memory_blocks_and_parquet_give_the_same_sample(rows: pd.DataFrame, tmp_path: Path) -> None:
    whole = draw_sample(PLAN, Panel.from_frame(rows))
    wanted = stacked(whole)
    for name, (panel, memory_gb) in panels(rows, tmp_path).items():
        sample = draw_sample(PLAN, panel, memory_gb)
        assert sample.is_streamed == ("streamed" in name), name
        for array, values in stacked(sample).items():
            np.testing.assert_array_equal(values, wanted[array], err_msg=f"{name}: {array}")
        assert sample.digest == whole.digest, name
        assert sample.flow == whole.flow, name
        assert [values.to_pylist() for values in sample.group_values] == [
            values.to_pylist() for values in whole.group_values
        ]
        np.testing.assert_allclose(sample.facts.means, whole.facts.means, rtol=1e-12)
        np.testing.assert_allclose(sample.facts.squares, whole.facts.squares, rtol=1e-12)
        assert sample_facts(sample)["switchers"] == sample_facts(whole)["switchers"]
        assert sample.source.total_weight == whole.source.total_weight
        for way in range(len(whole.source.groups)):
            for effect in ("firm", 0, 1, 2, 3):
                nested = whole.source.is_nested(effect, way)  # type: ignore[arg-type]
                assert sample.source.is_nested(effect, way) == nested  # type: ignore[arg-type]


def test_some_of_a_sample_is_the_same_streamed_and_in_memory(rows: pd.DataFrame, tmp_path: Path) -> None:
    samples = [draw_sample(PLAN, panel, gb) for panel, gb in panels(rows, tmp_path).values()]
    keep = np.random.default_rng(0).random(samples[0].rows) < 0.7
    thinned = [sample.thinned(keep, [("keep some", "chance", int((~keep).sum()))]) for sample in samples]
    first = stacked(thinned[0])
    for sample in thinned[1:]:
        for array, values in stacked(sample).items():
            np.testing.assert_array_equal(values, first[array])
        assert sample.digest == thinned[0].digest != samples[0].digest
        assert sample.flow[-1].rows_out == int(keep.sum()) == sample.rows
        assert [values.to_pylist() for values in sample.group_values] == [
            values.to_pylist() for values in thinned[0].group_values
        ]
        np.testing.assert_allclose(sample.facts.squares, thinned[0].facts.squares, rtol=1e-12)


@pytest.mark.parametrize("places", [[0], [1], [0, 2], [0, 1, 3]])
def test_some_columns_are_the_same_streamed_and_in_memory(rows: pd.DataFrame, places: list[int]) -> None:
    memory, stream = (draw_sample(PLAN, Panel.from_frame(rows), gb).source.only(places) for gb in (1.0, TINY))
    assert (memory.names, memory.outcomes) == (stream.names, stream.outcomes)
    for one, other in zip(memory.blocks(), stream.blocks(), strict=True):
        np.testing.assert_array_equal(one.values, other.values)
        np.testing.assert_array_equal(one.weights, other.weights)
    last = [len(places) - 1]
    assert memory.only(last).names == stream.only(last).names


def test_outcome_and_codes_are_the_same_streamed_and_in_memory(rows: pd.DataFrame) -> None:
    memory, stream = (draw_sample(PLAN, Panel.from_frame(rows), gb) for gb in (1.0, TINY))
    np.testing.assert_array_equal(stream.outcome(), memory.outcome())
    for one, other in zip(stream.effect_codes(), memory.effect_codes(), strict=True):
        assert (one.name, one.levels) == (other.name, other.levels)
        np.testing.assert_array_equal(one.codes, other.codes)
    assert stream.effect_codes()[0].name == "firm_id"


def test_each_loss_is_a_step_in_the_order_of_the_columns(rows: pd.DataFrame) -> None:
    flow = draw_sample(PLAN, Panel.from_frame(rows)).flow
    reasons = [step.reason for step in flow[1:]]
    assert reasons == [
        "industry_code is none of these",
        "log_wage is missing",
        "in_cluster is missing",
        "log_own_count_5km is missing",
        "region_code is missing",
        "employees is 0",
        "the only row of its firm_id, which would be fitted perfectly",
        "the only row of its region_code^year, which would be fitted perfectly",
    ]
    for before, after in pairwise(flow):
        assert before.rows_out == after.rows_in


@pytest.mark.parametrize("memory_gb", [1.0, TINY])
def test_negative_weights_are_refused_with_their_number(rows: pd.DataFrame, memory_gb: float) -> None:
    rows.loc[rows.index[[100, 200]], "employees"] = -1.0
    rows.loc[rows.index[[100, 200]], ["log_wage", "log_own_count_5km"]] = 1.0
    rows["in_cluster"] = rows["in_cluster"].fillna(False)
    with pytest.raises(DataError, match="came 2 rows with a weight below 0"):
        draw_sample(PLAN, Panel.from_frame(rows), memory_gb)


@pytest.mark.parametrize("memory_gb", [1.0, TINY])
def test_terms_without_a_value_are_counted(rows: pd.DataFrame, memory_gb: float) -> None:
    plan = SamplePlan("wages", ("log_wage",), plan_terms(["in_cluster", "log(trend)"], lambda _: []))
    sample = draw_sample(plan, Panel.from_frame(rows), memory_gb)
    early = (rows["trend"] < 0) & rows["log_wage"].notna() & rows["in_cluster"].notna()
    assert sample.flow[-1].reason == "log(trend) has no finite value"
    assert sample.flow[-1].rows_set_aside == int(early.sum())
    assert sample.source.names == ("in_cluster", "log(trend)", "constant")


@pytest.mark.parametrize("memory_gb", [1.0, TINY])
def test_an_empty_sample_says_where_its_rows_went(rows: pd.DataFrame, memory_gb: float) -> None:
    nowhere = replace(PLAN, where={"industry_code": ("99.99",)})
    with pytest.raises(NotIdentifiedError, match="sample of wages is empty") as raised:
        draw_sample(nowhere, Panel.from_frame(rows), memory_gb)
    assert "industry_code is none of these (it is 01.10, 10.20, 47.00)" in str(raised.value.hint)
    nobody = replace(PLAN, where={"firm_id": ("f99",)})
    with pytest.raises(NotIdentifiedError) as raised:
        draw_sample(nobody, Panel.from_frame(rows), memory_gb)
    assert "f0" not in str(raised.value.hint)


def test_firms_alone_leave_an_empty_sample(frame: pd.DataFrame) -> None:
    plan = SamplePlan(
        "wages", ("log_wage",), PlainColumns(("in_cluster",)), ("firm_id",), where={"year": (2001,)}
    )
    with pytest.raises(NotIdentifiedError) as raised:
        draw_sample(plan, Panel.from_frame(frame))
    assert "60 rows, to keep firm_id seen more than once" in str(raised.value.hint)


def test_a_streamed_sample_has_no_rows_in_memory_to_give(rows: pd.DataFrame) -> None:
    panel = Panel.from_frame(rows)
    assert isinstance(draw_sample(PLAN, panel).arrays("vcov CRV3"), ModelArrays)
    with pytest.raises(SpecError, match="vcov CRV3 needs all rows in memory") as raised:
        draw_sample(PLAN, panel, TINY).arrays("vcov CRV3")
    assert "memory_gb" in str(raised.value.hint)


def test_columns_without_holes_are_not_copied() -> None:
    values = np.arange(8.0)
    table = pa.table(
        {"firm_id": [1, 1, 2, 2, 3, 3, 4, 4], "year": [1, 2] * 4, "y": values, "x": values[::-1].copy()}
    )
    plan = SamplePlan("d", ("y",), PlainColumns(("x",)), effects=("firm_id",))
    arrays = draw_sample(plan, Panel(MemoryBlocks(table, "firm_id"))).arrays("a test")
    assert np.shares_memory(arrays.columns[0], values)


def test_firms_out_of_order_are_refused(tmp_path: Path) -> None:
    table = pa.table({"firm_id": ["b", "b", "a", "a"], "year": [1, 2, 1, 2], "y": [1.0, 2.0, 3.0, 4.0]})
    write_firm_blocks(table, "firm_id", tmp_path / "panel.parquet")
    plan = SamplePlan("d", ("y",), PlainColumns(()), effects=("firm_id",))
    with pytest.raises(DataError, match="not sorted by firm_id"):
        draw_sample(plan, Panel.open(tmp_path / "panel.parquet"))


def test_a_column_named_like_an_effect_is_that_column(frame: pd.DataFrame) -> None:
    frame["region^code"] = frame["industry_code"]
    plan = SamplePlan("d", ("log_wage",), PlainColumns(("in_cluster",)), ("region^code",), ("region^code",))
    source = draw_sample(plan, Panel.from_frame(frame)).source
    assert (source.effect_names, source.effect_levels) == (("region^code",), (2,))
    assert source.is_nested(0, 0)


def test_too_many_groups_are_told_and_not_labelled(
    rows: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draw, "MOST_STREAMED_GROUPS", 10)
    held, streamed = (draw_sample(PLAN, Panel.from_frame(rows), memory_gb) for memory_gb in (1.0, TINY))
    assert held.labels(0) is not None
    assert held.notes == ()
    assert streamed.labels(0) is None
    assert streamed.labels(1) is not None
    firms = held.source.firm_levels
    assert [note.split(":")[0] for note in streamed.notes] == [
        f"The {firms} groups of firm_id are too many to tell apart"
    ]
    keep = np.arange(streamed.rows) % 5 > 0
    assert streamed.thinned(keep, [("keep some", "chance", int((~keep).sum()))]).labels(0) is None
