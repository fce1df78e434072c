"""The key of a stage: a digest of everything its files depend on."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from clusterpanel.pipeline.digests import DigestCache, folder_digests, text_digest
from clusterpanel.pipeline.stages import Stage
from clusterpanel.version import __version__

PACKAGE = Path(__file__).resolve().parents[1]


def stage_keys(stages: Iterable[Stage], cache: DigestCache, *, or_last: bool = False) -> dict[str, str]:
    """Return the key of every stage, by name.

    A key changes with the package's version, the code of the stage's rooms, the parts of the spec it depends
    on, the contents of its input files, and the keys of the stages before it; never with a path or a time.

    Parameters
    ----------
    stages : iterable of Stage
        In the order they run.
    cache : DigestCache
    or_last : bool
        Take an input file that is not there to be what it was in the last run.
    """
    rooms: dict[str, str] = {}
    keys: dict[str, str] = {}
    for stage in stages:
        for room in stage.rooms:
            rooms.setdefault(room, code_digest(room))
        files = [
            cache.digest_as(f"{stage.name} {place}", file, or_last=or_last)
            for place, file in enumerate(stage.files)
        ]
        keys[stage.name] = _key(stage, keys, rooms, files)
    return keys


def _key(stage: Stage, keys: Mapping[str, str], rooms: Mapping[str, str], files: list[str]) -> str:
    parts = {
        "version": __version__,
        "stage": stage.name,
        "rules": stage.rules,
        "code": {room: rooms[room] for room in stage.rooms},
        "inputs": {name: keys[name] for name in stage.inputs},
        "files": files,
    }
    return text_digest(json.dumps(parts, sort_keys=True))


def code_digest(room: str) -> str:
    """Return a digest of the code and templates of one of the package's folders."""
    files = folder_digests(PACKAGE / room)
    code = {name: digest for name, digest in files.items() if "__pycache__" not in name}
    return text_digest(json.dumps(code, sort_keys=True))
