"""Results come back from their files as they were."""

from pathlib import Path

import numpy as np
import pandas as pd

from clusterpanel.designs.cumulative_incidence import IncidenceCurves
from clusterpanel.models.result import Result, SurvivalCurves
from clusterpanel.pipeline.result_files import load_results, save_result


def test_a_result_comes_back_as_it_was(tmp_path: Path) -> None:
    estimate = pd.DataFrame({"term": ["in_cluster"], "estimate": [0.1 + 0.2], "std_error": [np.nan]})
    influence = pd.DataFrame({"in_cluster": [0.5, -0.5]}, index=pd.Index(["007", "8"], name="firm_id"))
    glance = {"n": np.int64(3), "r2": np.float64(0.1) + 0.2, "levels": {"year": 4}}
    save_result(Result("wage", estimate, influence, glance, {"effects": ("year",)}), tmp_path)

    back = load_results(tmp_path)["wage"]

    assert isinstance(back, Result)
    pd.testing.assert_frame_equal(back.estimate, estimate, check_exact=True)
    assert back.influence is not None
    pd.testing.assert_frame_equal(back.influence, influence, check_exact=True)
    assert back.glance == {"n": 3, "r2": 0.30000000000000004, "levels": {"year": 4}}
    assert back.provenance == {"effects": ["year"]}


def test_curves_and_a_result_without_influence_come_back(tmp_path: Path) -> None:
    curve = pd.DataFrame({"group": ["in"], "time": [1.0], "survival": [0.5]})
    save_result(SurvivalCurves("survival", curve, {"n": 1}), tmp_path)
    save_result(Result("a", pd.DataFrame({"term": ["x"], "estimate": [1.0]}), None), tmp_path)
    back = load_results(tmp_path)
    assert isinstance(back["survival"], SurvivalCurves)
    pd.testing.assert_frame_equal(back["survival"].curve, curve)
    assert isinstance(back["a"], Result)
    assert back["a"].influence is None


def test_the_same_result_gives_the_same_bytes(tmp_path: Path) -> None:
    result = Result("a", pd.DataFrame({"term": ["x"], "estimate": [1.0]}), None, {"n": 1})
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        save_result(result, tmp_path / name)
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes()


def test_incidence_comes_back_as_incidence(tmp_path: Path) -> None:
    curve = pd.DataFrame({"cause": ["closure"], "group": ["in"], "time": [1.0], "incidence": [0.5]})
    save_result(IncidenceCurves("causes", curve, {"n": 1, "causes": {"closure": 7}}), tmp_path)
    back = load_results(tmp_path)["causes"]
    assert isinstance(back, IncidenceCurves)
    pd.testing.assert_frame_equal(back.curve, curve)
    assert back.glance["causes"] == {"closure": 7}
