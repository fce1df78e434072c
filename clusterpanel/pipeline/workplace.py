"""What a stage finds when it starts: the study, and the nouns earlier stages left in the store."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from clusterpanel.clusters.cluster_map import ClusterMap
from clusterpanel.engine.table_folder import TableFolder
from clusterpanel.models.result import Result, SurvivalCurves
from clusterpanel.panel.assemble import PANEL_FILE, open_panel
from clusterpanel.panel.panel import Panel
from clusterpanel.pipeline.failures import Failure, read_failures
from clusterpanel.pipeline.result_files import load_results
from clusterpanel.registry.registry import Registry
from clusterpanel.spec.study import Study


@dataclass(frozen=True)
class Workplace:
    """The study and the folders of its finished stages.

    Attributes
    ----------
    study : Study
    folders : mapping of str to Path
        The folder of each finished stage, in the order they ran.
    """

    study: Study
    folders: Mapping[str, Path]

    @property
    def registers(self) -> Registry:
        """The registry before geocoding."""
        return Registry(TableFolder((self.folders["ingest"],)))

    @property
    def registry(self) -> Registry:
        """The registry, geocoded."""
        return Registry(TableFolder((self.folders["ingest"], self.folders["geocode"])))

    @property
    def clusters(self) -> ClusterMap:
        """The cluster map."""
        return ClusterMap(TableFolder((self.folders["clusters"],)))

    @property
    def panel(self) -> Panel:
        """The panel that designs are estimated on, with the study's columns of weights."""
        panel = self.unweighted_panel
        if "weights" not in self.folders:
            return panel
        folder = self.folders["weights"]
        return Panel.open(folder / PANEL_FILE, (*panel.flow, *TableFolder((folder,)).read_flow()))

    @property
    def unweighted_panel(self) -> Panel:
        """The panel as it was assembled."""
        return open_panel(self.registry, self.clusters, self.folders["panel"])

    @property
    def results(self) -> dict[str, Result | SurvivalCurves]:
        """Every result by label: designs, contrasts and profiles, in the study's order."""
        loaded = [load_results(folder) for folder in self._result_folders()]
        return {label: result for results in loaded for label, result in results.items()}

    @property
    def failures(self) -> dict[str, Failure]:
        """Why each design, contrast or profile without a result has none, by its name."""
        found = [read_failures(folder) for folder in self._result_folders()]
        return {name: failure for failures in found for name, failure in failures.items()}

    @property
    def reasons(self) -> dict[str, str]:
        """The failures in words."""
        return {name: failure.reason for name, failure in self.failures.items()}

    def _result_folders(self) -> list[Path]:
        kinds = ("design-", "contrast-", "profile-")
        return [folder for name, folder in self.folders.items() if name.startswith(kinds)]
