"""Take each firm's effect and slopes, and the other effects, out of a block's columns."""

import threading

import numpy as np

from clusterpanel.models.arrays import ArrayBlock, Floats

_SCRATCH = threading.local()


def scratch_like(values: Floats) -> Floats:
    """Return memory of this thread's own in the shape of `values`, the same each time.

    What was written there last is gone: memory that stays in the processor's cache is worth twice its size.
    """
    flat: Floats | None = getattr(_SCRATCH, "flat", None)
    if flat is None or flat.size < values.size:
        flat = _SCRATCH.flat = np.empty(values.size)
    return flat[: values.size].reshape(values.shape)


def without_firms(
    block: ArrayBlock, values: Floats, absorbs_firm: bool, into: Floats | None = None
) -> Floats:
    """Return columns less what each firm's effect and slopes explain of them.

    Parameters
    ----------
    block : ArrayBlock
        Its weights, firm slopes and borders of firms are used.
    values : float array, shape (columns, rows), C order
        Left as they are; returned themselves where firms have neither.
    absorbs_firm : bool
        Whether each firm has an effect of its own.
    into : float array, shape (columns, rows), or None
        Where to write; `values` themselves will do.
    """
    from clusterpanel.models import kernels_within

    left = np.empty_like(values) if into is None else into
    if block.basis.shape[1]:
        left[:] = values
        kernels_within.take_out_slopes(block, absorbs_firm, left)
        return left
    if not absorbs_firm:
        return values
    kernels_within.write_less_means(values, block.weights, block.starts, left)
    return left


def left_of_block(
    block: ArrayBlock, values: Floats, weights: Floats, absorbs_firm: bool, slopes: Floats
) -> Floats:
    """Return what effects, firms and firm slopes leave of any columns of a block under any weights.

    Parameters
    ----------
    block : ArrayBlock
    values : float array, shape (columns, rows)
        Left as they are.
    weights : float array, shape (rows,)
        Shape (0,) where every row counts alike.
    absorbs_firm : bool
    slopes : float array, shape (levels, columns)
        The columns' coefficients on the effects.

    Returns
    -------
    float array, shape (columns, rows)
    """
    from clusterpanel.models import kernels_scores

    left = values.copy()
    kernels_scores.take_out_levels(block, np.ascontiguousarray(slopes.T), left)
    return without_firms(block._replace(weights=weights), left, absorbs_firm, left)
