"""Put what a reader wants beside the store: the report, the quarantined rows, the manifest."""

import json
import platform
import shutil
from importlib.metadata import version
from pathlib import Path

import pyarrow.csv

from clusterpanel.engine.table_folder import TableFolder
from clusterpanel.pipeline.digests import folder_digests
from clusterpanel.pipeline.store import PART, RECORD, read_record, replace_folder
from clusterpanel.pipeline.workplace import Workplace
from clusterpanel.version import __version__

PAGE = "index.html"
LIBRARIES = ("duckdb", "ibis-framework", "numpy", "pandas", "pyarrow", "scipy")


def publish(place: Workplace, headline: str, folder: Path) -> Path:
    """Replace ``report/``, ``quarantine.csv`` and ``manifest.json`` in the output folder; return the page.

    Each is written aside and then renamed: a reader never sees half of one.
    """
    _publish_report(place.folders["report"], folder / "report")
    _publish_quarantine(place.folders["ingest"], folder / "quarantine.csv")
    manifest = {
        "clusterpanel": __version__,
        "study": place.study.name,
        "headline": headline,
        "without_result": place.reasons,
        "stages": [read_record(stage) for stage in place.folders.values()],
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in LIBRARIES},
    }
    text = json.dumps(manifest, indent=1, ensure_ascii=False)
    _write_aside(folder / "manifest.json", text.encode())
    return folder / "report" / PAGE


def _publish_report(stage: Path, report: Path) -> None:
    written = read_record(stage).get("files")
    if report.is_dir() and folder_digests(report) == written:
        return
    part = report.with_name(f"{PART}{report.name}")
    shutil.copytree(stage, part, ignore=shutil.ignore_patterns(RECORD))
    replace_folder(part, report)


def _publish_quarantine(stage: Path, file: Path) -> None:
    table = TableFolder((stage,)).read("quarantine")
    part = file.with_name(f"{PART}{file.name}")
    pyarrow.csv.write_csv(table, part)
    part.replace(file)


def _write_aside(file: Path, content: bytes) -> None:
    part = file.with_name(f"{PART}{file.name}")
    part.write_bytes(content)
    part.replace(file)
