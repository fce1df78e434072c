"""Refuse outcomes that an estimator of yes or no cannot explain."""

from collections.abc import Iterable

import numpy as np

from clusterpanel.errors import Fault, SpecError
from clusterpanel.models.arrays import Floats
from clusterpanel.spec.design import DesignSpec


def check_yes_no(design: DesignSpec, outcomes: Iterable[Floats]) -> None:
    """Refuse an outcome with other values than 0 and 1, told in pieces.

    Raises
    ------
    SpecError
    """
    others = [piece[~np.isin(piece, (0.0, 1.0))] for piece in outcomes]
    values = np.concatenate(others)
    if len(values):
        came = f"{design.outcome} with values from {min(values.min(), 0):g} to {max(values.max(), 1):g}"
        fault = Fault(design.name, "outcome", came, "a yes/no column: 0 and 1, or true and false")
        raise SpecError(f"{design.estimator} needs a yes/no outcome", faults=[fault])
