"""Say what of a study is in an output folder."""

from dataclasses import dataclass
from pathlib import Path

from clusterpanel.pipeline.digests import INPUTS, DigestCache
from clusterpanel.pipeline.failures import read_failures
from clusterpanel.pipeline.stage_keys import stage_keys
from clusterpanel.pipeline.stages import plan_stages
from clusterpanel.pipeline.store import State, Store
from clusterpanel.spec.study import Study


@dataclass(frozen=True)
class StageStatus:
    """One stage's state.

    Attributes
    ----------
    stage : str
    state : str
        done; damaged: its files were changed; outdated: inputs, rules or code changed since; missing.
    note : str
        Why a finished stage has no result; else empty.
    """

    stage: str
    state: State
    note: str = ""


def status(study: Study, folder: Path) -> tuple[StageStatus, ...]:
    """Return the state of every stage of a study in an output folder, in the order they run.

    Nothing is written, and no lock is taken: a run under way shows as far as it is.
    """
    store = Store(folder / "store")
    stages = plan_stages(study)
    keys = stage_keys(stages, DigestCache.load(store.root / INPUTS), or_last=True)
    return tuple(_of(stage.name, keys[stage.name], store) for stage in stages)


def _of(stage: str, key: str, store: Store) -> StageStatus:
    state = store.state(stage, key)
    failures = read_failures(store.folder(stage, key)) if state == "done" else {}
    return StageStatus(stage, state, "; ".join(failure.reason for failure in failures.values()))
