"""Assemble the panel: registers, points and exposure as one row per firm and year."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow.parquet as pq

from clusterpanel.clusters.cluster_map import ClusterMap
from clusterpanel.clusters.exposure import measure_exposure
from clusterpanel.engine.firm_blocks import ROWS_PER_BLOCK
from clusterpanel.engine.table_folder import TableFolder
from clusterpanel.panel.firm_years import write_firm_years
from clusterpanel.panel.panel import Panel
from clusterpanel.registry.registry import Registry
from clusterpanel.spec.study import Study

PANEL_FILE = "panel.parquet"


def build_panel(
    study: Study,
    registry: Registry,
    clusters: ClusterMap,
    folder: Path | None = None,
    rows_per_block: int = ROWS_PER_BLOCK,
) -> Panel:
    """Build one row per firm and year in which the firm has a site.

    Parameters
    ----------
    study : Study
    registry : Registry
        Geocoded: it has ``site_points``.
    clusters : ClusterMap
    folder : Path, optional
        Where ``panel.parquet`` and ``sample_flow.parquet`` are written; a new temporary folder if left out.
    rows_per_block : int
        About how many rows a row group holds; it splits no firm.

    Returns
    -------
    Panel
        Sorted by firm_id and year, with the columns of `clusterpanel.spec.columns.panel_columns`.

    Raises
    ------
    MissingInputError
        A table the panel needs is not in the registry.
    """
    tables = TableFolder.at(folder)
    inputs = {name: registry.tables.path_of(name) for name in ("sites", "site_points")}
    optional = ("firms", "accounts", *(("flows",) if study.panel.continuity else ()))
    for name in optional:
        if registry.tables.has(name):
            inputs[name] = registry.tables.path_of(name)
    with TemporaryDirectory(dir=tables.paths[-1], prefix=".part-") as scratch:
        inputs["exposure"] = Path(scratch) / "exposure.parquet"
        pq.write_table(measure_exposure(study, registry, clusters), inputs["exposure"])
        tables.write_flow(write_firm_years(study, inputs, tables.paths[-1] / PANEL_FILE, rows_per_block))
    return open_panel(registry, clusters, tables.paths[-1])


def open_panel(registry: Registry, clusters: ClusterMap, folder: Path) -> Panel:
    """Open the panel that `build_panel` wrote to `folder`, with the whole flow that led to it."""
    steps = (*registry.flow, *clusters.flow, *TableFolder((folder,)).read_flow())
    # A cluster map may carry the registry's flow as well as its own; each step is told once.
    return Panel.open(folder / PANEL_FILE, tuple(dict.fromkeys(steps)))
