"""The columns of a spline: B-splines without the first, as R's bs() gives them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from clusterpanel.errors import Fault, SpecError
from clusterpanel.models.arrays import Floats
from clusterpanel.spec.factors import SplineFactor


@dataclass(frozen=True)
class SplineColumn:
    """One column of a spline's basis.

    Attributes
    ----------
    spline : SplineFactor
    lowest, highest : float
        The range of the column over the whole sample, outside of which the basis is not defined.
    place : int
        Which column, from 1 on.
    """

    spline: SplineFactor
    lowest: float
    highest: float
    place: int = 1

    def __str__(self) -> str:
        return f"bs({self.spline.column})::{self.place}"

    @property
    def column(self) -> str:
        """The panel column."""
        return self.spline.column

    @property
    def siblings(self) -> tuple["SplineColumn", ...]:
        """All columns of the basis: as many as knots and degree together."""
        size = len(self.spline.knots) + self.spline.degree
        return tuple(replace(self, place=place) for place in range(1, size + 1))


def plan_spline(spline: SplineFactor, values: Sequence[object], design: str) -> tuple[SplineColumn, ...]:
    """Return the columns of a spline over a column's values in the sample.

    Raises
    ------
    SpecError
        A knot is not inside the values' range.
    """
    numbers = np.asarray(values, dtype=np.float64)
    lowest, highest = (float(numbers.min()), float(numbers.max())) if len(numbers) else (np.nan, np.nan)
    if not (lowest < spline.knots[0] and spline.knots[-1] < highest):
        came = f"knots from {spline.knots[0]:g} to {spline.knots[-1]:g}"
        allowed = f"knots inside the sample's values, {lowest:g} to {highest:g}"
        raise SpecError(
            "a spline bends outside of its column", faults=[Fault(design, str(spline), came, allowed)]
        )
    return SplineColumn(spline, lowest, highest).siblings


def spline_values(column: SplineColumn, numbers: Floats) -> dict[SplineColumn, Floats]:
    """Return all columns of a spline's basis for some rows, by column."""
    from formulaic.transforms import basis_spline

    spline = column.spline
    basis = basis_spline(
        np.clip(numbers, column.lowest, column.highest),
        knots=list(spline.knots),
        degree=spline.degree,
        lower_bound=column.lowest,
        upper_bound=column.highest,
        _state={},
    )
    return {one: np.asarray(basis[one.place], dtype=np.float64) for one in column.siblings}
