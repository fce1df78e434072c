"""A study of one small source, made of the tables a test gives."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clusterpanel.spec.clusters import ClusterSpec
from clusterpanel.spec.source import SourceSpec
from clusterpanel.spec.study import Study, StudySpec

MakeStudy = Callable[..., Study]


@pytest.fixture
def make_study(tmp_path: Path) -> MakeStudy:
    """Return a function that makes a study of the files in the test's folder."""

    def study(
        *tables: dict[str, Any], share: float = 1.0, first_year: int = 2000, last_year: int = 2010
    ) -> Study:
        words = {"name": "small", "title": "Small", "origin": "a test", "licence": "CC0-1.0"}
        source = SourceSpec.model_validate({**words, "max_quarantined_share": share, "tables": list(tables)})
        draw = {"method": "dbscan", "eps_km": 5, "minimum_members": 2}
        clusters = ClusterSpec.model_validate({"name": "c", "title": "C", "draw": draw, "vintages": [2001]})
        design = {"name": "pooled", "comparison": "pooled", "outcome": "growth_log", "exposure": "in_cluster"}
        panel = {"first_year": first_year, "last_year": last_year, "size": "employment"}
        spec = StudySpec.model_validate(
            {
                "name": "study",
                "title": "Study",
                "sources": ["small"],
                "clusters": "c",
                "panel": panel,
                "designs": [design],
            }
        )
        return Study(tmp_path / "study.toml", spec, (source,), (), clusters, {"small": tmp_path})

    return study
