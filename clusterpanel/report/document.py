"""Assemble the page and its exhibits, and write them whole or not at all."""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from clusterpanel.clusters.cluster_map import ClusterMap
from clusterpanel.errors import OutputError
from clusterpanel.panel.panel import Panel
from clusterpanel.registry.registry import Registry
from clusterpanel.report.cluster_table import clusters_exhibit
from clusterpanel.report.descriptive_table import descriptive_section
from clusterpanel.report.disclosure import Results, disclosable
from clusterpanel.report.distance_profile import profile_labels, profiles_section
from clusterpanel.report.drawing import inline_svg
from clusterpanel.report.estimate_tables import estimates_section, plain_results
from clusterpanel.report.exhibits import Exhibit, Section, manifest
from clusterpanel.report.facts import facts_section, is_simulated
from clusterpanel.report.flow_tables import flow_section
from clusterpanel.report.geocoding_tables import geocoding_section
from clusterpanel.report.glossary import glossary, named_columns
from clusterpanel.report.headline import headline
from clusterpanel.report.key_numbers import key_numbers
from clusterpanel.report.maps import map_exhibit
from clusterpanel.report.methods import methods
from clusterpanel.report.page_templates import environment
from clusterpanel.report.renderers import to_html
from clusterpanel.report.sorting_gap import gap_section
from clusterpanel.report.survival_section import survival_section
from clusterpanel.report.survivors_only import with_survivors
from clusterpanel.spec.study import Study
from clusterpanel.version import __version__

PAGE = "index.html"
MANIFEST = "exhibits.json"
NO_FAILURES: Mapping[str, str] = MappingProxyType({})


def write_report(  # noqa: PLR0917 - the nouns of the one line, in its order
    study: Study,
    registry: Registry,
    clusters: ClusterMap,
    panel: Panel,
    results: Results,
    folder: Path,
    failures: Mapping[str, str] = NO_FAILURES,
) -> Path:
    """Write the report: one self-contained page, and each exhibit as files.

    Parameters
    ----------
    study : Study
    registry : Registry
    clusters : ClusterMap
    panel : Panel
    results : mapping of str to Result or SurvivalCurves
        Designs, contrasts and the results of profiles, by label.
    folder : Path
        Becomes ``index.html``, ``exhibits.json`` and ``exhibits/``; an earlier report there is replaced.
    failures : mapping of str to str
        Why designs have no result, by label.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    DisclosureError
        The whole panel holds fewer firms than ``report.minimum_firms``.
    OutputError
        The folder holds something else, or cannot be written.
    """
    shown, refused = disclosable(study, with_survivors(study, panel, results))
    sections = page_sections(study, registry, clusters, panel, shown)
    exhibits = [exhibit for section in sections for exhibit in section.exhibits]
    files = {f"exhibits/{name}": text for exhibit in exhibits for name, text in exhibit.files().items()}
    files[MANIFEST] = json.dumps(manifest(exhibits, shown), indent=1, ensure_ascii=False) + "\n"
    page = (
        environment()
        .get_template("page.html")
        .render(
            study=study.spec,
            version=__version__,
            is_simulated=is_simulated(study),
            headline=headline(study, results, failures),
            key_numbers=key_numbers(study, shown),
            sections=sections,
            not_shown=sorted({**failures, **refused}.items()),
            methods=methods(study, registry, shown),
            exhibits=manifest(exhibits, shown),
            glossary=glossary(),
            columns=named_columns(study),
            to_html=to_html,
            inline=inline_figure,
        )
    )
    write_folder(folder, files | {PAGE: page})
    return folder / PAGE


def page_sections(
    study: Study, registry: Registry, clusters: ClusterMap, panel: Panel, results: Results
) -> list[Section]:
    """Return the page's sections with their exhibits, in order."""
    minimum = study.spec.report.minimum_firms
    radii = [label for profile in study.spec.profiles for label in profile_labels(study, profile)]
    apart = frozenset([*radii, *(contrast.name for contrast in study.spec.contrasts)])
    everything = plain_results(results, frozenset())
    sections = [
        facts_section(study, registry, clusters, panel),
        flow_section(registry, clusters, panel, results),
        geocoding_section(registry, minimum),
        clusters_section(study, registry, clusters),
        descriptive_section(study, panel),
        survival_section(study, results),
        estimates_section(study, plain_results(results, apart)),
        profiles_section(study, everything),
        gap_section(study, everything),
    ]
    return [section for section in sections if section is not None]


def clusters_section(study: Study, registry: Registry, clusters: ClusterMap) -> Section:
    """Return the section with the map and the largest clusters."""
    found = clusters_exhibit(clusters, registry, study.spec.report.minimum_firms)
    drawn = map_exhibit(study, registry, clusters)
    return Section("clusters", "Sites and clusters", (), (drawn, found) if drawn else (found,))


def inline_figure(exhibit: Exhibit) -> Any:
    """Return an exhibit's figure as markup for the page: made by us, so not escaped."""
    from markupsafe import Markup

    return Markup(inline_svg(exhibit.figure or "", exhibit.name))  # noqa: S704


def write_folder(folder: Path, files: Mapping[str, str]) -> None:
    """Write text files to a folder beside, and give it the folder's name once all are there.

    Raises
    ------
    OutputError
        The folder holds something that is not a report, or cannot be written.
    """
    if folder.exists() and not is_report(folder):
        raise OutputError(
            f"{folder.name} holds something that is not a report", hint="Name an empty or a new folder."
        )
    beside, before = (folder.with_name(f".{folder.name}.{part}") for part in ("part", "old"))
    try:
        _remove([beside, before])
        for name, text in sorted(files.items()):
            (beside / name).parent.mkdir(parents=True, exist_ok=True)
            (beside / name).write_text(text, encoding="utf-8", newline="\n")
        if folder.exists():
            folder.rename(before)
        beside.rename(folder)
        _remove([before])
    except OSError as error:
        _remove([beside])
        raise OutputError(
            f"the report cannot be written: {error.strerror}", hint="Check space and rights."
        ) from error


def is_report(folder: Path) -> bool:
    """Say whether a folder is empty or holds an earlier report, and so may be replaced."""
    return folder.is_dir() and (not any(folder.iterdir()) or (folder / MANIFEST).exists())


def _remove(folders: Sequence[Path]) -> None:
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
