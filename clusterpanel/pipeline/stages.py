"""What a study's run consists of: its stages in order, and what each depends on; not how it is done."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from clusterpanel.spec.input_files import InputSpec, named_files
from clusterpanel.spec.study import Study


@dataclass(frozen=True)
class Stage:
    """One step of a run whose files are stored.

    Attributes
    ----------
    name : str
        Such as ``panel`` or ``design-wage_within``.
    rules : str
        The parts of the spec the stage depends on, as text.
    rooms : tuple of str
        The package's folders whose code the stage runs beyond those of its inputs.
    inputs : tuple of str
        The stages it depends on.
    files : tuple of Path
        The input files it reads.
    """

    name: str
    rules: str
    rooms: tuple[str, ...]
    inputs: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()


def plan_stages(study: Study) -> tuple[Stage, ...]:
    """Return the stages of a study in the order they run."""
    before_results = (*_table_stages(study), *_weight_stages(study))
    results = (*_design_stages(study), *_contrast_stages(study), *_profile_stages(study))
    return (*before_results, *results, _report_stage(study, (*before_results, *results)))


def _table_stages(study: Study) -> tuple[Stage, ...]:
    years = [study.panel.first_year, study.panel.last_year]
    return (
        Stage(
            "ingest",
            _rules(years, study.sources),
            ("spec", "engine", "registry"),
            files=_files(study, study.sources),
        ),
        Stage(
            "geocode",
            _rules(study.places),
            ("geocode",),
            ("ingest",),
            _files(study, study.places),
        ),
        Stage(
            "clusters",
            _rules(study.cluster_spec, study.places),
            ("clusters",),
            ("ingest", "geocode"),
            _files(study, (study.cluster_spec,)),
        ),
        Stage(
            "panel",
            _rules(study.panel, study.cluster_spec),
            ("panel",),
            ("ingest", "geocode", "clusters"),
        ),
    )


def _files(study: Study, specs: Iterable[InputSpec]) -> tuple[Path, ...]:
    return tuple(study.folder_of(spec.name) / file for spec in specs for _, file in named_files(spec))


def _weight_stages(study: Study) -> Iterable[Stage]:
    if study.spec.weights:
        yield Stage("weights", _rules(study.spec.weights), ("models", "designs"), ("panel",))


def _panel_stages(study: Study) -> tuple[str, ...]:
    """Return the stages that what is estimated hangs on."""
    return ("panel", *(stage.name for stage in _weight_stages(study)))


def _design_stages(study: Study) -> Iterable[Stage]:
    for design in study.designs:
        yield Stage(f"design-{design.name}", _rules(design), ("models", "designs"), _panel_stages(study))


def _contrast_stages(study: Study) -> Iterable[Stage]:
    for spec in study.spec.contrasts:
        inputs = tuple(dict.fromkeys(f"design-{term.design}" for term in spec.terms))
        yield Stage(f"contrast-{spec.name}", _rules(spec), ("models", "designs"), inputs)


def _profile_stages(study: Study) -> Iterable[Stage]:
    designs = {design.name: design for design in study.designs}
    for profile in study.spec.profiles:
        design = designs[profile.design]
        rules = _rules(profile, design, study.cluster_spec)
        yield Stage(f"profile-{profile.name}", rules, ("models", "designs"), _panel_stages(study))


def _report_stage(study: Study, before: tuple[Stage, ...]) -> Stage:
    rules = _rules(study.spec, study.sources, study.places, study.cluster_spec)
    names = tuple(stage.name for stage in before)
    # The map draws the zonings' borders from their own files.
    files = _files(study, study.zonings)
    return Stage("report", rules, ("report",), names, files)


def _rules(*parts: object) -> str:
    return json.dumps([_as_json(part) for part in parts], sort_keys=True)


def _as_json(part: object) -> object:
    if isinstance(part, BaseModel):
        return part.model_dump(mode="json")
    return [_as_json(item) for item in part] if isinstance(part, list | tuple) else part
