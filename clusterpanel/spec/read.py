"""Read a study and every spec it names; refuse them with every fault of every file at once."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import TypeAdapter

from clusterpanel.errors import Fault, SpecError
from clusterpanel.spec.cross_check import StudyFiles, cross_check
from clusterpanel.spec.faults import did_you_mean, listed
from clusterpanel.spec.input_files import check_given, check_input_files, find_folders
from clusterpanel.spec.locate import Located, SpecKind, known_specs, locate_spec, locate_study
from clusterpanel.spec.parse import SpecFile, read_spec
from clusterpanel.spec.schema import CLUSTERS, PLACES, SOURCE, STUDY
from clusterpanel.spec.study import Study

Spec = TypeVar("Spec")

NO_FOLDERS: Mapping[str, Path] = MappingProxyType({})
KINDS: tuple[SpecKind, ...] = ("sources", "places", "clusters")


def read_study(
    path: Path | str, folders: Mapping[str, Path] = NO_FOLDERS, *, check_files: bool = False
) -> Study:
    """Read a study, check it and every spec it names, and find the folders of their data.

    Parameters
    ----------
    path : Path or str
        The study's TOML file, or the name of a shipped study.
    folders : mapping of str to Path
        The folder of a spec's data files, by the spec's name; one given by the study's name serves every spec
        whose files are there.
    check_files : bool
        Whether to check that every data file is there.

    Raises
    ------
    MissingInputError
        The study's file is not there; or, with `check_files`, data files are not.
    SpecError
        With every fault of every file.
    """
    located = locate_study(path)
    study = read_spec(located.path, located.shown, STUDY)
    missing = tuple(_missing_specs(study, located))
    files = _study_files(study, located, is_complete=not missing)
    faults = [*study.faults.values(), *missing]
    faults += [fault for file in files.specs for fault in file.faults.values()]
    faults += cross_check(files)
    names = [file.model.name for file in (study, *files.specs) if file.model]
    faults += check_given(folders, names) if files.is_complete else ()
    if faults:
        order = [study.shown, *(file.shown for file in files.specs)]
        faults.sort(key=lambda fault: order.index(fault.file) if fault.file in order else len(order))
        count = f"{len(faults)} faults" if len(faults) > 1 else "a fault"
        raise SpecError(f"the study {located.shown} has {count}", faults=faults)
    found = find_folders(files.specs, str(study.data["name"]), located.path.parent, folders)
    if check_files:
        check_input_files(files.specs, found)
    return _study(files, located.path, found)


def _named_specs(study: SpecFile[Any], kind: SpecKind) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield place and name of each spec the study's file names, even where the rest is at fault."""
    named = study.data.get(kind)
    if isinstance(named, str):
        yield (kind,), named
    elif isinstance(named, list):
        yield from (((kind, index), name) for index, name in enumerate(named) if isinstance(name, str))


def _missing_specs(study: SpecFile[Any], located: Located) -> Iterator[Fault]:
    for kind in KINDS:
        for place, name in _named_specs(study, kind):
            if locate_spec(kind, name, located) is None:
                known = known_specs(kind, located)
                came = f'"{name}", which is not there'
                allowed = f"a path from the study's folder, or a name in {kind}: {listed(known)}"
                yield study.fault(place, came, allowed, did_you_mean(name, known))


def _study_files(study: SpecFile[Any], located: Located, *, is_complete: bool) -> StudyFiles:
    clusters = _read_kind(study, "clusters", located, CLUSTERS)
    return StudyFiles(
        study,
        _read_kind(study, "sources", located, SOURCE),
        _read_kind(study, "places", located, PLACES),
        clusters[0] if clusters else None,
        is_complete and bool(clusters),
    )


def _read_kind(
    study: SpecFile[Any], kind: SpecKind, located: Located, adapter: TypeAdapter[Spec]
) -> tuple[SpecFile[Spec], ...]:
    found = [locate_spec(kind, name, located) for _, name in _named_specs(study, kind)]
    return tuple(read_spec(file.path, file.shown, adapter) for file in dict.fromkeys(found) if file)


def _study(files: StudyFiles, path: Path, folders: Mapping[str, Path]) -> Study:
    clusters = files.clusters.model if files.clusters else None
    if files.study.model is None or clusters is None:
        raise SpecError("the study was not read", hint="This is a fault of clusterpanel; please report it.")
    sources = tuple(file.model for file in files.sources if file.model)
    places = tuple(file.model for file in files.places if file.model)
    return Study(path, files.study.model, sources, places, clusters, dict(folders))
