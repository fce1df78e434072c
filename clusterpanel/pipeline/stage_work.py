"""The work of each stage: nouns from the store in, files of the next noun out."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from clusterpanel.clusters.draw import draw_clusters
from clusterpanel.designs.contrast import contrast
from clusterpanel.designs.estimate import estimate
from clusterpanel.designs.panel_weights import write_weighted_panel
from clusterpanel.designs.profile import estimate_profile
from clusterpanel.errors import SpecError
from clusterpanel.geocode.geocode import geocode
from clusterpanel.models.result import Result
from clusterpanel.panel.assemble import build_panel
from clusterpanel.pipeline.failures import NO_ANSWER, Failure, failure_of, write_failure
from clusterpanel.pipeline.result_files import load_result, save_result
from clusterpanel.pipeline.workplace import Workplace
from clusterpanel.registry.ingest import ingest
from clusterpanel.report.document import write_report
from clusterpanel.spec.design import ContrastSpec, DesignSpec, ProfileSpec
from clusterpanel.spec.study import Study

Work = Callable[[Workplace, Path], None]


def work_of_stages(study: Study) -> dict[str, Work]:
    """Return what writes a stage's files into a folder, by the names `plan_stages` gives the stages.

    It stands apart from the plan, so that who only asks for states does not load the rooms.
    """
    designs = {design.name: design for design in study.designs}
    profiles = {
        f"profile-{p.name}": partial(estimate_radii, p, designs[p.design]) for p in study.spec.profiles
    }
    return {
        "ingest": ingest_registers,
        "geocode": geocode_sites,
        "clusters": draw_map,
        "panel": assemble_panel,
        "weights": weigh_panel,
        **{f"design-{name}": partial(estimate_design, design) for name, design in designs.items()},
        **{f"contrast-{spec.name}": partial(contrast_designs, spec) for spec in study.spec.contrasts},
        **profiles,
        "report": write_pages,
    }


def ingest_registers(place: Workplace, folder: Path) -> None:
    """Write the registry."""
    ingest(place.study, folder)


def geocode_sites(place: Workplace, folder: Path) -> None:
    """Write the sites' points."""
    geocode(place.study, place.registers, folder)


def draw_map(place: Workplace, folder: Path) -> None:
    """Write the cluster map."""
    draw_clusters(place.study, place.registry, folder)


def assemble_panel(place: Workplace, folder: Path) -> None:
    """Write the panel."""
    build_panel(place.study, place.registry, place.clusters, folder)


def weigh_panel(place: Workplace, folder: Path) -> None:
    """Write the panel with the study's columns of weights."""
    write_weighted_panel(place.study.spec.weights, place.unweighted_panel, folder)


def estimate_design(design: DesignSpec, place: Workplace, folder: Path) -> None:
    """Write a design's result, or why it has none."""
    try:
        save_result(estimate(design, place.panel), folder)
    except NO_ANSWER as error:
        write_failure(design.name, failure_of(error), folder)


def contrast_designs(spec: ContrastSpec, place: Workplace, folder: Path) -> None:
    """Write a contrast's result, or why it has none.

    Raises
    ------
    SpecError
        A design of the contrast gives curves, which cannot be added.
    """
    missing = {
        term.design: place.failures[term.design] for term in spec.terms if term.design in place.failures
    }
    if missing:
        worst = max(missing.values(), key=lambda failure: failure.exit_code)
        reason = f"{', '.join(missing)}: {worst.kind}"
        return write_failure(spec.name, Failure(reason, worst.exit_code), folder)
    terms: list[tuple[float, Result]] = []
    for term in spec.terms:
        result = load_result(term.design, place.folders[f"design-{term.design}"])
        if not isinstance(result, Result):
            hint = "Name only designs whose estimator gives coefficients."
            raise SpecError(f"contrast {spec.name}: {term.design} gives curves, not a coefficient", hint=hint)
        terms.append((term.weight, result))
    try:
        save_result(contrast(spec.name, terms), folder)
    except NO_ANSWER as error:
        write_failure(spec.name, failure_of(error), folder)
    return None


def estimate_radii(profile: ProfileSpec, design: DesignSpec, place: Workplace, folder: Path) -> None:
    """Write the results of a design at every radius, or why the profile has none."""
    try:
        results = estimate_profile(profile, design, place.study.cluster_spec, place.panel)
    except NO_ANSWER as error:
        return write_failure(profile.name, failure_of(error), folder)
    for result in results.values():
        save_result(result, folder)
    return None


def write_pages(place: Workplace, folder: Path) -> None:
    """Write the report."""
    write_report(
        place.study,
        place.registry,
        place.clusters,
        place.panel,
        place.results,
        folder,
        failures=place.reasons,
    )
