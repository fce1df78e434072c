"""How exactly a system was solved, and the refusal to hand on what was not."""

import numpy as np

from clusterpanel.errors import NotConvergedError
from clusterpanel.models.arrays import Floats

# A level whose dummy is this small beside the largest is rounding left by the firms.
EMPTY_TOLERANCE = 1e-13
# What a solver aims at, relative to the right-hand side.
AIM = 1e-13
# What rounding leaves in the right-hand side itself, relative to the column it was made of.
ROUNDING = 1e-15
# What is refused, as a multiple of what was aimed at.
SLACK = 100.0


def scale_of_levels(diagonal: Floats) -> Floats:
    """Return one over the root of each level's diagonal, 0 for empty levels."""
    present = diagonal > EMPTY_TOLERANCE * diagonal.max(initial=0.0)
    return np.where(present, 1.0 / np.sqrt(np.where(present, diagonal, 1.0)), 0.0)


def column_norms(matrix: Floats) -> Floats:
    """Return each column's Euclidean norm."""
    return np.asarray(np.linalg.norm(matrix, axis=0))


def aims(right: Floats, sizes: Floats | None) -> Floats:
    """Return the residual norm each column's solution is to have.

    Parameters
    ----------
    right : float array, shape (levels, columns)
        The scaled right-hand sides.
    sizes : float array, shape (columns,), or None
        Norm of each column the right-hand sides were made of.
    """
    rounding = 0.0 if sizes is None else ROUNDING * sizes
    return np.asarray(AIM * column_norms(right) + rounding)


def has_solved(residual: Floats, right: Floats, sizes: Floats | None) -> bool:
    """Say whether no column's residual is more than `SLACK` times what was aimed at."""
    return bool((column_norms(residual) <= SLACK * aims(right, sizes)).all())


def check_residual(residual: Floats, right: Floats, sizes: Floats | None, path: str) -> None:
    """Refuse a solution whose residual is too large.

    Raises
    ------
    NotConvergedError
        A column's residual is more than `SLACK` times what was aimed at.
    """
    if has_solved(residual, right, sizes):
        return
    worst = float(np.max(column_norms(residual) / np.maximum(column_norms(right), np.finfo(float).tiny)))
    raise NotConvergedError(
        f"the effects' normal equations ({path}) were left with a residual of {worst:.1e} "
        f"of their right-hand side; allowed: {SLACK * AIM:.0e}",
        hint="Look for infinite or wildly scaled values and weights in the sample.",
    )
