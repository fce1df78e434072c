"""Tell whether firms do better because they are in a cluster, or are in it because they are better.

The package is one line, a function for each arrow::

    Study -> Registry -> ClusterMap -> Panel -> Design -> Result -> report

    study = read_study("studies/mine.toml")
    registry = geocode(study, ingest(study))
    clusters = draw_clusters(study, registry)
    panel = build_panel(study, registry, clusters)
    results = {design.name: estimate(design, panel) for design in study.designs}
    gap = contrast("sorting", [(1, results["pooled"]), (-1, results["within"])])
    write_report(study, registry, clusters, panel, results, folder)

`run_study` walks it whole and can be stopped and resumed. Every name is imported when it is first used.
"""

import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import TYPE_CHECKING

from clusterpanel.version import __version__

if TYPE_CHECKING:
    from clusterpanel.clusters.cluster_map import ClusterMap
    from clusterpanel.clusters.draw import draw_clusters
    from clusterpanel.clusters.exposure import measure_exposure
    from clusterpanel.designs.contrast import contrast
    from clusterpanel.designs.estimate import estimate
    from clusterpanel.designs.profile import estimate_profile
    from clusterpanel.geocode.geocode import geocode
    from clusterpanel.models.result import Result, SurvivalCurves
    from clusterpanel.panel.assemble import build_panel
    from clusterpanel.panel.panel import Panel
    from clusterpanel.pipeline.run import run_study
    from clusterpanel.registry.ingest import ingest
    from clusterpanel.registry.registry import Registry
    from clusterpanel.report.document import write_report
    from clusterpanel.simulate.dials import Dials
    from clusterpanel.simulate.register import simulate_register
    from clusterpanel.spec.design import DesignSpec
    from clusterpanel.spec.read import read_study
    from clusterpanel.spec.study import Study

__all__ = [
    "ClusterMap",
    "DesignSpec",
    "Dials",
    "Panel",
    "Registry",
    "Result",
    "Study",
    "SurvivalCurves",
    "__version__",
    "build_panel",
    "contrast",
    "draw_clusters",
    "estimate",
    "estimate_profile",
    "geocode",
    "ingest",
    "measure_exposure",
    "read_study",
    "run_study",
    "simulate_register",
    "write_report",
]


def _spec() -> Mapping[str, object]:
    from clusterpanel.spec.design import DesignSpec
    from clusterpanel.spec.read import read_study
    from clusterpanel.spec.study import Study

    return {"DesignSpec": DesignSpec, "Study": Study, "read_study": read_study}


def _registry() -> Mapping[str, object]:
    from clusterpanel.registry.ingest import ingest
    from clusterpanel.registry.registry import Registry

    return {"Registry": Registry, "ingest": ingest}


def _simulate() -> Mapping[str, object]:
    from clusterpanel.simulate.dials import Dials
    from clusterpanel.simulate.register import simulate_register

    return {"Dials": Dials, "simulate_register": simulate_register}


def _geocode() -> Mapping[str, object]:
    from clusterpanel.geocode.geocode import geocode

    return {"geocode": geocode}


def _clusters() -> Mapping[str, object]:
    from clusterpanel.clusters.cluster_map import ClusterMap
    from clusterpanel.clusters.draw import draw_clusters
    from clusterpanel.clusters.exposure import measure_exposure

    return {"ClusterMap": ClusterMap, "draw_clusters": draw_clusters, "measure_exposure": measure_exposure}


def _panel_noun() -> Mapping[str, object]:
    from clusterpanel.panel.panel import Panel

    return {"Panel": Panel}


def _panel() -> Mapping[str, object]:
    from clusterpanel.panel.assemble import build_panel

    return {"build_panel": build_panel}


def _results() -> Mapping[str, object]:
    from clusterpanel.models.result import Result, SurvivalCurves

    return {"Result": Result, "SurvivalCurves": SurvivalCurves}


def _designs() -> Mapping[str, object]:
    from clusterpanel.designs.contrast import contrast
    from clusterpanel.designs.estimate import estimate
    from clusterpanel.designs.profile import estimate_profile

    return {"contrast": contrast, "estimate": estimate, "estimate_profile": estimate_profile}


def _report() -> Mapping[str, object]:
    from clusterpanel.report.document import write_report

    return {"write_report": write_report}


def _pipeline() -> Mapping[str, object]:
    from clusterpanel.pipeline.run import run_study

    return {"run_study": run_study}


_LOADERS: Mapping[str, Callable[[], Mapping[str, object]]] = {
    "ClusterMap": _clusters,
    "DesignSpec": _spec,
    "Dials": _simulate,
    "Panel": _panel_noun,
    "Registry": _registry,
    "Result": _results,
    "Study": _spec,
    "SurvivalCurves": _results,
    "build_panel": _panel,
    "contrast": _designs,
    "draw_clusters": _clusters,
    "estimate": _designs,
    "estimate_profile": _designs,
    "geocode": _geocode,
    "ingest": _registry,
    "measure_exposure": _clusters,
    "read_study": _spec,
    "run_study": _pipeline,
    "simulate_register": _simulate,
    "write_report": _report,
}


def __getattr__(name: str) -> object:
    if name not in _LOADERS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _LOADERS[name]()[name]


def __dir__() -> list[str]:
    return sorted(__all__)


class _Package(ModuleType):
    """The package, in which a verb hides the room of the same name: `geocode` is always the function."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _LOADERS and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
