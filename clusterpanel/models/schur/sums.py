"""Which sums of levels are worth a place in the coarse space."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from clusterpanel.models.arrays import Floats, Integers, Levels

# Some levels, and the group each of them belongs to.
Grouping = tuple[Integers, Levels]


class IteratedLevels(NamedTuple):
    """What is known of the levels that are iterated on, each array of shape (levels,).

    Attributes
    ----------
    effect, number : integer arrays
        Each level's effect, and its place in that effect.
    linked : integer array
        See `linked_levels`.
    root : float array
        The root of each level's diagonal, which turns a sum of levels into one of scaled levels.
    """

    effect: Levels
    number: Integers
    linked: Levels
    root: Floats


def groupings_across(here: IteratedLevels) -> list[Grouping]:
    """Return the sums of levels that eliminated effects add up to as well.

    These are all levels of an effect, and those that rows link by way of other effects (all regions' levels
    of one year, which are all industries').
    """
    everything = np.arange(len(here.effect))
    effects = int(here.effect.max(initial=-1)) + 1
    return [(everything, here.effect), (everything, here.linked * effects + here.effect)]


def groupings_within(
    own: sparse.csr_array, here: IteratedLevels, factors: Sequence[Sequence[Levels]], bundle: Levels
) -> list[Grouping]:
    """Return the sums of levels within an effect, those that matter most first.

    Connected levels (their sum is what the firms absorb), the values of each column of an effect of several
    columns, and the bundles.

    Parameters
    ----------
    own : csr_array, shape (levels, levels)
        The iterated levels' own matrix.
    here : IteratedLevels
    factors : for each effect the codes, level by level, of each of its columns
    bundle : integer array, shape (levels,)
    """
    effect, everything = here.effect, np.arange(len(here.effect))
    effects = int(effect.max(initial=-1)) + 1
    _, component = csgraph.connected_components(own, directed=False)
    found = [(everything, (component * effects + effect).astype(np.int32))]
    for place, codes_of_columns in enumerate(factors):
        levels = np.flatnonzero(effect == place)
        columns = sorted(codes_of_columns, key=lambda codes: int(codes.max(initial=0)))
        found += [(levels, codes[here.number[levels]]) for codes in columns]
    return [*found, (everything, bundle)]


def linked_levels(upper: sparse.csr_array, effect: Levels) -> Levels:
    """Return the component of each level when levels of two effects are linked by the rows they share.

    Only such rows make an entry positive. Under loads, which have signs, the components are a guess.

    Parameters
    ----------
    upper : csr_array, shape (levels, levels)
    effect : integer array, shape (levels,)
    """
    entries = upper.tocoo()
    is_link = (effect[entries.row] != effect[entries.col]) & (entries.data > 0)
    rows, columns = entries.row[is_link], entries.col[is_link]
    links = sparse.coo_array((np.ones(len(rows), dtype=np.int8), (rows, columns)), shape=upper.shape)
    _, component = csgraph.connected_components(links.tocsr(), directed=False)
    return np.asarray(component, dtype=np.int32)


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
