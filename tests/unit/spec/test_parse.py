"""One file's faults in the words of the person who wrote it."""

from pathlib import Path

import pytest

from clusterpanel.errors import Fault
from clusterpanel.spec.parse import read_spec
from clusterpanel.spec.schema import KINDS

CLUSTERS = (
    'name = "a"\ntitle = "t"\nvintages = [2000]\n[draw]\nmethod = "dbscan"\neps_km = 1\nminimum_members = 2\n'
)

BROKEN = {
    "x = 01.10": ("line 1, column 6", 'Put it in quotes: "01.10". Codes are text.'),
    "x = [01.10]": ("line 1, column 7", 'Put it in quotes: "01.10". Codes are text.'),
    "x = eutl": ("line 1, column 5", 'Put text in quotes: "eutl".'),
    'x = "C:\\data"': ("line 1, column 10", "a backslash starts an escape"),
    'x = "a': ("line 1, the end", "Is a quote or bracket left open?"),
    'x = "a\ny = 1': ("line 1, column 7", "Is a quote left open?"),
    "a = 1\na = 2": ("line 2, the end", "there twice"),
    "a = 1\na = 2\n": ("line 2, column 6", "there twice"),
}


def faults(kind: str, text: str, folder: Path) -> list[Fault]:
    path = folder / "spec.toml"
    path.write_text(text, encoding="utf-8")
    return list(read_spec(path, "spec.toml", KINDS[kind]).faults.values())


@pytest.mark.parametrize("text", BROKEN)
def test_broken_toml_has_its_line_and_column(text: str, tmp_path: Path) -> None:
    where, hint = BROKEN[text]

    (fault,) = faults("study", text, tmp_path)

    assert fault.where == where
    assert hint in fault.hint


@pytest.mark.parametrize(
    ("old", "new", "came", "allowed"),
    [
        ("2000", "true", "true", "a whole number"),
        ("2000", '"2000"', '"2000"', "a whole number"),
        ("2000", "2000.0", "2000.0", "a whole number"),
        ("2000", "2000-01-01", "the date or time 2000-01-01", "a whole number"),
        ("eps_km = 1", "eps_km = true", "true", "a number"),
        ("eps_km = 1", 'eps_km = "1"', '"1"', "a number"),
        ("eps_km = 1", "eps_km = nan", "nan", "a finite number"),
        ("eps_km = 1", "eps_km = 0", "0", "more than 0"),
        ('"t"', "5", "5", "text in quotes"),
        ('"t"', "false", "false", "text in quotes"),
        ("[2000]", "2000", "2000", "a list in brackets"),
        ("[2000]", "[]", "[]", "at least this many items: 1"),
        ('"dbscan"', '"dbscn"', '"dbscn"', "dbscan, location_quotient, polygons, points"),
    ],
)
def test_nothing_is_converted(old: str, new: str, came: str, allowed: str, tmp_path: Path) -> None:
    (fault,) = faults("clusters", CLUSTERS.replace(old, new), tmp_path)

    assert (fault.came, fault.allowed) == (came, allowed)


def test_whole_numbers_are_numbers_too(tmp_path: Path) -> None:
    assert faults("clusters", CLUSTERS, tmp_path) == []


def test_both_spellings_of_missing_values_are_read_and_shown_as_written(tmp_path: Path) -> None:
    head = 'name = "a"\ntitle = "t"\norigin = "o"\nlicence = "l"\n[[tables]]\ntable = "firms"\nfile = "f"\n'
    head += 'columns = [{ name = "f", to = "firm_id" }]\n'

    assert faults("source", f'{head}missingValues = ["."]\n', tmp_path) == []
    assert faults("source", f'{head}missing_values = ["."]\n', tmp_path) == []
    (fault,) = faults("source", f"{head}missing_values = [0]\n", tmp_path)
    assert fault.where == "[[tables]] 1 (firms), key missing_values, item 1"


def test_faulty_keys_are_left_out_of_the_spec_that_is_checked_further(tmp_path: Path) -> None:
    path = tmp_path / "spec.toml"
    path.write_text(CLUSTERS.replace("[draw]", "radius = 5\nradii_km = [1, 'x']\n[draw]"), encoding="utf-8")

    read = read_spec(path, "spec.toml", KINDS["clusters"])

    assert len(read.faults) == 2
    assert read.model is not None
    assert read.model.radii_km == (5.0, 10.0, 25.0)


def test_without_a_required_key_there_is_no_spec(tmp_path: Path) -> None:
    path = tmp_path / "spec.toml"
    path.write_text(CLUSTERS.replace("eps_km = 1\n", ""), encoding="utf-8")

    read = read_spec(path, "spec.toml", KINDS["clusters"])

    assert read.model is None
    assert [fault.where for fault in read.faults.values()] == ["[draw], key eps_km"]
