"""Columns side by side by eights, as the compiled loops of `kernels_plain` take them."""

import numpy as np

from clusterpanel.models.arrays import ArrayBlock, Floats

WIDTH = 8


def is_plain(block: ArrayBlock, absorbs_firm: bool) -> bool:
    """Say whether each firm has an effect of its own and no slope, and rows and levels all count alike."""
    return absorbs_firm and not (block.basis.shape[1] or len(block.weights) or len(block.loads))


def parts_of(columns: int) -> int:
    """Return how many times eight columns hold so many."""
    return -(-columns // WIDTH)


def in_lanes(columns: Floats) -> Floats:
    """Return columns, shape (columns, rows), in shape (parts, rows, 8); 0 where there are no more columns."""
    padded = np.zeros((parts_of(len(columns)) * WIDTH, columns.shape[1]))
    padded[: len(columns)] = columns
    parts = padded.reshape(parts_of(len(columns)), WIDTH, columns.shape[1])
    return np.ascontiguousarray(parts.transpose(0, 2, 1))


def out_of_lanes(parts: Floats, columns: int) -> Floats:
    """Return the columns of an array of shape (parts, rows, 8) in shape (rows, columns)."""
    side_by_side = parts.transpose(1, 0, 2).reshape(parts.shape[1], len(parts) * WIDTH)
    return np.asarray(side_by_side[:, :columns])
