"""The parts the columns of a sample play: endogenous and exogenous regressors, excluded instruments."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clusterpanel.errors import Fault, NotIdentifiedError, SpecError
from clusterpanel.models.arrays import Floats
from clusterpanel.models.collinear import Collinear
from clusterpanel.models.instruments.equation import RANK_TOLERANCE, project_on, weakest_direction


@dataclass(frozen=True)
class Parts:
    """Columns by their part, with the cross-products of what the effects leave of them.

    Attributes
    ----------
    columns : tuple of str
        All columns, the outcome first, as in `rest`.
    endogenous, exogenous, instruments : tuple of str
        Those that are kept, in the order of the sample.
    rest : float array, shape (columns, columns)
    collinear : tuple of Collinear
        Exogenous regressors and instruments that were dropped.
    """

    columns: tuple[str, ...]
    endogenous: tuple[str, ...]
    exogenous: tuple[str, ...]
    instruments: tuple[str, ...]
    rest: Floats
    collinear: tuple[Collinear, ...] = ()

    @property
    def regressors(self) -> tuple[str, ...]:
        """The structural equation's regressors, the endogenous first."""
        return self.endogenous + self.exogenous

    @property
    def first_stage(self) -> tuple[str, ...]:
        """The reduced form's regressors, the excluded instruments first."""
        return self.instruments + self.exogenous

    def select(self, names: Sequence[str]) -> Floats:
        """Return the matrix that picks some columns; shape (columns, names)."""
        picked = np.zeros((len(self.columns), len(names)))
        picked[[self.columns.index(name) for name in names], np.arange(len(names))] = 1.0
        return picked

    @property
    def outcome(self) -> Floats:
        """What picks the outcome; shape (columns,)."""
        picked: Floats = np.eye(len(self.columns))[0]
        return picked

    def beyond_exogenous(self, names: Sequence[str]) -> Floats:
        """Return some columns less what the exogenous regressors explain; shape (columns, names)."""
        picked = self.select(names)
        remainder: Floats = picked - project_on(self.rest, picked, self.select(self.exogenous))
        return remainder


def check_names(names: Sequence[str], endogenous: Sequence[str], instruments: Sequence[str]) -> None:
    """Refuse instruments and endogenous regressors that are not in the sample, are both, or are twice.

    Raises
    ------
    SpecError
    """
    faults = [
        Fault("design", part, name, f"one of {', '.join(names)}")
        for part, listed in (("endogenous", endogenous), ("instruments", instruments))
        for name in listed
        if name not in names
    ]
    faults += [
        Fault("design", "instruments", name, "a column that is not endogenous")
        for name in instruments
        if name in endogenous
    ]
    for part, listed in (("endogenous", endogenous), ("instruments", instruments)):
        faults += [
            Fault("design", part, f"{name} twice", "each column once")
            for name in dict.fromkeys(listed)
            if list(listed).count(name) > 1
        ]
        if not listed:
            faults.append(Fault("design", part, "nothing", "at least one column"))
    if faults:
        raise SpecError("instruments and endogenous regressors cannot be told apart", faults=faults)


def check_identified(parts: Parts) -> None:
    """Refuse fewer instruments than endogenous regressors, and instruments that cannot tell these apart.

    Raises
    ------
    NotIdentifiedError
    """
    dropped = "".join(f"; {item.name} was dropped: {item.reason}" for item in parts.collinear)
    if len(parts.instruments) < len(parts.endogenous):
        raise NotIdentifiedError(
            f"{_listed(parts.endogenous)} cannot be identified: {len(parts.endogenous)} endogenous "
            f"regressors need as many instruments, and there are {len(parts.instruments)}{dropped}",
            hint="Give more instruments that vary within the effects, or fewer endogenous regressors.",
        )
    explained, direction = weakest_direction(
        parts.rest, parts.beyond_exogenous(parts.endogenous), parts.beyond_exogenous(parts.instruments)
    )
    if explained <= RANK_TOLERANCE:
        named = [
            name
            for name, load in zip(parts.endogenous, direction, strict=True)
            if abs(load) > 1e-6 * np.abs(direction).max()
        ]
        raise NotIdentifiedError(
            f"the instruments {_listed(parts.instruments)} explain nothing of {_listed(named)} "
            f"beyond effects, exogenous and other endogenous regressors{dropped}",
            hint="Give instruments that move each endogenous regressor by itself.",
        )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)
