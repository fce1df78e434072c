"""Find the files of a study: the study itself and the specs it names."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from clusterpanel.errors import Fault, MissingInputError
from clusterpanel.spec.faults import did_you_mean, listed
from clusterpanel.spec.shipped import shipped_specs, shipped_studies

SpecKind = Literal["sources", "places", "clusters"]


@dataclass(frozen=True)
class Located:
    """A file, and what it is called in messages: as the user named it, and no more of the machine."""

    path: Path
    shown: str


def locate_study(named: Path | str) -> Located:
    """Return the study's file, given its path or the name of a shipped study.

    Raises
    ------
    MissingInputError
        There is no such file and no such shipped study.
    """
    path = Path(named)
    if path.is_file():
        return Located(path, str(named))
    if str(named) in shipped_studies():
        return Located(shipped_specs() / "studies" / f"{named}.toml", f"data_specs/studies/{named}.toml")
    came = "a folder" if path.is_dir() else "no such file"
    choices = _studies_in(path) if path.is_dir() else shipped_studies()
    allowed = f"a study's TOML file, or a shipped study: {listed(shipped_studies())}"
    hint = f"It holds: {listed(choices)}." if path.is_dir() else did_you_mean(path.stem, choices)
    raise MissingInputError(
        "the study is not there", faults=[Fault(str(named), "", came, allowed, hint)], hint=""
    )


def _studies_in(folder: Path) -> tuple[str, ...]:
    return tuple(sorted(file.name for file in folder.glob("*.toml")))


def locate_spec(kind: SpecKind, named: str, study: Located) -> Located | None:
    """Return the spec a study names, or None.

    A path (with a slash, or ending in .toml) is taken from the study's folder. A name is looked for in the
    folder of its kind beside the study's folder, then among the shipped specs.
    """
    if named.endswith(".toml") or "/" in named:
        return _found(study.path.parent / named, os.path.normpath(Path(study.shown).parent / named))
    beside = Path("..") / kind / f"{named}.toml"
    return _found(study.path.parent / beside, os.path.normpath(Path(study.shown).parent / beside)) or _found(
        shipped_specs() / kind / f"{named}.toml", f"data_specs/{kind}/{named}.toml"
    )


def _found(path: Path, shown: str) -> Located | None:
    return Located(path, Path(shown).as_posix()) if path.is_file() else None


def known_specs(kind: SpecKind, study: Located) -> tuple[str, ...]:
    """Return the names of the specs of one kind that the study could name."""
    folders = (study.path.parent / ".." / kind, shipped_specs() / kind)
    return tuple(sorted({file.stem for folder in folders for file in folder.glob("*.toml")}))
