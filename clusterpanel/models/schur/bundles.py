"""Bundles: levels of one effect that hang together strongly, such as one region's years."""

import numpy as np
from scipy import sparse

from clusterpanel.models.arrays import Floats, Levels
from clusterpanel.models.schur.entries import entries_of

LARGEST_BUNDLE = 64
# Links weaker than this share of the stronger ones at both ends tie nothing together.
STRONG = 0.25
# Large beside a matrix whose diagonal is 1.
LIFT = 1e3


def bundle_levels(matrix: sparse.csr_array, effect: Levels) -> Levels:
    """Return the bundle of each level, joined along the strongest links first (Kruskal 1956).

    A firm that stays ties the years of its region, a firm that moves ties two regions: where few move, the
    former links are the strong ones, and the bundles are the regions.

    Parameters
    ----------
    matrix : csr_array, shape (levels, levels)
        Both triangles, diagonal 1.
    effect : integer array, shape (levels,)
        The effect each level belongs to; a bundle never has levels of two.
    """
    from clusterpanel.models.schur.kernels import join_levels, strongest_links

    strongest = strongest_links(entries_of(matrix), effect)
    upper = sparse.triu(matrix, 1).tocoo()
    link = np.abs(upper.data)
    weaker_end = np.minimum(strongest[upper.row], strongest[upper.col])
    is_strong = (link >= STRONG * weaker_end) & (effect[upper.row] == effect[upper.col]) & (link > 0)
    first, second, link = upper.row[is_strong], upper.col[is_strong], link[is_strong]
    # Ties are broken by the levels, so that the bundles do not depend on how the matrix was stored.
    order = np.lexsort((second, first, -link))
    return join_levels(first[order], second[order], len(effect), LARGEST_BUNDLE)


def lift_of_bundles(root: Floats, bundle: Levels) -> Floats:
    """Return what keeps the bundles' sums out of the bundles' own solutions, shape (levels,).

    Those sums are left to the coarse space; what both corrected would be corrected twice.

    Parameters
    ----------
    root : float array, shape (levels,)
        The root of each level's diagonal.
    bundle : integer array, shape (levels,)
    """
    norm = np.sqrt(np.bincount(bundle, weights=root**2))[bundle]
    is_alone = np.bincount(bundle)[bundle] == 1
    return np.where(is_alone, 0.0, np.sqrt(LIFT) * root / norm)
