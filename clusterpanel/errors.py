"""The error tree: what came, what was allowed, what to do next, and the exit code of each family."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

SHOWN_FAULTS = 50


@dataclass(frozen=True)
class Fault:
    """One thing wrong in one place of one file.

    Attributes
    ----------
    file : str
        The file as the user named it.
    where : str
        The place inside it, such as ``line 12, column year`` or ``[panel] first_year``.
    came : str
        What stood there; never a firm's identifier.
    allowed : str
        What would have been accepted.
    hint : str
        What to do next, such as a "did you mean".
    """

    file: str
    where: str
    came: str
    allowed: str
    hint: str = ""

    def __str__(self) -> str:
        place = f"{self.file}: {self.where}" if self.where else self.file
        text = f"{place}: came {self.came}; allowed: {self.allowed}"
        return f"{text}. {self.hint}" if self.hint else text


class ClusterpanelError(Exception):
    """Base of every error the package raises on purpose."""

    exit_code: ClassVar[int] = 70

    def __init__(self, message: str, *, hint: str = "", faults: Sequence[Fault] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.faults = tuple(faults)

    def __str__(self) -> str:
        lines = [self.message, *(f"  - {fault}" for fault in self.faults[:SHOWN_FAULTS])]
        if len(self.faults) > SHOWN_FAULTS:
            lines.append(f"  ... and {len(self.faults) - SHOWN_FAULTS} more")
        return "\n".join([*lines, f"  {self.hint}"] if self.hint else lines)


class SpecError(ClusterpanelError):
    """The study asks for something that is not there."""

    exit_code = 78


class DataError(ClusterpanelError):
    """The data break the contract of their spec."""

    exit_code = 65


class MissingInputError(ClusterpanelError):
    """A named file is not there or cannot be read."""

    exit_code = 66


class NotIdentifiedError(ClusterpanelError):
    """The sample holds no answer: no movers, no controls, one cluster."""

    exit_code = 10


class NotConvergedError(ClusterpanelError):
    """The solver stopped short: which, and how far."""

    exit_code = 11


class DisclosureError(ClusterpanelError):
    """The exhibit would reveal a firm."""

    exit_code = 12


class OutputError(ClusterpanelError):
    """The result cannot be written."""

    exit_code = 73


class RunError(ClusterpanelError):
    """The run itself failed (lock held, disk full, engine gone): the only family a scheduler retries."""

    exit_code = 75
