"""The moments every regression here is made of, which add up over firms."""

from typing import NamedTuple

import numpy as np

from clusterpanel.models.arrays import Floats


class CrossMoments(NamedTuple):
    """Moments of the values and the effects' dummies, firms taken out if they are absorbed.

    Attributes
    ----------
    gram : float array, shape (columns, columns)
        Upper triangle of Z'MZ.
    cross : float array, shape (levels, columns)
        D'MZ.
    schur : float array, shape (levels, levels)
        Upper triangle of D'MD.
    """

    gram: Floats
    cross: Floats
    schur: Floats

    @classmethod
    def zeros(cls, columns: int, levels: int) -> "CrossMoments":
        """Return moments of no rows."""
        return cls(np.zeros((columns, columns)), np.zeros((levels, columns)), np.zeros((levels, levels)))

    def add(self, other: "CrossMoments") -> "CrossMoments":
        """Add other rows' moments to these."""
        for mine, others in zip(self, other, strict=True):
            np.add(mine, others, out=mine)
        return self
