"""A study's survival designs go from its file through the run to its report, and come back from the store."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

import clusterpanel as cp
from clusterpanel.designs.cumulative_incidence import IncidenceCurves
from clusterpanel.panel.assemble import PANEL_FILE
from clusterpanel.pipeline.result_files import load_result

STUDIES = Path(cp.__file__).resolve().parents[1] / "data_specs"
DESIGNS = """
[[designs]]
name = "exit_naive"
comparison = "pooled"
estimator = "cox"
outcome = "is_exit"
exposure = "in_cluster"
controls = ["log_employment"]

[[designs]]
name = "exit_strict"
comparison = "region"
estimator = "cox"
outcome = "is_exit"
exposure = "in_cluster"
controls = ["log_employment"]
strata = ["industry_code"]
ties = "breslow"

[[designs]]
name = "exit_closure"
comparison = "pooled"
estimator = "fine_gray"
outcome = "is_exit"
exposure = "in_cluster"
cause = "exit_cause"
cause_of_interest = "closure"

[[designs]]
name = "exit_pieces"
comparison = "pooled"
estimator = "piecewise_exponential"
outcome = "is_exit"
exposure = "in_cluster"
cuts = [2, 8]

[[designs]]
name = "exit_causes"
comparison = "pooled"
estimator = "cumulative_incidence"
outcome = "is_exit"
exposure = "in_cluster"
cause = "exit_cause"
intervals = "log"

[[contrasts]]
name = "sorting_exit"
title = "Sorting in exits"
terms = [{ design = "exit_naive", weight = 1 }, { design = "exit_strict", weight = -1 }]
"""


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the simulated study with these designs in place of its own exits."""
    folder = tmp_path_factory.mktemp("survival")
    cp.simulate_register(cp.Dials(firm_years=9_000, seed=4), folder / "register")
    shutil.copytree(STUDIES, folder / "specs")
    file = folder / "specs" / "studies" / "simulated.toml"
    text = file.read_text(encoding="utf-8")
    before, _, _ = text.partition("[[designs]]")
    wages, _, _ = text[len(before) :].partition('[[designs]]\nname = "wage_region"')
    report = '[report]\nheadline = "sorting_exit"\nmap = "density"\n'
    file.write_text(f"{before}{wages}{DESIGNS}\n{report}", encoding="utf-8")
    study = cp.read_study(file, {"simulated": folder / "register"})
    cp.run_study(study, folder / "out")
    return folder / "out"


def stored(out: Path, name: str) -> object:
    (folder,) = (out / "store").glob(f"design-{name}-*")
    return load_result(name, folder)


def test_numbers_are_those_of_a_notebook(out: Path) -> None:
    (panel,) = (out / "store").glob(f"panel-*/{PANEL_FILE}")
    said = cp.design(
        name="exit_strict",
        comparison="region",
        estimator="cox",
        outcome="is_exit",
        exposure="in_cluster",
        controls=["log_employment"],
        strata=["industry_code"],
        ties="breslow",
    )
    by_hand, found = cp.estimate(said, cp.Panel.open(panel)), stored(out, "exit_strict")

    assert isinstance(by_hand, cp.Result)
    assert isinstance(found, cp.Result)
    pd.testing.assert_frame_equal(found.estimate, by_hand.estimate)


def test_incidence_comes_back_from_the_store(out: Path) -> None:
    found = stored(out, "exit_causes")

    assert isinstance(found, IncidenceCurves)
    assert "closure" in set(found.curve["cause"])
    assert found.provenance["vcov"].endswith("log intervals")


def test_report_tells_ratios_tests_causes_and_survivors(out: Path) -> None:
    page = (out / "report" / "index.html").read_text(encoding="utf-8")
    table = (out / "report" / "exhibits" / "regressions.csv").read_text(encoding="utf-8")

    for part in (
        "times the hazard of yearly exit of other firms",
        "Hazard ratios that stay the same at all ages",
        "with a baseline hazard for each level of region_code^industry_code",
        "subdistribution hazard",
        "Exit by closure, by whether in a cluster",
        "Number at risk",
        "a result from survivors only",
    ):
        assert part in page
    assert "Survivors only,yes" in table
    assert "Proportional hazards" in table
    assert (out / "report" / "exhibits" / "incidence_exit_causes_1.csv").exists()
