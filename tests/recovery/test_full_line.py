"""From the files of a simulated register to estimates, by the whole line, against the truth beside them."""

import json
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pytest

from clusterpanel.clusters.draw import draw_clusters
from clusterpanel.designs.contrast import contrast
from clusterpanel.designs.estimate import estimate
from clusterpanel.geocode.geocode import geocode
from clusterpanel.models.result import Result, SurvivalCurves
from clusterpanel.panel.assemble import build_panel
from clusterpanel.panel.panel import Panel
from clusterpanel.registry.ingest import ingest
from clusterpanel.simulate.dials import Dials
from clusterpanel.simulate.register import simulate_register
from clusterpanel.spec.read import read_study

STANDARD_ERRORS = 4


@dataclass(frozen=True)
class Line:
    """What the line made of one register, and what is true of it."""

    panel: Panel
    results: dict[str, Result | SurvivalCurves]
    truth: dict[str, Any]
    true_years: pd.DataFrame

    def estimate_of(self, design: str, term: str = "in_cluster") -> tuple[float, float]:
        """Estimate and standard error of a term."""
        result = self.results[design]
        assert isinstance(result, Result)
        row = result.term(term)
        return float(row["estimate"]), float(row["std_error"])


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Line:
    folder = tmp_path_factory.mktemp("simulated")
    simulate_register(Dials(), folder)
    study = read_study("simulated", {"simulated": folder}, check_files=True)
    registry = geocode(study, ingest(study))
    panel = build_panel(study, registry, draw_clusters(study, registry))
    results = {design.name: estimate(design, panel) for design in study.designs}
    for spec in study.spec.contrasts:
        terms = [(term.weight, results[term.design]) for term in spec.terms]
        results[spec.name] = contrast(spec.name, terms)  # type: ignore[arg-type]
    truth = json.loads((folder / "truth.json").read_text("utf-8"))
    return Line(panel, results, truth, pd.read_parquet(folder / "truth.parquet"))


def test_every_true_firm_year_is_in_the_panel_and_no_other(line: Line) -> None:
    found = line.panel.read(["firm_id", "year"]).to_pandas()
    assert found["firm_id"].tolist() == line.true_years["firm_id"].tolist()
    assert found["year"].tolist() == line.true_years["year"].tolist()


def test_drawn_clusters_and_regions_are_the_true_ones_but_for_misplaced_addresses(line: Line) -> None:
    found = line.panel.read(["in_cluster", "region_code", "industry_code"]).to_pandas()
    assert (found["industry_code"] == line.true_years["industry_code"]).all()
    assert (found["in_cluster"] == line.true_years["in_cluster"]).mean() > 0.97
    assert (found["region_code"] == line.true_years["region_code"]).mean() > 0.97


def test_wages_of_the_panel_are_the_true_ones_and_noise(line: Line) -> None:
    noise = (
        line.panel.read(["log_wage_crowns"]).to_pandas()["log_wage_crowns"] - line.true_years["log_wage_true"]
    )
    assert noise.std() == pytest.approx(0.08, rel=0.05)
    assert 0.005 < noise.isna().mean() < 0.03


@pytest.mark.parametrize(
    ("design", "outcome"),
    [
        ("wage_within", "log_wage_crowns"),
        ("revenue_within", "log_revenue_crowns"),
        ("growth_within", "growth_dhs"),
    ],
)
def test_within_estimates_find_the_true_effects(line: Line, design: str, outcome: str) -> None:
    found, error = line.estimate_of(design)
    assert abs(found - line.truth["true_effects"][outcome]) < STANDARD_ERRORS * error


@pytest.mark.parametrize(
    ("name", "pooled", "outcome"),
    [
        ("sorting_wage", "wage_pooled", "log_wage_crowns"),
        ("sorting_revenue", "revenue_pooled", "log_revenue_crowns"),
    ],
)
def test_contrasts_find_the_true_gaps(line: Line, name: str, pooled: str, outcome: str) -> None:
    gap, error = line.estimate_of(name, term=name)
    assert abs(gap - line.truth["true_gaps"][outcome]) < STANDARD_ERRORS * error
    biased, pooled_error = line.estimate_of(pooled)
    assert biased > line.truth["true_effects"][outcome] + STANDARD_ERRORS * pooled_error


def test_the_hazard_mixes_the_effect_with_ability(line: Line) -> None:
    found, error = line.estimate_of("exit_cloglog")
    # 0.8 standard deviations of ability, worth 0.15 each.
    assert abs(found - (line.truth["true_effects"]["is_exit"] - 0.8 * 0.15)) < STANDARD_ERRORS * error


def test_fewer_firms_in_clusters_exit_at_every_age(line: Line) -> None:
    curves = line.results["survival"]
    assert isinstance(curves, SurvivalCurves)
    survival = curves.curve.pivot_table(index="time", columns="group", values="survival").loc[5:20]
    assert (survival["yes"] > survival["no"]).all()
