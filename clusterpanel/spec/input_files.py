"""The data files that specs name: in which folder they are, and which are missing."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from clusterpanel.errors import Fault, MissingInputError
from clusterpanel.spec.clusters import ClusterSpec, PointsDraw, PolygonsDraw
from clusterpanel.spec.faults import Place, did_you_mean, listed
from clusterpanel.spec.parse import SpecFile
from clusterpanel.spec.places import GazetteerSpec, ZoningSpec
from clusterpanel.spec.source import SourceSpec

InputSpec = SourceSpec | GazetteerSpec | ZoningSpec | ClusterSpec
VARIABLE = "CLUSTERPANEL_DATA_"


def named_files(spec: InputSpec) -> Iterator[tuple[Place, str]]:
    """Yield the place and the name of each data file of a spec."""
    if isinstance(spec, SourceSpec):
        yield from ((("tables", index, "file"), table.file) for index, table in enumerate(spec.tables))
    elif isinstance(spec, GazetteerSpec | ZoningSpec):
        yield ("file",), spec.file
    elif isinstance(spec.draw, PolygonsDraw | PointsDraw):
        yield ("draw", "file"), spec.draw.file


def find_folders(
    files: Sequence[SpecFile[InputSpec]], study: str, study_folder: Path, given: Mapping[str, Path]
) -> dict[str, Path]:
    """Return the folder of each spec's data files, by the spec's name.

    The first of these that applies: the folder given for the spec's name or set in the environment variable
    ``CLUSTERPANEL_DATA_<NAME>``; the same for the study's name, the study's folder or the folder ``data``
    beside it, where every file of the spec is there; the current folder.
    """
    of_study = _said(study, given)
    wanted: dict[str, list[str]] = {}
    for file in files:
        if file.model is not None:
            wanted.setdefault(file.model.name, []).extend(name for _, name in named_files(file.model))
    near = (*of_study, study_folder, study_folder.parent / "data")
    return {name: _folder(_said(name, given), names, near) for name, names in wanted.items()}


def _said(name: str, given: Mapping[str, Path]) -> tuple[Path, ...]:
    """Return the folder the user says holds the files of `name`, if any."""
    if name in given:
        return (Path(given[name]),)
    variable = os.environ.get(VARIABLE + name.upper())
    return (Path(variable),) if variable else ()


def _folder(said: Sequence[Path], names: Sequence[str], near: Sequence[Path]) -> Path:
    if said:
        return said[0]
    return next((folder for folder in near if all((folder / file).exists() for file in names)), Path())


def check_given(given: Mapping[str, Path], known: Sequence[str]) -> Iterator[Fault]:
    """Yield a fault for each folder given under a name that no spec of the study has."""
    for name in given:
        if name not in known:
            yield Fault("--data", "", f'the name "{name}"', listed(known), did_you_mean(name, known))


def check_input_files(files: Sequence[SpecFile[InputSpec]], folders: Mapping[str, Path]) -> None:
    """Check that every data file is there.

    Raises
    ------
    MissingInputError
        With every missing file, and the ways to say where it is.
    """
    faults: list[Fault] = []
    names: dict[str, None] = {}
    for file in files:
        if file.model is None:
            continue
        for place, name in named_files(file.model):
            if not (folders[file.model.name] / name).exists():
                came = f'"{name}", which is not in {_in_words(folders[file.model.name])}'
                faults.append(file.fault(place, came, "a file that can be read"))
                names[file.model.name] = None
    if faults:
        raise MissingInputError("data files are missing", faults=faults, hint=_ways(list(names)))


def _in_words(folder: Path) -> str:
    if folder == Path():
        return "the study's folder, the folder data beside it or the current folder"
    return f"{folder}" if folder.is_dir() else f"{folder}, a folder that does not exist"


def _ways(names: Sequence[str]) -> str:
    options = " ".join(f"--data {name}=FOLDER" for name in names)
    variables = " ".join(f"{VARIABLE}{name.upper()}=FOLDER" for name in names)
    return f"Say which folder holds them: {options}, or set {variables} in the environment."
