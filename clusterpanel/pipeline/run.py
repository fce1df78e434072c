"""Run a study: every stage that is not in the store yet, then the report."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from filelock import FileLock, Timeout

from clusterpanel.engine.limits import Limits, work_within
from clusterpanel.engine.progress import passes_told_to
from clusterpanel.errors import MissingInputError, RunError
from clusterpanel.pipeline.digests import INPUTS, DigestCache
from clusterpanel.pipeline.disk_errors import disk_errors_told
from clusterpanel.pipeline.failures import Failure
from clusterpanel.pipeline.owner import claim
from clusterpanel.pipeline.progress import Progress, StageEvent, silent
from clusterpanel.pipeline.publish import publish
from clusterpanel.pipeline.stage_keys import stage_keys
from clusterpanel.pipeline.stage_work import work_of_stages
from clusterpanel.pipeline.stages import Stage, plan_stages
from clusterpanel.pipeline.store import PART, Store, remove_folder, remove_leftovers
from clusterpanel.pipeline.workplace import Workplace
from clusterpanel.report.headline import headline
from clusterpanel.spec.study import Study


@dataclass(frozen=True)
class RunOutcome:
    """What a run left behind.

    Attributes
    ----------
    report : Path
        The report's page.
    headline : str
        Its main finding in a sentence.
    failures : mapping of str to Failure
        Why each design, contrast or profile without a result has none, by its name.
    """

    report: Path
    headline: str
    failures: Mapping[str, Failure] = field(default_factory=dict)


def run_study(
    study: Study, folder: Path, progress: Progress = silent, limits: Limits | None = None
) -> RunOutcome:
    """Run a study and write its report to ``<folder>/report``.

    Stages whose files are already in ``<folder>/store``, made of the same inputs by the same code, are kept;
    a run that was stopped at any moment goes on where it was.

    Parameters
    ----------
    study : Study
    folder : Path
        The output folder; made if it is not there.
    progress : callable
        Told each stage as it starts and ends, and within it how far passes over the panel and draws are.
    limits : Limits, optional
        Memory and threads the run may take.

    Raises
    ------
    RunError
        Another run holds the folder, the memory limit does not suffice, or the disk is full.
    OutputError
        The folder cannot be written to, or holds another study.
    ClusterpanelError
        Whatever a stage raises, except that a design which is not identified does not stop the run.
    """
    with _held(study, folder, limits or Limits()) as store:
        stages = plan_stages(study)
        keys = _keys(stages, store)
        place = _bring(study, stages, keys, store, progress)
        outcome = _published(place, folder)
        store.keep_only(place.folders.values())
        return outcome


def rebuild_report(
    study: Study, folder: Path, progress: Progress = silent, limits: Limits | None = None
) -> RunOutcome:
    """Write the report anew from the stored results; nothing is estimated.

    Raises
    ------
    MissingInputError
        The results are not all stored, or not of this study as it is now, or a zoning is not there.
    RunError, OutputError
        As `run_study`.
    """
    with _held(study, folder, limits or Limits()) as store:
        stages = plan_stages(study)
        keys = stage_keys(stages, DigestCache.load(store.root / INPUTS), or_last=True)
        _refuse_what_is_missing(study, stages, keys, store)
        remove_folder(store.folder("report", keys["report"]))
        place = _bring(study, stages, keys, store, progress)
        return _published(place, folder)


def _refuse_what_is_missing(
    study: Study, stages: tuple[Stage, ...], keys: Mapping[str, str], store: Store
) -> None:
    absent = [stage.name for stage in stages[:-1] if store.state(stage.name, keys[stage.name]) != "done"]
    if absent:
        hint = f"Run it first: clusterpanel run {study.name} --out {store.root.parent.name}"
        raise MissingInputError(f"there are no stored results of {', '.join(absent)}", hint=hint)
    files = [file.name for file in stages[-1].files if not file.is_file()]
    if files:
        hint = "Say where they are: --data NAME=FOLDER."
        raise MissingInputError(f"the report's map draws on {', '.join(files)}, not found", hint=hint)


@contextmanager
def _held(study: Study, folder: Path, limits: Limits) -> Iterator[Store]:
    """Hold the output folder alone, with the store clean and a folder to spill into."""
    with disk_errors_told(folder):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            # The system frees the lock when a process dies, however it dies: none is ever stale.
            with FileLock(folder / ".lock", blocking=False):
                store = Store(folder / "store")
                store.remove_leftovers()
                remove_leftovers(folder)
                claim(store, study.name)
                spill = store.root / f"{PART}spill"
                spill.mkdir()
                try:
                    with work_within(Limits(limits.memory, limits.threads, spill)):
                        yield store
                finally:
                    remove_folder(spill)
        except Timeout as error:
            hint = "Wait for it, or choose another folder with --out."
            raise RunError(f"another run holds the folder {folder.name!r}", hint=hint) from error


def _keys(stages: tuple[Stage, ...], store: Store) -> dict[str, str]:
    cache = DigestCache.load(store.root / INPUTS)
    keys = stage_keys(stages, cache)
    cache.save()
    return keys


def _bring(
    study: Study, stages: tuple[Stage, ...], keys: Mapping[str, str], store: Store, progress: Progress
) -> Workplace:
    """Have every stage in the store; return the workplace that has them all."""
    folders: dict[str, Path] = {}
    work = work_of_stages(study)
    for position, stage in enumerate(stages, start=1):
        state = store.state(stage.name, keys[stage.name])
        if state == "damaged":
            progress(StageEvent(stage.name, "damaged", position, len(stages)))
        if state != "done":
            progress(StageEvent(stage.name, "starts", position, len(stages)))
            here = Workplace(study, dict(folders))
            with passes_told_to(progress):
                store.fill(stage.name, keys[stage.name], partial(work[stage.name], here))
        progress(StageEvent(stage.name, "kept" if state == "done" else "done", position, len(stages)))
        folders[stage.name] = store.folder(stage.name, keys[stage.name])
    return Workplace(study, folders)


def _published(place: Workplace, folder: Path) -> RunOutcome:
    text = headline(place.study, place.results, place.reasons)
    page = publish(place, text, folder)
    return RunOutcome(page, text, place.failures)
