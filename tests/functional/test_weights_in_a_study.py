"""A study's columns of weights reach its designs and its report."""

import shutil
from pathlib import Path

import pytest

import clusterpanel as cp
from clusterpanel.panel.assemble import PANEL_FILE
from clusterpanel.pipeline.result_files import load_result

SMALL = Path(__file__).resolve().parents[1] / "fixtures" / "good_specs" / "small"
WEIGHTS = """
[[weights]]
name = "staying_weight"
kind = "staying"
predictors = ["log_wage_crowns", "age"]

[[weights]]
name = "mover_weight"
kind = "exposure"
exposure = "in_cluster"
predictors = ["age", "log_wage_crowns"]

[[designs]]
name = "wage_weighted"
comparison = "pooled"
outcome = "log_wage_crowns"
exposure = "in_cluster"
weights = { probability = "staying_weight" }

"""


def test_a_study_weighs_its_panel_before_it_estimates(tmp_path: Path) -> None:
    shutil.copytree(SMALL, tmp_path / "small")
    file = tmp_path / "small" / "studies" / "small.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("[[designs]]", f"{WEIGHTS}[[designs]]", 1), encoding="utf-8")

    outcome = cp.run_study(cp.read_study(file), tmp_path / "out")

    (before,) = (tmp_path / "out" / "store").glob(f"panel-*/{PANEL_FILE}")
    (after,) = (tmp_path / "out" / "store").glob("design-wage_weighted-*")
    found = load_result("wage_weighted", after)
    by_hand = cp.staying_weights(cp.Panel.open(before), ["log_wage_crowns", "age"], name="staying_weight")
    design = next(one for one in cp.read_study(file).designs if one.name == "wage_weighted")
    expected = cp.estimate(design, by_hand.panel)
    assert isinstance(found, cp.Result)
    assert isinstance(expected, cp.Result)
    assert found.estimate["estimate"].to_numpy() == pytest.approx(expected.estimate["estimate"].to_numpy())
    page = outcome.report.read_text(encoding="utf-8")
    assert "eigh by staying_weight" in page
    assert "largest standardised difference falls" in page
