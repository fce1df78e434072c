"""Where data files are looked for, and how it is told that they are missing."""

from pathlib import Path

import pytest

from clusterpanel.errors import MissingInputError, SpecError
from clusterpanel.spec.read import read_study


@pytest.fixture
def study(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the study's path, seen from an empty current folder."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    for name in ("SMALL", "SMALL_GAZETTEER", "SMALL_ZONING"):
        monkeypatch.delenv(f"CLUSTERPANEL_DATA_{name}", raising=False)
    return small / "studies" / "small.toml"


def test_folder_data_beside_the_study_is_used(study: Path) -> None:
    folders = read_study(study, check_files=True).folders

    assert {folder.resolve() for folder in folders.values()} == {study.parent.parent.resolve() / "data"}


def test_the_studys_own_folder_comes_before_the_folder_data(study: Path) -> None:
    (study.parent / "gazetteer.csv").write_bytes((study.parents[1] / "data" / "gazetteer.csv").read_bytes())

    folders = read_study(study, check_files=True).folders

    assert folders["small_gazetteer"] == study.parent
    assert folders["small"] == study.parents[1] / "data"


def test_a_folder_that_lacks_one_file_is_not_used(study: Path, tmp_path: Path) -> None:
    (study.parents[1] / "data").rename(tmp_path / "data")
    (study.parent / "firms.csv").touch()

    assert read_study(study).folders["small"] == Path()


def test_given_folder_comes_before_the_environment_and_that_before_the_rest(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLUSTERPANEL_DATA_SMALL", str(tmp_path / "environment"))
    monkeypatch.setenv("CLUSTERPANEL_DATA_SMALL_ZONING", str(tmp_path / "environment"))

    folders = read_study(study, {"small": tmp_path / "given"}).folders

    assert folders["small"] == tmp_path / "given"
    assert folders["small_zoning"] == tmp_path / "environment"
    assert folders["small_gazetteer"] == study.parents[1] / "data"


def test_every_missing_file_is_told_with_the_ways_to_give_it(study: Path, tmp_path: Path) -> None:
    (study.parents[1] / "data").rename(tmp_path / "data")

    with pytest.raises(MissingInputError) as caught:
        read_study(study, {"small_zoning": tmp_path / "nowhere"}, check_files=True)

    message = str(caught.value)
    assert caught.value.exit_code == 66
    assert [fault.came.split('"')[1] for fault in caught.value.faults] == [
        "firms.csv",
        "sites.csv",
        "accounts.csv",
        "gazetteer.csv",
        "zoning.geojson",
    ]
    assert "a folder that does not exist" in message
    assert "--data small=FOLDER --data small_gazetteer=FOLDER" in message
    assert "CLUSTERPANEL_DATA_SMALL=FOLDER" in message


def test_files_are_not_looked_at_unless_asked(study: Path, tmp_path: Path) -> None:
    (study.parents[1] / "data").rename(tmp_path / "data")

    assert read_study(study).name == "small"


def test_faults_of_specs_come_before_missing_files(study: Path, tmp_path: Path) -> None:
    (study.parents[1] / "data").rename(tmp_path / "data")
    study.write_text(study.read_text().replace("last_year = 2018", "last_year = 2000"))

    with pytest.raises(SpecError):
        read_study(study, check_files=True)


def test_folder_given_for_no_spec_is_a_fault(study: Path, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match='Did you mean "small"') as caught:
        read_study(study, {"smal": tmp_path})

    assert [fault.file for fault in caught.value.faults] == ["--data"]


def test_files_of_supplied_clusters_are_input_files_too(study: Path) -> None:
    clusters = study.parents[1] / "clusters" / "small.toml"
    text = clusters.read_text().replace('name = "small"', 'name = "parks"')
    draw = 'method = "points"\nfile = "parks.csv"\nradius_km = 5\nindustry = ""\n'
    clusters.write_text(text.split("method")[0] + draw)

    with pytest.raises(MissingInputError, match="--data parks=FOLDER") as caught:
        read_study(study, check_files=True)

    assert [fault.where for fault in caught.value.faults] == ["[draw], key file"]
    assert read_study(study).cluster_spec.draw.industry is None
