"""Preconditioned conjugate gradients for several right-hand sides at once."""

from collections.abc import Callable

import numpy as np

from clusterpanel.models.arrays import Floats
from clusterpanel.models.schur.certificate import column_norms

# Steps without a smaller residual after which rounding has the better of it.
MOST_IDLE_STEPS = 50


def conjugate_gradients(
    multiply: Callable[[Floats], Floats],
    precondition: Callable[[Floats], Floats],
    right: Floats,
    aims: Floats,
    most_steps: int,
) -> tuple[Floats, int]:
    """Return the solution of each column and the steps taken (Hestenes and Stiefel 1952).

    Each column has its own step lengths; a column that has arrived stands still. Stops at `aims`, or where
    no residual shrinks any more, with each column's best: the caller looks at the true residual.

    Parameters
    ----------
    multiply, precondition : callables
        The matrix and an approximate inverse of it, both symmetric and positive semi-definite.
    right : float array, shape (levels, columns)
    aims : float array, shape (columns,)
        The residual norms to reach.
    most_steps : int
    """
    solution, residual, direction = np.zeros_like(right), right.copy(), np.zeros_like(right)
    best, smallest = np.zeros_like(right), column_norms(residual)
    norms, before, idle = smallest, np.ones(right.shape[1]), 0
    for step in range(most_steps):
        moving = norms > aims
        if not moving.any() or idle > MOST_IDLE_STEPS:
            return best, step
        nearer = precondition(residual)
        now = np.einsum("ij,ij->j", residual, nearer)
        direction = nearer + _ratio(now, before, moving & (step > 0)) * direction
        image = multiply(direction)
        length = _ratio(now, np.einsum("ij,ij->j", direction, image), moving)
        solution += length * direction
        residual -= length * image
        before, norms = now, column_norms(residual)
        has_improved = norms < smallest
        np.copyto(best, solution, where=has_improved)
        smallest, idle = np.minimum(norms, smallest), 0 if has_improved.any() else idle + 1
    return best, most_steps


def _ratio(above: Floats, below: Floats, where: np.ndarray) -> Floats:
    """Return a ratio, 0 where it is not wanted or not defined."""
    return np.divide(above, below, out=np.zeros_like(above), where=where & (below > 0))
