"""What a panel keeps of its columns changes no sample that is drawn from it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from clusterpanel.designs.draw import draw_sample
from clusterpanel.designs.known_columns import KnownColumns
from clusterpanel.designs.plan import PlainColumns, SamplePlan
from clusterpanel.engine.firm_blocks import MemoryBlocks
from clusterpanel.models.arrays import ModelArrays
from clusterpanel.panel.panel import Panel

PLAN = SamplePlan("plan", ("y",), PlainColumns(("x",)), ("firm_id", "region", "year"), ("region",))


@pytest.fixture
def rows() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"firm_id": np.repeat(np.arange(40), 5), "year": np.tile(np.arange(2001, 2006), 40)})
    frame["region"] = rng.choice(["north", "east", "west"], 200)
    frame["x"], frame["y"] = rng.normal(size=200), rng.normal(size=200)
    return frame


def blocks_of(panel: Panel) -> MemoryBlocks:
    assert isinstance(panel.data, MemoryBlocks)
    return panel.data


PLANS = {
    "all rows": PLAN,
    "some years": replace(PLAN, where={"year": (2002, 2003)}),
    "one region less": replace(PLAN, where={"region": ("north", "west")}),
}


@pytest.mark.parametrize("plan", PLANS)
def test_a_later_sample_is_the_one_a_fresh_panel_gives(rows: pd.DataFrame, plan: str) -> None:
    rows.loc[7, "x"] = np.nan
    used = Panel.from_frame(rows)
    for other in PLANS.values():
        draw_sample(other, used)
    later, fresh = (draw_sample(PLANS[plan], panel) for panel in (used, Panel.from_frame(rows)))
    assert (later.digest, later.flow) == (fresh.digest, fresh.flow)
    assert [values.to_pylist() for values in later.group_values if values is not None] == [
        values.to_pylist() for values in fresh.group_values if values is not None
    ]
    assert isinstance(later.source, ModelArrays)
    assert isinstance(fresh.source, ModelArrays)
    for mine, others in zip(later.source.effects, fresh.source.effects, strict=True):
        assert mine.levels == others.levels
        np.testing.assert_array_equal(mine.codes, others.codes)


def test_a_column_that_misses_values_has_no_codes_of_all_rows(rows: pd.DataFrame) -> None:
    rows.loc[3, "region"] = None
    known = KnownColumns(blocks_of(Panel.from_frame(rows)))
    assert not known.is_complete("region")
    assert known.codes("region") is None
    years = known.codes("year")
    assert years is not None
    np.testing.assert_array_equal(years.values.to_numpy()[years.codes.codes], rows["year"])


def test_the_digest_tells_rows_set_aside_and_numbers_apart(rows: pd.DataFrame) -> None:
    digests = {draw_sample(plan, Panel.from_frame(rows)).digest for plan in PLANS.values()}
    rows["y"] += 1e-9 * (np.arange(len(rows)) == 11)
    digests.add(draw_sample(PLAN, Panel.from_frame(rows)).digest)
    assert len(digests) == len(PLANS) + 1
