"""The store: each stage's files in a folder named by everything they depend on.

A folder gets its final name only when it is complete, so a run that dies leaves nothing half-written under a
final name, and what is found under one is checked against its own record of digests before it is used. See
docs/decisions/runs-and-resume.md.
"""

import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from clusterpanel.pipeline.digests import folder_digests

RECORD = "_stage.json"
PART = ".part-"
OLD = ".old-"
KEY_LETTERS = 16

State = Literal["done", "damaged", "outdated", "missing"]


@dataclass(frozen=True)
class Store:
    """The folders of finished stages below `root`."""

    root: Path

    def folder(self, stage: str, key: str) -> Path:
        """Return where a stage's files are, or would be."""
        return self.root / f"{stage}-{key[:KEY_LETTERS]}"

    def state(self, stage: str, key: str) -> State:
        """Say whether a stage is there as recorded.

        Returns
        -------
        str
            done; damaged: its files are not those it wrote; outdated: only files made of other inputs, rules
            or code are there; missing.
        """
        folder = self.folder(stage, key)
        if folder.exists():
            record = read_record(folder)
            is_whole = record.get("key") == key and record.get("files") == _written_files(folder)
            return "done" if is_whole else "damaged"
        return "outdated" if any(self._stage_folders(stage)) else "missing"

    def fill(self, stage: str, key: str, work: Callable[[Path], None]) -> Path:
        """Let `work` write a stage's files into a new folder; give it the final name when it is complete.

        What stood under the final name is replaced; if `work` raises, what it wrote is removed.
        """
        final = self.folder(stage, key)
        part = self.root / f"{PART}{final.name}"
        remove_folder(part)
        part.mkdir(parents=True)
        try:
            work(part)
            record = {"stage": stage, "key": key, "files": _written_files(part)}
            (part / RECORD).write_text(json.dumps(record, indent=1, sort_keys=True), encoding="utf-8")
            replace_folder(part, final)
        finally:
            remove_folder(part)
        return final

    def keep_only(self, folders: Iterable[Path]) -> None:
        """Remove every stage's folder but these: what they replaced is never read again."""
        kept = {folder.name for folder in folders}
        for folder in self._stage_folders("*"):
            if folder.name not in kept:
                remove_folder(folder)

    def has_stages(self) -> bool:
        """Say whether any stage is stored, of whatever inputs."""
        return any(self._stage_folders("*"))

    def _stage_folders(self, stage: str) -> Iterator[Path]:
        return self.root.glob(f"{stage}-{'?' * KEY_LETTERS}")

    def remove_leftovers(self) -> None:
        """Remove what a run that died left half-written; call it only while holding the run's lock."""
        self.root.mkdir(parents=True, exist_ok=True)
        remove_leftovers(self.root)


def read_record(folder: Path) -> dict[str, object]:
    """Return a stage folder's record of what was written, empty if it has none that can be read."""
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _written_files(folder: Path) -> dict[str, str]:
    return {name: digest for name, digest in folder_digests(folder).items() if name != RECORD}


def replace_folder(new: Path, final: Path) -> None:
    """Give folder `new` the name `final`; a folder of that name steps aside first and is then removed."""
    old = final.with_name(f"{OLD}{final.name}")
    remove_folder(old)
    if final.exists():
        final.rename(old)
    new.rename(final)
    remove_folder(old)


def remove_leftovers(folder: Path) -> None:
    """Remove half-written and stepped-aside files and folders directly below a folder."""
    for prefix in (PART, OLD):
        for leftover in folder.glob(f"{prefix}*"):
            remove_folder(leftover)


def remove_folder(folder: Path) -> None:
    """Remove a folder and all in it, or a file; nothing happens if there is none."""
    if folder.is_dir():
        shutil.rmtree(folder)
    else:
        folder.unlink(missing_ok=True)
