"""Small studies whose clusters can be worked out by hand."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from clusterpanel.clusters.cluster_map import ClusterMap
from clusterpanel.clusters.draw import draw_clusters
from clusterpanel.clusters.exposure import measure_exposure
from clusterpanel.engine.table_folder import TableFolder
from clusterpanel.registry.registry import Registry
from clusterpanel.spec.clusters import ClusterSpec
from clusterpanel.spec.design import DesignSpec
from clusterpanel.spec.places import PlacesSpec
from clusterpanel.spec.study import PanelSpec, Study, StudySpec

Drawn = tuple[ClusterMap, pd.DataFrame]
Draw = Callable[..., Drawn]
SPATIAL = ["latitude", "longitude", "region_code"]


def a_study(spec: ClusterSpec, folder: Path, places: tuple[PlacesSpec, ...] = ()) -> Study:
    design = DesignSpec(name="any", comparison="pooled", outcome="size", exposure="in_cluster")
    panel = PanelSpec(first_year=2000, last_year=2009, size="employment")
    study = StudySpec(
        name="small", title="Small", sources=("none",), clusters=spec.name, panel=panel, designs=(design,)
    )
    folders = dict.fromkeys([spec.name, *(place.name for place in places)], folder)
    return Study(folder / "study.toml", study, (), places, spec, folders)


def a_spec(draw: dict[str, Any], **more: Any) -> ClusterSpec:
    """A cluster spec of one vintage, 2001."""
    fields = {"name": "near", "title": "Near", "draw": draw, "vintages": (2001,), "radii_km": (5.0,)} | more
    return ClusterSpec.model_validate(fields)


@pytest.fixture
def drawn(tmp_path: Path) -> Draw:
    """Draw clusters of a frame of sites, and measure exposure sorted by site and year."""

    def run(
        sites: pd.DataFrame,
        spec: ClusterSpec,
        places: tuple[PlacesSpec, ...] = (),
        accounts: pd.DataFrame | None = None,
    ) -> Drawn:
        tables = TableFolder.at(tmp_path / "registry")
        spatial = [name for name in SPATIAL if name in sites.columns]
        table = pa.Table.from_pandas(sites.astype({"year": "int32"}), preserve_index=False)
        tables.write("sites", table.drop_columns(spatial))
        tables.write("site_points", table.select(["site_id", "year", *spatial]))
        if accounts is not None:
            tables.write("accounts", pa.Table.from_pandas(accounts, preserve_index=False))
        study, registry = a_study(spec, tmp_path, places), Registry(tables)
        clusters = draw_clusters(study, registry, tmp_path / "clusters")
        return clusters, measure_exposure(study, registry, clusters).to_pandas()

    return run
