"""A study drafted by `new` from one file of sites runs when only lines that say TODO are edited."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

GAZETTEER = {
    'separator = ","': 'separator = ";"',
    'country_code = "XX"': 'country_code = "XS"',
    'latitude = "latitude"': 'latitude = "lat"',
    'longitude = "longitude"': 'longitude = "lon"',
    '# region_code = "region"': 'region_code = "region"',
}
CLUSTERS = {"eps_km = 15": "eps_km = 20", "minimum_members = 8": "minimum_members = 6"}
STUDY = {"first_year = 2005": "first_year = 2005", "last_year = 2019": "last_year = 2018"}


def clusterpanel(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "clusterpanel", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def edit(file: Path, edits: dict[str, str]) -> None:
    """Replace texts, each of which stands in just one line, a line that says TODO."""
    lines = file.read_text(encoding="utf-8").splitlines()
    for old, new in edits.items():
        (place,) = [place for place, line in enumerate(lines) if line.startswith(old)]
        assert "TODO" in lines[place], lines[place]
        lines[place] = lines[place].replace(old, new)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def register(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulated") / "register"
    done = clusterpanel("simulate", folder, "--firm-years", 3000)
    assert done.returncode == 0, done.stderr
    return folder


def with_coordinates(register: Path, folder: Path) -> Path:
    """Write the simulated sites with the point of their postcode and without any address; return the file."""
    with (register / "gazetteer.csv").open(encoding="utf-8", newline="") as file:
        points = {row["postcode"]: (row["lat"], row["lon"]) for row in csv.DictReader(file, delimiter=";")}
    with (register / "sites.csv").open(encoding="cp1252", newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter=";") if row["postcode"] in points]
    kept = ("site_id", "year", "firm_id", "nace", "employees")
    sites = folder / "simulated_sites.csv"
    with sites.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*kept, "lat", "lon"])
        for row in rows:
            texts = [row[name].replace(",", ".") for name in kept]
            writer.writerow([*texts, *points[row["postcode"]]])
    return sites


def run(study: Path, data: Path, out: Path) -> dict[str, object]:
    """Run a study; return its manifest."""
    done = clusterpanel("run", study, "--data", f"mysites={data}", "--out", out)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (out / "report" / "index.html").exists()
    return dict(json.loads((out / "manifest.json").read_text(encoding="utf-8")))


def test_sites_with_postcodes_and_a_gazetteer(register: Path, tmp_path: Path) -> None:
    done = clusterpanel("new", register / "sites.csv", "--name", "mysites", "--to", tmp_path)
    assert done.returncode == 0, done.stderr
    study = tmp_path / "studies" / "mysites.toml"
    assert done.stdout.splitlines()[-1].endswith(f"check {study} --data mysites={register}")
    edit(tmp_path / "places" / "mysites.toml", GAZETTEER)
    edit(tmp_path / "clusters" / "mysites.toml", CLUSTERS)
    edit(study, STUDY)
    assert clusterpanel("check", study, "--data", f"mysites={register}").returncode == 0
    manifest = run(study, register, tmp_path / "out")
    assert manifest["without_result"] == {}
    designs = {path.name.split("-")[1] for path in (tmp_path / "out" / "store").glob("design-*")}
    assert designs == {"size_pooled", "size_within", "exit_pooled"}


def test_sites_with_coordinates_run_as_drafted(register: Path, tmp_path: Path) -> None:
    sites = with_coordinates(register, tmp_path)
    done = clusterpanel("new", sites, "--name", "mysites", "--to", tmp_path)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "places").exists()
    manifest = run(tmp_path / "studies" / "mysites.toml", tmp_path, tmp_path / "out")
    assert manifest["without_result"] == {}


def test_the_designs_in_comments_run_too(register: Path, tmp_path: Path) -> None:
    """With regions from the gazetteer and births from the firms, what is commented out can be taken in."""
    clusterpanel("new", register / "sites.csv", "--name", "mysites", "--to", tmp_path)
    clusterpanel("new", register / "firms.csv", "--name", "myfirms", "--to", tmp_path)
    edit(tmp_path / "places" / "mysites.toml", GAZETTEER)
    study = tmp_path / "studies" / "mysites.toml"
    edit(study, {'sources = ["mysites"]': 'sources = ["mysites", "myfirms"]'})
    head, *blocks = study.read_text(encoding="utf-8").split("\n\n")
    taken = [
        "\n".join(line.removeprefix("# ") for line in block.splitlines() if "TODO" not in line)
        if "# [[designs]]" in block
        else block
        for block in blocks
    ]
    study.write_text("\n\n".join([head, *taken]), encoding="utf-8")
    data = ("--data", f"mysites={register}", "--data", f"myfirms={register}")
    done = clusterpanel("run", study, *data, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stdout + done.stderr
    designs = {path.name.split("-")[1] for path in (tmp_path / "out" / "store").glob("design-*")}
    assert designs == {"size_pooled", "size_within", "size_region", "exit_pooled", "survival"}
