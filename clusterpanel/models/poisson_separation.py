"""Rows of a Poisson regression that are fitted perfectly at 0: its likelihood has no top until they are gone.

Correia, Guimaraes and Zylkin (2021, "Verifying the existence of maximum likelihood estimates for generalized
linear models"): a row with outcome 0 is separated if some sum z of regressors and effects is 0 in every row
whose outcome is not 0, is nowhere below 0, and is above 0 in that row. Sums that are 0 where the outcome is
not are the null space of those rows' moments. Mostly it has no more dimensions than there are sums known to
be 0 in every row, which proves that no row is separated and ends the search. Otherwise what is left is a
linear program in as many unknowns as the space has dimensions.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from clusterpanel.engine.local import run_fold
from clusterpanel.errors import SpecError
from clusterpanel.models.absorb import CONSTANT
from clusterpanel.models.arrays import ArrayBlock, Flags, Floats, ModelSource
from clusterpanel.models.dense_moments import RowsOfFirms
from clusterpanel.models.dense_split import take_out_weighted
from clusterpanel.models.glm_start import batches_of
from clusterpanel.models.null_space import null_regressors, null_space
from clusterpanel.models.separating_sum import separating_sum
from clusterpanel.models.separation_folds import GatherFold, OutcomeFold, PositiveFold

# A coefficient this small beside the largest is 0.
ZERO = 1e-8


@dataclass(frozen=True)
class Separation:
    """Which rows are separated, and by what.

    Attributes
    ----------
    rows : flags, shape (rows,)
    by_level : mapping of effect name to (rows, levels)
        Levels, firms among them, in which every outcome is 0; a row counts where it falls first.
    by_combination : int
        Further rows, separated by a sum of regressors and effects.
    regressors, effects : tuple of str
        What those sums are made of, the firm's effects and the constant left unsaid.
    certificate : float array, shape (rows,)
        The sum z: 0 where the outcome is not 0, positive in the rows `by_combination`; 0 elsewhere. Rows
        `by_level` have infinity.
    """

    rows: Flags
    by_level: Mapping[str, tuple[int, int]]
    by_combination: int
    regressors: tuple[str, ...]
    effects: tuple[str, ...]
    certificate: Floats


def find_separated(source: ModelSource, threads: int = 1) -> Separation:
    """Return the separated rows of a Poisson regression.

    Parameters
    ----------
    source : ModelSource
        One outcome, nowhere negative.
    threads : int

    Raises
    ------
    SpecError
        Firms have slopes of their own, whose separation is not looked for.
    """
    if source.firm_slopes_count:
        raise SpecError(
            f"a Poisson regression with slopes of each {source.firm_name}'s own is not to be had",
            hint="Absorb the firm's effect alone, or use least squares.",
        )
    batches = batches_of(source)
    sums = run_fold(OutcomeFold(sum(source.effect_levels)), batches(), threads)
    lost, by_level, least = rows_of_empty_levels(source, sums.levels, batches())
    fold = PositiveFold(source.absorbs_firm, lost, sums.centre(source), len(source.names), len(sums.levels))
    positive = run_fold(fold, batches(), threads)
    absorbed = take_out_weighted(
        positive.moments, source.effect_levels, source.effect_factors, np.sqrt(positive.squares)
    )
    null = null_regressors(absorbed.rest, positive.squares + 1e-8 * sums.squares)
    z = np.zeros(source.rows)
    regressors: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()
    if null.shape[1] or int((sums.levels > 0).sum()) - absorbed.rank > least:
        moments = run_fold(fold, batches(), threads).moments
        vectors = null_space(source, absorbed, moments, sums.squares, null)
        if vectors.shape[1]:
            found = run_fold(GatherFold(vectors, fold), source.blocks(), threads)
            z[found.rows], loading = separating_sum(found)
            regressors, effects = _names_of(source, vectors @ loading, sums.squares)
    separated = z > 0
    z[lost] = np.inf
    return Separation(lost | separated, by_level, int(separated.sum()), regressors, effects, z)


def rows_of_empty_levels(
    source: ModelSource, sums: Floats, batches: Iterable[Sequence[RowsOfFirms]]
) -> tuple[Flags, dict[str, tuple[int, int]], int]:
    """Return the rows in levels whose outcome is 0 throughout, and each effect's number of rows and levels.

    One round is enough: the rows that go have outcome 0, so that no other level's sum changes.

    Parameters
    ----------
    source : ModelSource
    sums : float array, shape (levels,)
        The outcome's sum in each level of the effects but the firm's.
    batches : iterable of the source's blocks, some at a time

    Returns
    -------
    flags, shape (rows,)
    dict of effect name to (rows, levels)
    int
        The dimension, or less, of the sums of effects that are 0 in every row that is left: with firms
        absorbed, each effect has one for every set of its levels that firms' moves connect. -1 where it is
        not known.
    """
    from clusterpanel.models import separation_kernels

    lost = np.zeros(source.rows, dtype=np.bool_)
    kinds = len(source.effect_names)
    counts = np.zeros((kinds + 1, 2), dtype=np.int64)
    is_empty, loaded = sums == 0, np.zeros(kinds, dtype=np.bool_)
    holder = np.arange(len(sums))
    for block, _ in chain.from_iterable(batches):
        there = lost[block.first_row : block.first_row + block.rows]
        if source.absorbs_firm:
            counts[0] += separation_kernels.mark_empty_firms(block.values[0], block.starts, there)
        for kind in range(kinds):
            loaded[kind] |= _is_loaded(block, kind)
            if not loaded[kind] and is_empty.any():
                fresh: Flags = is_empty[block.effects[:, kind]] & ~there
                there |= fresh
                counts[kind + 1, 0] += fresh.sum()
        if source.absorbs_firm:
            separation_kernels.connect_levels(block.effects, block.starts, there, holder)
    borders = np.cumsum([0, *source.effect_levels])
    for kind in range(kinds):
        levels = is_empty[borders[kind] : borders[kind + 1]]
        counts[kind + 1, 1] = 0 if loaded[kind] else levels.sum()
    names = [source.firm_name, *source.effect_names]
    used = range(0 if source.absorbs_firm else 1, kinds + 1)
    by_level = {names[place]: (int(counts[place, 0]), int(counts[place, 1])) for place in used}
    if loaded.any():
        return lost, by_level, -1
    sets = int((~is_empty & (holder == np.arange(len(sums)))).sum())
    return lost, by_level, sets if source.absorbs_firm else max(kinds - 1, 0)


def _is_loaded(block: ArrayBlock, kind: int) -> bool:
    """Say whether an effect is a slope: a level of zeros then separates only if its loads have one sign."""
    return bool(len(block.loads) and (block.loads[:, kind] != 1).any())


def _names_of(
    source: ModelSource, loading: Floats, squares: Floats
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the regressors and effects that a sum is made of."""
    levels = sum(source.effect_levels)
    size = np.abs(loading[levels:]) * np.sqrt(squares / source.rows)
    largest = np.abs(loading[:levels]).max(initial=0.0)
    bound = ZERO * max(float(size.max(initial=0.0)), float(largest))
    borders = np.cumsum([0, *source.effect_levels])
    effects = [
        name
        for kind, name in enumerate(source.effect_names)
        if np.abs(loading[borders[kind] : borders[kind + 1]]).max(initial=0.0) > bound
    ]
    pairs = zip(source.names, size, strict=True)
    names = [name for name, weight in pairs if weight > bound and name != CONSTANT]
    return tuple(names), tuple(effects)
