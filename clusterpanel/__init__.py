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

`run_study` walks it whole and can be stopped and resumed. The names are those of `__init__.pyi`; each is
imported when it is first used.
"""

import sys
from types import ModuleType

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


class _Package(ModuleType):
    """The package, in which a verb hides the room of the same name: `geocode` is always the function."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in __all__ and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
