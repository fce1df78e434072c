"""Which sums of levels are worth a place in the coarse space."""

from collections.abc import Sequence

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from clusterpanel.models.arrays import Floats, Integers, Levels

# Some levels, and the group each of them belongs to.
Grouping = tuple[Integers, Levels]


def groupings(
    own: sparse.csr_array,
    effect: Levels,
    number: Integers,
    factors: Sequence[Sequence[Levels]],
    bundle: Levels,
) -> list[Grouping]:
    """Return the ways levels are summed, those that matter most first.

    Connected levels of an effect (their sum is what the firms absorb), the values of each column of an effect
    of several columns (all regions' levels of one year are the year's effect), and the bundles.

    Parameters
    ----------
    own : csr_array, shape (levels, levels)
        The iterated levels' own matrix.
    effect, number : integer arrays, shape (levels,)
        Each level's effect, and its place in that effect.
    factors : for each effect the codes, level by level, of each of its columns
    bundle : integer array, shape (levels,)
    """
    everything = np.arange(len(effect))
    effects = int(effect.max(initial=-1)) + 1
    _, component = csgraph.connected_components(own, directed=False)
    found = [(everything, effect), (everything, (component * effects + effect).astype(np.int32))]
    for place, codes_of_columns in enumerate(factors):
        levels = np.flatnonzero(effect == place)
        columns = sorted(codes_of_columns, key=lambda codes: int(codes.max(initial=0)))
        found += [(levels, codes[number[levels]]) for codes in columns]
    return [*found, (everything, bundle)]


def sums_of_levels(root: Floats, groups: Sequence[Grouping], most: int) -> sparse.csr_array:
    """Return indicators of groups of levels as columns of norm 1 in the scaled system.

    Parameters
    ----------
    root : float array, shape (levels,)
        The root of each level's diagonal, which turns a sum of levels into one of scaled levels.
    groups : sequence of Grouping
    most : int
        Groups beyond this number, and those of a single level, are left out.
    """
    columns = []
    for levels, group in groups:
        shape = (len(root), int(group.max(initial=-1)) + 1)
        columns.append(sparse.csc_array((root[levels], (levels, group)), shape=shape))
    sums = sparse.hstack(columns, format="csc")
    sums = sums[:, np.flatnonzero(np.diff(sums.indptr) > 1)[:most]]
    norms = np.sqrt(np.asarray(sums.multiply(sums).sum(axis=0)).ravel())
    return sparse.csr_array(sums @ sparse.diags_array(1.0 / norms))
