"""A design without an answer does not stop a run: why it has none is stored in the place of its result."""

import json
from pathlib import Path
from typing import NamedTuple

from clusterpanel.errors import NotConvergedError, NotIdentifiedError

FAILURES = "_failures.json"
NO_ANSWER = (NotIdentifiedError, NotConvergedError)


class Failure(NamedTuple):
    """Why there is no result.

    Attributes
    ----------
    reason : str
    exit_code : int
        10 if it is not identified, 11 if the solver stopped short.
    """

    reason: str
    exit_code: int

    @property
    def kind(self) -> str:
        """The failure in two words."""
        return "not converged" if self.exit_code == NotConvergedError.exit_code else "not identified"


def failure_of(error: NotIdentifiedError | NotConvergedError) -> Failure:
    """Return what an error says as a failure."""
    return Failure(str(error), error.exit_code)


def write_failure(name: str, failure: Failure, folder: Path) -> None:
    """Store why `name` has no result."""
    text = json.dumps({name: failure._asdict()}, ensure_ascii=False)
    (folder / FAILURES).write_text(text, encoding="utf-8")


def read_failures(folder: Path) -> dict[str, Failure]:
    """Return why results are missing from a stage's folder, by name."""
    file = folder / FAILURES
    if not file.exists():
        return {}
    return {name: Failure(**told) for name, told in json.loads(file.read_text(encoding="utf-8")).items()}
