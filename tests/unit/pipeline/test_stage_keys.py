"""A stage's key changes with all it depends on and with nothing else."""

import shutil
from pathlib import Path

import pytest

from clusterpanel.pipeline.digests import DigestCache
from clusterpanel.pipeline.stage_keys import stage_keys
from clusterpanel.pipeline.stage_work import work_of_stages
from clusterpanel.pipeline.stages import plan_stages
from clusterpanel.spec.read import read_study

SMALL = Path(__file__).resolve().parents[2] / "fixtures" / "good_specs" / "small"
ALL = {
    "ingest",
    "geocode",
    "clusters",
    "panel",
    "design-wage_pooled",
    "design-wage_within",
    "design-exit_hazard",
    "design-survival",
    "contrast-wage_sorting",
    "profile-wage_by_distance",
    "report",
}


def keys_of(folder: Path) -> dict[str, str]:
    study = read_study(folder / "studies" / "small.toml")
    return stage_keys(plan_stages(study), DigestCache(folder / "cache"))


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    assert before.keys() == after.keys()
    return {stage for stage, key in before.items() if after[stage] != key}


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SMALL, tmp_path / "small"))


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def test_every_stage_of_the_plan_has_its_work() -> None:
    study = read_study(SMALL / "studies" / "small.toml")
    names = [stage.name for stage in plan_stages(study)]
    assert [name for name in work_of_stages(study) if name in names] == names


def test_moving_a_study_changes_no_key(small: Path, tmp_path: Path) -> None:
    before = keys_of(small)
    assert before.keys() == ALL
    assert changed(before, keys_of(Path(shutil.copytree(small, tmp_path / "moved")))) == set()


@pytest.mark.parametrize(
    ("file", "old", "new", "stages"),
    [
        ("data/accounts.csv", "64,3", "64,4", ALL),
        ("data/zoning.geojson", "}", "} ", ALL - {"ingest"}),
        ("sources/small.toml", "licence", "max_quarantined_share = 0.5\nlicence", ALL),
        ("clusters/small.toml", "eps_km = 10", "eps_km = 9", ALL - {"ingest", "geocode"}),
        ("studies/small.toml", 'logs = ["wage_crowns"', 'logs = ["revenue_crowns", "wage_crowns"', None),
        ("studies/small.toml", 'controls = ["age"]', "controls = []", {"design-exit_hazard", "report"}),
        ("studies/small.toml", "minimum_firms = 3", "minimum_firms = 4", {"report"}),
        (
            "studies/small.toml",
            "weight = -1.0",
            "weight = -2.0",
            {"contrast-wage_sorting", "report"},
        ),
    ],
)
def test_a_change_reaches_the_stages_that_depend_on_it(
    small: Path, file: str, old: str, new: str, stages: set[str] | None
) -> None:
    before = keys_of(small)
    replace(small / file, old, new)
    expected = ALL - {"ingest", "geocode", "clusters"} if stages is None else stages
    assert changed(before, keys_of(small)) == expected


def test_a_comment_in_a_spec_changes_no_key(small: Path) -> None:
    before = keys_of(small)
    replace(small / "studies" / "small.toml", "name =", "# a remark\nname =")
    assert changed(before, keys_of(small)) == set()
