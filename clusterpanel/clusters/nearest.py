"""The nearest point that an owner may use, with ties told apart by order and not by chance."""

from typing import TYPE_CHECKING

import numpy as np

from clusterpanel.clusters.earth import TOUCH_M, BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

PAIRS_AT_ONCE = 4_000_000


def nearest_allowed(
    points: FloatArray, targets: FloatArray, owners: IntArray, barred: tuple[IntArray, IntArray]
) -> IntArray:
    """Return for each target the nearest point that its owner is not barred from.

    Parameters
    ----------
    points : array, shape (m, 3)
        Metres; where several are equally near (to a millimetre), the first is taken.
    targets : array, shape (n, 3)
    owners : array, shape (n,)
        The owner of each target.
    barred : pair of arrays, shape (k,)
        Owners, and the points each may not use.

    Returns
    -------
    array, shape (n,)
        Index into `points`, or -1 where none is allowed.
    """
    from scipy.spatial import cKDTree

    found = np.full(len(targets), -1, dtype=np.int64)
    if len(points) == 0:
        return found
    tree = cKDTree(points)
    forbidden = np.unique(barred[0] * len(points) + barred[1])
    waiting, breadth = np.arange(len(targets)), min(4, len(points))
    while len(waiting):
        unsettled = []
        step = max(1, PAIRS_AT_ONCE // breadth)
        for some in (waiting[first : first + step] for first in range(0, len(waiting), step)):
            choice, is_settled = _choose(tree, targets[some], owners[some], forbidden, breadth)
            found[some[is_settled]] = choice[is_settled]
            unsettled.append(some[~is_settled])
        waiting, breadth = np.concatenate(unsettled), min(breadth * 4, len(points))
    return found


def _choose(
    tree: "cKDTree", targets: FloatArray, owners: IntArray, forbidden: IntArray, breadth: int
) -> tuple[IntArray, BoolArray]:
    answer = tree.query(targets, k=list(range(1, breadth + 1)))
    distance, index = np.asarray(answer[0]), np.asarray(answer[1])
    keys = owners[:, None] * tree.n + index
    allowed = np.where(np.isin(keys, forbidden), np.inf, distance)
    best = allowed.min(axis=1)
    is_tied = (allowed <= best[:, None] + TOUCH_M) & np.isfinite(allowed)
    choice = np.where(is_tied, index, tree.n).min(axis=1)
    is_settled = (distance[:, -1] > best + TOUCH_M) | (breadth == tree.n)
    return np.where(choice < tree.n, choice, -1), is_settled
