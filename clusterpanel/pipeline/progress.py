"""What a run tells while it is under way."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from clusterpanel.engine.progress import PassEvent


@dataclass(frozen=True)
class StageEvent:
    """That a stage of a run starts or ends.

    Attributes
    ----------
    stage : str
    what : str
        starts; done; kept: it was in the store; damaged: what was in the store is built again.
    place, total : int
        The stage's place among all stages, from 1.
    """

    stage: str
    what: Literal["starts", "done", "kept", "damaged"]
    place: int
    total: int


# A run tells of its stages, and within them of long passes over the panel and of draws.
Progress = Callable[[StageEvent | PassEvent], None]


def silent(_: StageEvent | PassEvent) -> None:
    """Tell nobody."""
