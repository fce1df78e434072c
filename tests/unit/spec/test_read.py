"""Reading a study: what is found where, and that every fault of every file comes at once."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterpanel.errors import Fault, MissingInputError, SpecError
from clusterpanel.spec.read import read_study
from clusterpanel.spec.shipped import shipped_specs, shipped_studies

SMALL = Path(__file__).resolve().parents[2] / "fixtures" / "good_specs" / "small"
FILES = ("studies/small", "sources/small", "clusters/small", "places/small_gazetteer", "places/small_zoning")
VALUES = (
    "5",
    "-1.5",
    '"x"',
    "[1]",
    '["x"]',
    "[]",
    "{ a = 1 }",
    "{}",
    "true",
    "2020-01-01",
    "nan",
    '""',
    "01.10",
)
Faults = Callable[..., list[Fault]]


def test_study_holds_every_spec_it_names(small: Path) -> None:
    study = read_study(small / "studies" / "small.toml")

    assert [source.name for source in study.sources] == ["small"]
    assert [place.name for place in study.gazetteers] == ["small_gazetteer"]
    assert [place.name for place in study.zonings] == ["small_zoning"]
    assert study.cluster_spec.industries.groups == {"textiles": ("13.20",)}
    assert [design.estimator for design in study.designs] == ["ols", "ols", "cloglog", "kaplan_meier"]


def test_faults_of_all_files_come_in_one_error_in_the_order_of_the_files(faults: Faults) -> None:
    found = faults(
        ("places/small_zoning.toml", 'kind = "zoning"', 'kind = "zone"'),
        ("clusters/small.toml", "eps_km = 10", 'eps_km = "10"'),
        ("studies/small.toml", "last_year = 2018", "last_year = 2018.5"),
        ("sources/small.toml", 'title = "Small simulated register"', ""),
        ("places/small_gazetteer.toml", 'name = "small_gazetteer"', "name = small_gazetteer"),
    )

    assert [(Path(fault.file).name, fault.where) for fault in found] == [
        ("small.toml", "[panel], key last_year"),
        ("small.toml", "key title"),
        ("small_gazetteer.toml", "line 2, column 8"),
        ("small_zoning.toml", "key kind"),
        ("small.toml", "[draw], key eps_km"),
    ]


def test_specs_may_be_named_by_path(small: Path) -> None:
    (small / "sources" / "small.toml").rename(small / "studies" / "mine.toml")
    study = small / "studies" / "small.toml"
    study.write_text(study.read_text().replace('sources = ["small"]', 'sources = ["mine.toml"]'))

    assert read_study(study).sources[0].name == "small"


def test_files_are_shown_as_the_user_named_them(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (small / "clusters" / "small.toml").write_text("name = 5")
    monkeypatch.chdir(small)

    with pytest.raises(SpecError) as caught:
        read_study("studies/small.toml")

    assert {fault.file for fault in caught.value.faults} == {"clusters/small.toml"}


def test_missing_spec_is_a_fault_beside_the_others(faults: Faults) -> None:
    found = faults(
        ("studies/small.toml", '"small_gazetteer"', '"small_gazeteer"'),
        ("clusters/small.toml", "eps_km", "epsilon_km"),
    )

    assert [fault.where for fault in found] == [
        "key places, item 1",
        "[draw], key eps_km",
        "[draw], key epsilon_km",
    ]
    assert found[0].hint == 'Did you mean "small_gazetteer"?'


def test_missing_study_names_the_shipped_ones() -> None:
    with pytest.raises(MissingInputError) as caught:
        read_study("studies/simulate.toml")

    assert caught.value.exit_code == 66
    assert "simulated" in str(caught.value.faults[0].allowed)
    assert caught.value.faults[0].hint == 'Did you mean "simulated"?'


def test_folder_instead_of_a_study_lists_what_it_holds(small: Path) -> None:
    with pytest.raises(MissingInputError, match=r"came a folder.*It holds: small\.toml"):
        read_study(small / "studies")


@pytest.mark.parametrize("name", shipped_studies())
def test_shipped_study_is_found_by_name_and_without_fault(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    study = read_study(name)

    assert study.name == name
    assert study.path == shipped_specs() / "studies" / f"{name}.toml"


def test_a_byte_order_mark_is_no_fault(small: Path) -> None:
    study = small / "studies" / "small.toml"
    study.write_bytes(b"\xef\xbb\xbf" + study.read_bytes())

    assert read_study(study).name == "small"


def test_written_codes_are_kept_as_written(small: Path) -> None:
    clusters = small / "clusters" / "small.toml"
    clusters.write_text(clusters.read_text().replace('"13.20"', '"01.10", "0"'))

    groups = read_study(small / "studies" / "small.toml").cluster_spec.industries.groups

    assert groups == {"textiles": ("01.10", "0")}


@settings(max_examples=150, deadline=None)
@given(data=st.data(), name=st.sampled_from(FILES), value=st.sampled_from(VALUES))
def test_any_damaged_line_is_read_or_told(
    data: st.DataObject, name: str, value: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever value a key is given, the answer is a study or a SpecError with a place, never a crash."""
    lines = (SMALL / f"{name}.toml").read_text(encoding="utf-8").splitlines()
    keys = [number for number, line in enumerate(lines) if " = " in line and not line.startswith((" ", "#"))]
    number = data.draw(st.sampled_from(keys))
    lines[number] = f"{lines[number].split(' = ')[0]} = {value}"
    folder = tmp_path_factory.mktemp("damaged")
    for file in FILES:
        (folder / file).parent.mkdir(exist_ok=True)
        text = (SMALL / f"{file}.toml").read_text(encoding="utf-8")
        (folder / f"{file}.toml").write_text("\n".join(lines) if file == name else text, encoding="utf-8")

    try:
        study = read_study(folder / "studies" / "small.toml")
    except SpecError as error:
        assert error.faults
        assert all(fault.where and fault.came and fault.allowed for fault in error.faults)
    else:
        assert study.designs
