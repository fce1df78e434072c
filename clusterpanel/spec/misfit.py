"""Something a design asks for that cannot be had."""

from dataclasses import dataclass

from clusterpanel.spec.faults import Place


@dataclass(frozen=True)
class Misfit:
    """Something a design asks for that cannot be had.

    Attributes
    ----------
    place : tuple
        The keys and list positions, from 0, inside the design.
    came, allowed, hint : str
        As in `clusterpanel.errors.Fault`.
    """

    place: Place
    came: str
    allowed: str
    hint: str = ""
