"""The compiled loops of the piecewise exponential model: each row's time in each piece of its life."""

import numpy as np

from clusterpanel.models.arrays import Floats, Integers
from clusterpanel.models.kernels import compiled


@compiled
def add_pieces(  # noqa: PLR0917
    columns: Floats,
    rate: Floats,
    values: Floats,
    cuts: Floats,
    level: Floats,
    hazard: Floats,
    cross: Floats,
) -> None:
    """Sum each row's expected events over the pieces it lives through.

    Parameters
    ----------
    columns : float array, shape (regressors, rows)
    rate : float array, shape (rows,)
        What the row's hazard is, times that of the piece; weighted.
    values : float array, shape (3, rows)
        Event, start and stop.
    cuts : float array, shape (pieces - 1,)
        Where one piece ends and the next begins, ascending.
    level : float array, shape (pieces,)
        The hazard of each piece.
    hazard : float array, shape (rows,)
        The row's expected events, written.
    cross : float array, shape (pieces, 1 + regressors)
        Expected events of each piece, and their products with the regressors; added to.
    """
    for row in range(len(rate)):
        start, stop = values[1, row], values[2, row]
        piece = np.searchsorted(cuts, start, side="right")
        whole = 0.0
        while True:
            end = min(stop, cuts[piece]) if piece < len(cuts) else stop
            expected = rate[row] * level[piece] * (end - start)
            whole += expected
            cross[piece, 0] += expected
            for column in range(len(columns)):
                cross[piece, 1 + column] += expected * columns[column, row]
            if end >= stop:
                break
            start = end
            piece += 1
        hazard[row] = whole


@compiled
def add_events(values: Floats, weights: Floats, cuts: Floats, events: Floats, pieces: Integers) -> None:
    """Sum the events of each piece, and write the piece in which each row stops."""
    for row in range(values.shape[1]):
        # An event at a cut belongs to the piece that ends there.
        piece = np.searchsorted(cuts, values[2, row], side="left")
        pieces[row] = piece
        events[piece] += values[0, row] * (weights[row] if len(weights) else 1.0)


@compiled
def write_piece_scores(rate: Floats, values: Floats, cuts: Floats, level: Floats, scores: Floats) -> None:
    """Take each row's expected events of each piece off its scores, shape (pieces, rows)."""
    for row in range(len(rate)):
        start, stop = values[1, row], values[2, row]
        piece = np.searchsorted(cuts, start, side="right")
        while True:
            end = min(stop, cuts[piece]) if piece < len(cuts) else stop
            scores[piece, row] -= rate[row] * level[piece] * (end - start)
            if end >= stop:
                break
            start = end
            piece += 1
