"""What `check` tells: what the data are like, and exactly what a run would do with them."""

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from clusterpanel.cli.progress import waiting
from clusterpanel.cli.screen import say, say_prose, show_table
from clusterpanel.designs.combination import effects_of
from clusterpanel.engine.limits import Limits, work_within
from clusterpanel.engine.sample_flow import FlowStep
from clusterpanel.geocode.geocode import geocode
from clusterpanel.pipeline.stages import plan_stages
from clusterpanel.registry.ingest import ingest
from clusterpanel.registry.registry import Registry
from clusterpanel.spec.columns import radius_label
from clusterpanel.spec.design import DesignSpec
from clusterpanel.spec.estimators import estimator_of
from clusterpanel.spec.study import Study
from clusterpanel.spec.vcov import GroupedVcov

FIRM = "firm_id"
FLOW_COLUMNS = ("stage", "step", "table", "rows in", "made", "set aside", "rows out", "reason")
FAULT_COLUMNS = ("source", "table", "file", "column", "reason")


def check_study(study: Study, limits: Limits) -> None:
    """Ingest and geocode in a temporary folder; print what came of it and what a run would do.

    Raises
    ------
    ClusterpanelError
        Whatever a run would raise up to there.
    """
    with TemporaryDirectory(prefix="clusterpanel-") as folder:
        place = Path(folder)
        (place / "spill").mkdir()
        with work_within(Limits(limits.memory, limits.threads, place / "spill")):
            with waiting("reading the registers"):
                registers = ingest(study, place / "ingest")
            with waiting("geocoding the sites"):
                registry = geocode(study, registers, place / "geocode")
        _show_data(registry)
    _show_plan(study)


def _show_data(registry: Registry) -> None:
    show_table("Sample flow so far", FLOW_COLUMNS, [_flow_row(step) for step in registry.flow])
    _show_quarantine(registry)
    points = registry.read("site_points").select(["status", "match_level"]).to_pylist()
    levels = Counter((row["status"], row["match_level"]) for row in points)
    placed = [(*key, count) for key, count in sorted(levels.items(), key=lambda item: -item[1])]
    show_table("Site-years placed", ("status", "by", "site-years"), placed)


def _flow_row(step: FlowStep) -> tuple[str | int, ...]:
    counts = (step.rows_in, step.rows_made, step.rows_set_aside, step.rows_out)
    return (step.stage, step.step, step.table, *counts, step.reason)


def _show_quarantine(registry: Registry) -> None:
    faults = registry.read("quarantine").select(list(FAULT_COLUMNS)).to_pylist()
    counts = Counter(tuple("" if value is None else str(value) for value in row.values()) for row in faults)
    if counts:
        rows = [(*key, count) for key, count in sorted(counts.items())]
        show_table("Quarantine", (*FAULT_COLUMNS, "faults"), rows)
    else:
        say("Quarantine: no row is set aside for a fault.\n")


def _show_plan(study: Study) -> None:
    stages = ", ".join(stage.name for stage in plan_stages(study))
    say_prose(f"A run of {study.name} takes these stages: {stages}.\n")
    columns = ("design", "estimator", "outcome", "exposure", "controls", "effects", "errors", "rows")
    show_table("Designs", columns, [_design_row(design) for design in study.designs])
    contrasts = [
        (c.name, " ".join(f"{term.weight:+g} {term.design}" for term in c.terms))
        for c in study.spec.contrasts
    ]
    show_table("Contrasts", ("contrast", "is"), contrasts)
    radii = ", ".join(radius_label(radius).replace("_", ".") for radius in study.cluster_spec.radii_km)
    profiles = [(p.name, p.design, p.measure, f"{radii} km") for p in study.spec.profiles]
    show_table("Profiles", ("profile", "design", "exposure", "within"), profiles)
    show_table("Exhibits", ("exhibit", "shows"), exhibits_of(study))


def _design_row(design: DesignSpec) -> tuple[str, ...]:
    effects = effects_of(design, FIRM)
    where = "; ".join(f"{name} in {', '.join(map(str, values))}" for name, values in design.where.items())
    return (
        design.name,
        f"{design.comparison} {design.estimator}",
        design.outcome,
        design.exposure,
        ", ".join(design.controls) or "none",
        ", ".join(effects) or "none",
        _errors(design),
        where or "all",
    )


def _errors(design: DesignSpec) -> str:
    if estimator_of(design).is_curve:
        return "Greenwood"
    if isinstance(design.vcov, str):
        return design.vcov
    if isinstance(design.vcov, GroupedVcov):
        return f"grouped by {' and '.join(design.vcov.ways)}"
    told = design.vcov.model_dump(exclude_defaults=True)
    return ", ".join(f"{key} {value}" for key, value in told.items())


def exhibits_of(study: Study) -> list[tuple[str, str]]:
    """Return the exhibits the report would have, and what each shows."""
    curves = [design.name for design in study.designs if estimator_of(design).is_curve]
    estimates = [design.name for design in study.designs if design.name not in curves]
    exhibits = [
        ("sample_flow", "rows in, out and set aside at every step"),
        ("geocoding_by_year, geocoding_by_region", "how sites were placed, by year and by region"),
        ("coordinate_faults", "what is wrong with supplied coordinates"),
        ("map, largest_clusters", f"sites and clusters drawn by {study.cluster_spec.draw.method}"),
    ]
    if study.spec.report.describe:
        exhibits.append(("descriptives", ", ".join(study.spec.report.describe)))
    for design in study.designs:
        if design.estimator == "kaplan_meier":
            exhibits.append((f"survival_{design.name}", "survival by exposure"))
        elif design.name in curves:
            exhibits.append((f"incidence_{design.name}_1, ...", f"exits by {design.cause} and exposure"))
    if estimates:
        exhibits.append(("estimates, regressions", ", ".join(estimates)))
    exhibits += [(f"profile_{profile.name}", profile.title) for profile in study.spec.profiles]
    if study.spec.contrasts:
        exhibits.append(("sorting_gap", ", ".join(contrast.title for contrast in study.spec.contrasts)))
    return exhibits
