"""Shipped specs are found installed and in the repository, and shown without paths of the machine."""

import shutil
from pathlib import Path

import pytest

from clusterpanel.errors import SpecError
from clusterpanel.spec import shipped
from clusterpanel.spec.read import read_study

SMALL = Path(__file__).resolve().parents[2] / "fixtures" / "good_specs" / "small"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the specs inside a package that was installed with the small study as its own."""
    package = tmp_path / "site-packages" / "clusterpanel"
    shutil.copytree(SMALL, package / "data_specs")
    monkeypatch.setattr(shipped, "PACKAGE", package)
    monkeypatch.chdir(tmp_path)
    return package / "data_specs"


def test_specs_inside_the_package_come_first(installed: Path) -> None:
    assert shipped.shipped_specs() == installed
    assert shipped.shipped_studies() == ("small",)
    assert read_study("small").sources[0].name == "small"


def test_without_specs_inside_the_package_those_of_the_repository_are_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipped, "PACKAGE", tmp_path / "clusterpanel")

    assert shipped.shipped_specs() == tmp_path / "data_specs"
    assert shipped.shipped_studies() == ()


def test_a_study_of_ones_own_may_use_shipped_specs(installed: Path, tmp_path: Path) -> None:
    study = tmp_path / "mine.toml"
    study.write_bytes((installed / "studies" / "small.toml").read_bytes())

    assert read_study("mine.toml").cluster_spec.name == "small"


def test_faults_of_shipped_specs_name_no_folder_of_the_machine(installed: Path, tmp_path: Path) -> None:
    for kind in ("studies", "sources", "clusters"):
        path = installed / kind / "small.toml"
        path.write_text(f"{path.read_text()}\n[nonsense]\n")

    with pytest.raises(SpecError) as caught:
        read_study("small")

    assert [fault.file for fault in caught.value.faults] == [
        "data_specs/studies/small.toml",
        "data_specs/sources/small.toml",
        "data_specs/clusters/small.toml",
    ]
    assert str(tmp_path) not in str(caught.value)
