"""Estimates tell how far they are, unless they are asked not to."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from clusterpanel.designs.design import design
from clusterpanel.designs.estimate import estimate
from clusterpanel.designs.romano_wolf import romano_wolf
from clusterpanel.designs.together import estimate_all
from clusterpanel.engine.firm_blocks import write_firm_blocks
from clusterpanel.engine.progress import PassEvent, passes_told_to
from clusterpanel.errors import NotIdentifiedError
from clusterpanel.panel.panel import Panel

WAGE: dict[str, Any] = {"comparison": "within", "outcome": "log_wage", "exposure": "in_cluster"}
DRAWN = {"block_bootstrap": "firm_id", "draws": 7}


def told_by(work: Callable[[], object]) -> list[PassEvent]:
    told: list[PassEvent] = []
    with passes_told_to(told.append):
        work()
    return told


def test_a_sample_read_in_blocks_is_told_to_its_last_row(frame: pd.DataFrame, tmp_path: Path) -> None:
    table = pa.Table.from_pandas(frame, preserve_index=False)
    write_firm_blocks(table, "firm_id", tmp_path / "panel.parquet", rows_per_block=50)
    panel = Panel.open(tmp_path / "panel.parquet")
    told = told_by(lambda: estimate(design(name="wage", **WAGE), panel, memory_gb=1e-9))
    assert {event.what for event in told} == {"wage: drawing the sample", "wage: a pass over the panel"}
    drawing = [event for event in told if event.what == "wage: drawing the sample"]
    assert drawing[-1] == PassEvent("wage: drawing the sample", len(frame), len(frame), is_over=True)
    assert len(drawing) > 2


def test_each_draw_of_a_bootstrap_is_told(frame: pd.DataFrame) -> None:
    told = told_by(lambda: estimate(design(**WAGE, vcov=DRAWN), Panel.from_frame(frame)))
    assert [(event.what, event.rows) for event in told if not event.is_over] == [
        ("draws of firm_id, refitted", draw) for draw in range(1, 8)
    ]
    assert [event.is_over for event in told][-2:] == [False, True]


def test_a_bootstrap_that_fails_is_over_too(frame: pd.DataFrame) -> None:
    moves = (frame["firm_id"] <= "f01") & (frame["year"] > 2002)
    few = frame.assign(in_cluster=moves.astype(float))
    told: list[PassEvent] = []
    with passes_told_to(told.append), pytest.raises(NotIdentifiedError, match="no estimate in"):
        estimate(design(**WAGE, vcov={**DRAWN, "draws": 200}), Panel.from_frame(few))
    assert [event.is_over for event in told].count(True) == 1
    assert told[-1].is_over


def test_signs_of_a_family_are_told(frame: pd.DataFrame) -> None:
    outcomes = [design(name=name, **{**WAGE, "outcome": name}) for name in ("log_wage", "log_own_count_5km")]
    results = list(estimate_all(outcomes, Panel.from_frame(frame)).values())
    told = told_by(lambda: romano_wolf(results, draws=500))  # type: ignore[arg-type]
    assert told[-1] == PassEvent("patterns of signs", 500, 500, is_over=True)


@pytest.mark.parametrize("verb", [estimate, estimate_all])
def test_nothing_is_told_where_none_is_wanted(verb: Any, frame: pd.DataFrame) -> None:
    wanted = design(**WAGE, vcov=DRAWN)
    asked = wanted if verb is estimate else [wanted]
    assert told_by(lambda: verb(asked, Panel.from_frame(frame), progress=False)) == []
