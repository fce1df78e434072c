"""Each bad register ends in its own clear error and exit code, names no firm, and leaves nothing behind."""

import tomllib
from pathlib import Path

import pytest

from clusterpanel.errors import ClusterpanelError
from clusterpanel.registry.ingest import ingest
from clusterpanel.spec.clusters import ClusterSpec
from clusterpanel.spec.source import SourceSpec
from clusterpanel.spec.study import Study, StudySpec

REGISTERS = Path(__file__).parents[1] / "fixtures" / "registers"
BAD = sorted(folder.name for folder in (REGISTERS / "bad").iterdir())
CLUSTERS = {
    "name": "some",
    "title": "Some clusters",
    "draw": {"method": "dbscan", "eps_km": 5, "minimum_members": 2},
    "vintages": [2001],
}
DESIGN = {"name": "pooled", "comparison": "pooled", "outcome": "growth_log", "exposure": "in_cluster"}


def study_of(folder: Path, first_year: int, last_year: int) -> Study:
    own = folder / "source.toml"
    text = (own if own.exists() else REGISTERS / "good" / "source.toml").read_text(encoding="utf-8")
    source = SourceSpec.model_validate(tomllib.loads(text))
    panel = {"first_year": first_year, "last_year": last_year, "size": "employment"}
    spec = StudySpec.model_validate(
        {
            "name": "bad",
            "title": "Bad registers",
            "sources": [source.name],
            "clusters": "some",
            "panel": panel,
            "designs": [DESIGN],
        }
    )
    clusters = ClusterSpec.model_validate(CLUSTERS)
    return Study(folder / "study.toml", spec, (source,), (), clusters, {source.name: folder})


@pytest.mark.parametrize("case", BAD)
def test_a_bad_register_has_its_own_error_and_leaves_nothing(case: str, tmp_path: Path) -> None:
    folder = REGISTERS / "bad" / case
    expected = tomllib.loads((folder / "expected.toml").read_text(encoding="utf-8"))
    output = tmp_path / "output"

    with pytest.raises(ClusterpanelError) as raised:
        ingest(study_of(folder, expected["first_year"], expected["last_year"]), output)

    message = str(raised.value)
    assert raised.value.exit_code == expected["exit_code"], message
    assert [text for text in expected["texts"] if text not in message] == [], message
    assert raised.value.faults
    assert "firm90" not in message
    assert "site90" not in message
    assert str(tmp_path.parent) not in message
    assert not output.exists()


def test_the_good_register_beside_them_is_read(tmp_path: Path) -> None:
    registry = ingest(study_of(REGISTERS / "good", 2000, 2010), tmp_path)
    assert registry.read("sites").num_rows == 4
    assert registry.read("quarantine").num_rows == 0
