"""Check the files of a study against each other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from clusterpanel.errors import Fault
from clusterpanel.spec.cluster_checks import check_cluster_columns, check_clusters, check_clusters_in_study
from clusterpanel.spec.clusters import ClusterSpec
from clusterpanel.spec.columns import panel_columns
from clusterpanel.spec.design_checks import check_design_columns, check_designs
from clusterpanel.spec.parse import SpecFile
from clusterpanel.spec.places import GazetteerSpec, PlacesSpec, ZoningSpec
from clusterpanel.spec.places_checks import check_places
from clusterpanel.spec.source import SourceSpec
from clusterpanel.spec.source_checks import SITE_COORDINATES, check_source
from clusterpanel.spec.study import PanelSpec, StudySpec
from clusterpanel.spec.study_checks import (
    check_contrast_outcomes,
    check_panel,
    check_profile_measures,
    check_study,
)
from clusterpanel.spec.weights_checks import check_weights


@dataclass(frozen=True)
class StudyFiles:
    """The files of a study as far as they could be read.

    Attributes
    ----------
    study : SpecFile of StudySpec
    sources, places : tuples of SpecFile
    clusters : SpecFile of ClusterSpec, or None where it was not found
    is_complete : bool
        Whether every spec the study names was found.
    """

    study: SpecFile[StudySpec]
    sources: tuple[SpecFile[SourceSpec], ...]
    places: tuple[SpecFile[PlacesSpec], ...]
    clusters: SpecFile[ClusterSpec] | None
    is_complete: bool

    @property
    def specs(self) -> tuple[SpecFile[SourceSpec] | SpecFile[PlacesSpec] | SpecFile[ClusterSpec], ...]:
        """Every file but the study's own."""
        return (*self.sources, *self.places, *((self.clusters,) if self.clusters else ()))


def cross_check(files: StudyFiles) -> Iterator[Fault]:
    """Yield every fault of content: inside each file, then between files.

    What hangs on a file or key that is itself at fault is not checked, so that one mistake is told once.
    """
    yield from check_study(files.study)
    yield from check_designs(files.study)
    for source in files.sources:
        yield from check_source(source)
    for place in files.places:
        yield from check_places(place)
    yield from _check_spec_names(files.sources)
    yield from _check_spec_names(files.places)
    if files.clusters:
        yield from check_clusters(files.clusters)
        yield from check_clusters_in_study(files.clusters, _panel_years(files), _zonings(files))
    if files.is_complete:
        yield from _check_sites(files)
        yield from _check_continuity(files)
        yield from _check_columns(files)


def _panel_years(files: StudyFiles) -> PanelSpec | None:
    panel = files.study.model.panel if files.study.model else None
    return panel if panel and panel.first_year <= panel.last_year else None


def _zonings(files: StudyFiles) -> Sequence[str] | None:
    models = [place.model for place in files.places]
    if not files.is_complete or None in models:
        return None
    return [model.name for model in models if isinstance(model, ZoningSpec)]


def _check_spec_names(
    files: Sequence[SpecFile[SourceSpec]] | Sequence[SpecFile[PlacesSpec]],
) -> Iterator[Fault]:
    taken: dict[str, str] = {}
    for file in files:
        if file.model is None:
            continue
        name = file.model.name
        if taken.get(name, file.shown) != file.shown:
            yield file.fault(("name",), f'"{name}", the name of {taken[name]} too', "a name of its own")
        taken.setdefault(name, file.shown)


def _check_sites(files: StudyFiles) -> Iterator[Fault]:
    """Yield the faults of a study that has no sites, or no way to place them."""
    if not all(file.model for file in (*files.sources, *files.places)):
        return
    tables = [table for file in files.sources if file.model for table in file.model.tables]
    sites = [table for table in tables if table.table == "sites"]
    if not sites:
        yield files.study.fault_of(("sources",), "a source with a table of sites")
    mapped = [{column.to for column in table.columns} for table in sites]
    is_placed = all(any(set(pair) <= names for pair in SITE_COORDINATES) for names in mapped)
    if not is_placed and not any(isinstance(file.model, GazetteerSpec) for file in files.places):
        yield files.study.fault_of(("places",), "a gazetteer, since the sites bring no coordinates")


def _check_continuity(files: StudyFiles) -> Iterator[Fault]:
    """Yield the faults of a rule of continuity whose workers, or whose firms' staff, no source tells."""
    study, sources = files.study, [file.model for file in files.sources if file.model]
    if study.model is None or study.model.panel.continuity is None or len(sources) < len(files.sources):
        return
    mapped = {(table.table, column.to) for one in sources for table in one.tables for column in table.columns}
    place = ("panel", "continuity")
    if ("flows", "workers") not in mapped:
        yield study.fault(place, "no source with a table of flows", "a table flows with workers")
    if not mapped & {("sites", "employment"), ("accounts", "employment")}:
        yield study.fault(place, "no source with employment", "employment of sites or accounts")


def _check_columns(files: StudyFiles) -> Iterator[Fault]:
    study, clusters = files.study, files.clusters
    sources = [file.model for file in files.sources if file.model]
    if study.model is None or clusters is None or clusters.model is None:
        return
    if any(file.faults for file in (*files.sources, clusters)) or any(
        place[0] == "panel" for place in study.faults
    ):
        return
    yield from check_panel(study, sources, clusters.model)
    of_panel = list(panel_columns(study.model, sources, clusters.model))
    yield from check_weights(study, of_panel)
    columns = [*of_panel, *(weights.name for weights in study.model.weights)]
    yield from check_design_columns(study, columns)
    yield from check_contrast_outcomes(study, columns)
    yield from check_profile_measures(study, clusters.model)
    yield from check_cluster_columns(clusters, sources)
