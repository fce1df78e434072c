"""Every command through a real process: exit code, words, and nothing half-written."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from clusterpanel.pipeline.digests import folder_digests

REPOSITORY = Path(__file__).resolve().parents[2]
SMALL = REPOSITORY / "tests" / "fixtures" / "good_specs" / "small"
STUDY = SMALL / "studies" / "small.toml"
COMMANDS = ("check", "run", "report", "status", "new", "simulate")


def clusterpanel(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "clusterpanel", *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=300,
        env=os.environ | {"PYTHONIOENCODING": "utf-8"} | environment,
    )


def copied_study(folder: Path, **replaced: str) -> Path:
    """Copy the small study and replace texts of its own file."""
    shutil.copytree(SMALL, folder / "small")
    study = folder / "small" / "studies" / "small.toml"
    text = study.read_text()
    for old, new in replaced.items():
        assert old in text
        text = text.replace(old, new)
    study.write_text(text)
    return study


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    out = tmp_path_factory.mktemp("finished") / "out"
    return out, clusterpanel("run", STUDY, "--out", out)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_an_example(command: str) -> None:
    done = clusterpanel(command, "--help")
    assert done.returncode == 0
    assert f"Example: clusterpanel {command}" in done.stdout


def test_help_and_version() -> None:
    assert all(command in clusterpanel("--help").stdout for command in COMMANDS)
    done = clusterpanel("--version")
    assert (done.returncode, done.stdout.split()[0]) == (0, "clusterpanel")


@pytest.mark.parametrize(
    "arguments",
    [
        ("frobnicate",),
        ("run", "small"),
        ("run", "small", "--out", "x", "--data", "small"),
        ("run", "small", "--out", "x", "--memory", "lots"),
        ("run", "small", "--out", "x", "--threads", "0"),
        ("simulate", "x", "--firm-years", "many"),
    ],
)
def test_what_is_not_understood_exits_2(arguments: tuple[str, ...]) -> None:
    done = clusterpanel(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_check_tells_the_flow_and_what_would_run() -> None:
    done = clusterpanel("check", STUDY)
    assert done.returncode == 0, done.stderr
    words = (
        "Sample flow so far",
        "Quarantine",
        "wage_within",
        "log_wage_crowns",
        "grouped by firm_id",
        "sorting_gap",
    )
    assert all(word in done.stdout for word in words)
    row = next(line for line in done.stdout.splitlines() if line.startswith("wage_within"))
    told = "wage_within within ols log_wage_crowns in_cluster none firm_id, year grouped by firm_id all"
    assert " ".join(row.split()) == told


def test_run_prints_headline_and_report(finished: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    out, done = finished
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "simulated" in done.stdout
    assert done.stdout.splitlines()[-1] == f"report: {out / 'report' / 'index.html'}"
    assert (out / "report" / "index.html").exists()
    assert (out / "quarantine.csv").read_text().startswith('"source"')
    assert (out / "manifest.json").exists()


def test_no_absolute_path_or_firm_is_in_the_report_or_manifest(
    finished: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    out, _ = finished
    for file in [out / "manifest.json", *(path for path in (out / "report").rglob("*") if path.is_file())]:
        text = file.read_text(encoding="utf-8")
        assert str(out) not in text
        assert str(REPOSITORY) not in text
        assert "F001" not in text


def test_status_follows_the_study(
    finished: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    out, _ = finished
    states = dict(
        line.split()[:2]
        for line in clusterpanel("status", STUDY, "--out", out).stdout.splitlines()[1:]
        if line
    )
    assert set(states.values()) == {"done"}
    changed = copied_study(tmp_path, **{'comparison = "within"': 'comparison = "region"'})
    lines = clusterpanel("status", changed, "--out", out).stdout.splitlines()[1:]
    states = dict(line.split()[:2] for line in lines if line)
    outdated = {stage for stage, state in states.items() if state == "outdated"}
    assert outdated == {"design-wage_within", "contrast-wage_sorting", "report"}
    nowhere = clusterpanel("status", STUDY, "--out", tmp_path / "nowhere")
    assert nowhere.stdout.count("missing") == len(states)
    assert not (tmp_path / "nowhere").exists()


def test_report_is_rebuilt_from_stored_results_without_the_register(
    finished: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    shutil.copytree(finished[0], out)
    page = (out / "report" / "index.html").read_bytes()
    shutil.rmtree(out / "report")
    study = copied_study(tmp_path)
    for file in (tmp_path / "small" / "data").glob("*.csv"):
        file.unlink()
    done = clusterpanel("report", study, "--out", out)
    assert done.returncode == 0, done.stderr
    assert (out / "report" / "index.html").read_bytes() == page
    (tmp_path / "small" / "data" / "zoning.geojson").unlink()
    without_borders = clusterpanel("report", study, "--out", out)
    assert without_borders.returncode == 66
    assert "zoning.geojson" in without_borders.stderr
    assert (out / "report" / "index.html").read_bytes() == page


def test_report_without_results_exits_66(tmp_path: Path) -> None:
    done = clusterpanel("report", STUDY, "--out", tmp_path / "out")
    assert done.returncode == 66
    assert "clusterpanel run" in done.stderr
    assert not (tmp_path / "out" / "report").exists()


def test_a_design_that_is_not_identified_is_reported_and_exits_10(tmp_path: Path) -> None:
    place = 'where = { industry_code = ["none"] }\nname = "wage_within"'
    study = copied_study(tmp_path, **{'name = "wage_within"': place})
    done = clusterpanel("run", study, "--out", tmp_path / "out")
    assert done.returncode == 10, done.stderr
    assert "not identified: wage_within" in done.stdout
    assert "not identified: wage_sorting" in done.stdout
    assert "wage_within" in (tmp_path / "out" / "report" / "index.html").read_text(encoding="utf-8")
    again = clusterpanel("run", study, "--out", tmp_path / "out")
    assert (again.returncode, again.stdout) == (10, done.stdout)


def test_a_faulty_spec_exits_78_with_every_fault(tmp_path: Path) -> None:
    study = copied_study(
        tmp_path, **{'size = "employment"': 'size = "employmint"', "minimum_firms": "minimum_firm"}
    )
    done = clusterpanel("run", study, "--out", tmp_path / "out")
    assert done.returncode == 78
    assert "employmint" in done.stderr
    assert "minimum_firm" in done.stderr
    assert not (tmp_path / "out").exists()


def test_missing_data_exit_66_and_say_how_to_name_them(tmp_path: Path) -> None:
    study = copied_study(tmp_path)
    (tmp_path / "small" / "data" / "accounts.csv").unlink()
    done = clusterpanel("run", study, "--out", tmp_path / "out")
    assert done.returncode == 66
    assert "accounts.csv" in done.stderr
    assert "CLUSTERPANEL_DATA_" in done.stderr
    assert not (tmp_path / "out").exists()


def test_broken_data_exit_65_and_leave_no_report(tmp_path: Path) -> None:
    study = copied_study(tmp_path)
    (tmp_path / "small" / "data" / "firms.csv").write_text("firm;born\nF001;2011\n")
    done = clusterpanel("run", study, "--out", tmp_path / "out")
    assert done.returncode == 65
    assert not (tmp_path / "out" / "report").exists()
    assert clusterpanel("check", study).returncode == 65


def test_data_folders_come_from_the_environment(tmp_path: Path) -> None:
    study = copied_study(tmp_path)
    shutil.move(tmp_path / "small" / "data", tmp_path / "elsewhere")
    names = ("SMALL", "SMALL_GAZETTEER", "SMALL_ZONING")
    given = {f"CLUSTERPANEL_DATA_{name}": str(tmp_path / "elsewhere") for name in names}
    assert clusterpanel("check", study).returncode == 66
    assert clusterpanel("check", study, **given).returncode == 0


def test_a_file_in_the_place_of_the_folder_exits_73(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    done = clusterpanel("run", STUDY, "--out", tmp_path / "out")
    assert done.returncode == 73
    assert "Traceback" not in done.stderr


def test_another_study_in_the_same_folder_exits_73(
    finished: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    out, _ = finished
    before = folder_digests(out)
    other = copied_study(tmp_path, **{'name = "small"': 'name = "other"'})
    for command in ("run", "report"):
        refused = clusterpanel(command, other, "--out", out)
        assert refused.returncode == 73
        assert "holds the study small" in refused.stderr
        assert "Choose another folder with --out" in refused.stderr
        assert folder_digests(out) == before


def test_a_folder_in_which_nothing_is_stored_may_be_taken_over(tmp_path: Path) -> None:
    study = copied_study(tmp_path)
    firms = tmp_path / "small" / "data" / "firms.csv"
    whole = firms.read_bytes()
    firms.write_text("firm;born\nF001;2011\n")
    assert clusterpanel("run", study, "--out", tmp_path / "out").returncode == 65
    firms.write_bytes(whole)
    study.write_text(study.read_text().replace('name = "small"', 'name = "other"'))
    assert clusterpanel("run", study, "--out", tmp_path / "out").returncode == 0


def test_new_writes_specs_once(tmp_path: Path) -> None:
    data = SMALL / "data" / "accounts.csv"
    done = clusterpanel("new", data, "--name", "mine", "--to", tmp_path)
    assert done.returncode == 0, done.stderr
    source = tmp_path / "sources" / "mine.toml"
    text = source.read_text(encoding="utf-8")
    assert 'name = "mine"' in text
    assert (tmp_path / "studies" / "mine.toml").exists()
    assert (tmp_path / "clusters" / "mine.toml").exists()
    assert not (tmp_path / "places").exists()
    again = clusterpanel("new", data, "--name", "mine", "--to", tmp_path)
    assert again.returncode == 73
    assert source.read_text(encoding="utf-8") == text
    assert clusterpanel("new", data, "--name", "Not a name", "--to", tmp_path).returncode == 78


def test_simulate_writes_a_register_that_runs(tmp_path: Path) -> None:
    done = clusterpanel("simulate", tmp_path / "register", "--firm-years", 2000, "--regions", 3, "--seed", 5)
    assert done.returncode == 0, done.stderr
    names = {path.name for path in (tmp_path / "register").iterdir()}
    assert {"firms.csv", "sites.csv", "accounts.csv", "gazetteer.csv", "truth.json"} <= names
    assert "simulated register" in done.stdout
    told = f"Next: clusterpanel run simulated --data simulated={tmp_path / 'register'} --out results"
    assert done.stdout.splitlines()[-1] == told
    refused = clusterpanel("simulate", tmp_path / "other", "--firm-years", 1)
    assert refused.returncode == 78
    assert not (tmp_path / "other").exists()


def test_a_bug_exits_70_and_quotes_no_data() -> None:
    program = (
        "import sys, clusterpanel.cli.entry as entry\n"
        "def broken(**_): raise KeyError('firm F001')\n"
        "entry.app = broken\n"
        "entry.main()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 70
    assert "KeyError" in done.stderr
    assert "F001" not in done.stderr
    assert "Traceback" not in done.stderr


def test_libraries_do_not_speak_to_the_user() -> None:
    program = (
        "import logging, warnings, clusterpanel.cli.entry as entry\n"
        "def talkative(**_): warnings.warn('a warning'); logging.getLogger('other').warning('a log line')\n"
        "entry.app = talkative\n"
        "entry.main()\n"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    command.insert(1, "-Wdefault")
    asked_for = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "a warning" in asked_for.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals of this kind")
def test_on_a_terminal_of_80_columns_words_are_whole_and_progress_is_seen(
    finished: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    import pty

    out, piped = finished
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "clusterpanel", "run", STUDY, "--out", out],
        stdout=theirs,
        stderr=theirs,
        env=os.environ | {"COLUMNS": "80", "TERM": "xterm", "PYTHONIOENCODING": "utf-8"},
    )
    os.close(theirs)
    shown = b""
    # The terminal is gone when the process ends, which some systems tell by an error.
    with contextlib.suppress(OSError):
        while part := os.read(ours, 4096):
            shown += part
    os.close(ours)
    assert process.wait() == 0
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode("utf-8")).replace("\r", "\n")
    assert "11/11 0:00:" in text
    lines = [line for line in text.splitlines() if line.strip()]
    told = lines[max(place for place, line in enumerate(lines) if "11/11" in line) + 1 : -1]
    assert max(map(len, lines[:-1])) <= 80
    assert " ".join(line.strip() for line in told) == piped.stdout.splitlines()[0]


def test_the_reference_page_is_what_the_commands_say() -> None:
    script = REPOSITORY / "scripts" / "make_cli_reference.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_importing_the_package_stays_light() -> None:
    program = (
        "import sys, clusterpanel\n"
        "heavy = {'pandas', 'numpy', 'geopandas', 'matplotlib', 'statsmodels', 'ibis', 'duckdb', 'rich'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
        "names = [name for name in clusterpanel.__all__ if name[0] != '_']\n"
        "print(all(callable(getattr(clusterpanel, name)) for name in names))\n"
        "import clusterpanel.geocode.geocode\n"
        "print(clusterpanel.geocode.__name__)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.split("\n")[:3] == ["[]", "True", "geocode"], done.stderr


def test_asking_for_the_status_loads_no_room() -> None:
    program = (
        "import sys, clusterpanel.pipeline.status\n"
        "print(sorted({'pandas', 'ibis', 'numba', 'scipy', 'matplotlib'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stderr
