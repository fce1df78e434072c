"""What a run tells while it is under way."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class StageEvent:
    """Something a run tells while it is under way.

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


Progress = Callable[[StageEvent], None]


def silent(_: StageEvent) -> None:
    """Tell nobody."""
