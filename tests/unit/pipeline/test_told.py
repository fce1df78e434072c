"""A run tells its stages, and within them how far passes over the panel are."""

from pathlib import Path

from clusterpanel.engine.progress import PassEvent
from clusterpanel.pipeline.progress import StageEvent
from clusterpanel.pipeline.run import run_study
from clusterpanel.spec.read import read_study

SMALL = Path(__file__).resolve().parents[2] / "fixtures" / "good_specs" / "small" / "studies" / "small.toml"


def test_passes_are_told_while_their_stage_is_under_way(tmp_path: Path) -> None:
    told: list[StageEvent | PassEvent] = []
    run_study(read_study(SMALL), tmp_path / "out", told.append)

    stage = ""
    drawing: dict[str, str] = {}
    for event in told:
        if isinstance(event, StageEvent):
            stage = event.stage if event.what == "starts" else ""
        else:
            drawing[event.what] = stage
    assert drawing["wage_within: drawing the sample"] == "design-wage_within"
    assert "" not in drawing.values()
